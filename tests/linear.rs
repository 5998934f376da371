//! What an adversary can send costs in proportion to its length: instructions are counted, not time.
//!
//! Each shape is played to the settler in a process of its own under callgrind, at n and at 2n spans; the second may
//! cost at most 2.3 times the first, what both share (the start of the process) taken off. Where valgrind is missing
//! the test says so and passes.

#![allow(clippy::print_stdout, reason = "the counts are worth reading")]

mod world;

use std::process::Command;

use tollgate::settle::SettleSettings;

use world::Told;
use world::shapes::SHAPES;

const SMALL: u64 = 300;

/// Plays one shape; run in a process of its own.
#[test]
#[ignore = "is run under callgrind by the other test"]
fn play() {
    let name = std::env::var("SHAPE").expect("a shape");
    let count = std::env::var("COUNT").expect("a count").parse().expect("a number");
    let (_, make, pace) = SHAPES.iter().find(|(shape, ..)| *shape == name).expect("a known shape");
    let mut told = Told::new(SettleSettings::default());
    for sketch in make(count) {
        told.offer(&[sketch], *pace);
    }
    let story = told.finish();
    assert!(!story.calls.is_empty());
}

fn instructions(shape: &str, count: u64) -> Option<u64> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["play", "--exact", "--ignored", "--test-threads=1"])
        .envs([("SHAPE", shape), ("COUNT", &count.to_string())])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{shape}: {said}");
    let line = said.lines().find(|line| line.contains("Collected : "))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn work_grows_with_the_number_of_spans_and_no_faster() {
    let counted: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> =
            SHAPES.iter().map(|(shape, ..)| scope.spawn(move || (*shape, growth(shape)))).collect();
        running.into_iter().map(|shape| shape.join().expect("a shape is played")).collect()
    });
    let mut slow = Vec::new();
    for (shape, growth) in counted {
        let Some((each, ratio)) = growth else {
            println!("valgrind is not installed: nothing was counted");
            return;
        };
        println!("{shape}: {each} instructions a span, at twice the spans {ratio:.2} times");
        if ratio > 2.3 {
            slow.push(format!("{shape}: {ratio:.2}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Instructions a span, and how many times as many twice the spans need.
fn growth(shape: &str) -> Option<(u64, f64)> {
    let count = |spans| instructions(shape, spans);
    let (none, one, two) = (count(2)?, count(SMALL)?, count(2 * SMALL)?);
    Some(((one - none) / SMALL, (two - none) as f64 / (one - none) as f64))
}
