//! What an adversary can send costs in proportion to its length: instructions are counted, not time.
//!
//! Each shape is played to the settler in a process of its own under callgrind, at n and at 2n spans; the second may
//! cost at most 2.3 times the first, what both share (the start of the process) taken off. Where valgrind is missing
//! the test says so and passes.

#![allow(clippy::print_stdout, reason = "the counts are worth reading")]

mod world;

use std::process::Command;

use tollgate::settle::SettleSettings;

use world::{SECOND, Sketch, Told, What};

const SMALL: u64 = 300;

/// Name, and the spans of size n with the pace at which they come, one a request.
type Shape = (&'static str, fn(u64) -> Vec<Sketch>, u64);

const SHAPES: &[Shape] = &[
    ("lone calls", lone, SECOND / 100),
    ("one trace that trickles", one_trace, SECOND / 100),
    ("one trace at once", one_trace, 0),
    ("two clusters of scopes, one scope in common", clusters, 0),
    ("one id for all", one_id, SECOND / 1000),
    ("one id for all, at once", one_id, 0),
    ("a chain of parents", chain, 0),
    ("parents in circles", circles, 0),
    ("a service of many scopes", scopes, 0),
    ("agents in a chain", agents, 0),
    ("look-alikes of two scopes", look_alikes, 0),
    ("silent look-alikes", silent, 0),
    ("requests without ancestry", requests, 0),
];

fn many(count: u64, make: impl Fn(u64, &mut Sketch)) -> Vec<Sketch> {
    let one = |id| {
        let mut sketch = Sketch::call(id);
        make(id, &mut sketch);
        sketch
    };
    (1..=count).map(one).collect()
}

fn lone(count: u64) -> Vec<Sketch> {
    many(count, |_, _| {})
}

fn one_trace(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        (sketch.trace, sketch.time) = (1, (id * 10, id * 10 + 9));
        sketch.usage = Some((id as i64, 5));
    })
}

fn clusters(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        sketch.trace = 1;
        sketch.scope = format!("scope-{}", if id == count { count / 2 } else { id });
    })
}

fn one_id(count: u64) -> Vec<Sketch> {
    many(count, |_, sketch| sketch.answer = 7)
}

fn chain(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| (sketch.trace, sketch.parent) = (1, id - 1))
}

fn circles(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| (sketch.trace, sketch.parent) = (1, if id % 50 == 0 { id - 49 } else { id + 1 }))
}

fn scopes(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| sketch.scope = format!("scope-{id}"))
}

fn agents(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        (sketch.what, sketch.trace, sketch.parent) = (What::Agent, 1, id - 1);
    })
}

fn look_alikes(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        if id > count / 2 {
            sketch.scope = "openinference.instrumentation.openai".into();
        }
    })
}

fn silent(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        sketch.usage = None;
        if id > count / 2 {
            sketch.scope = "opentelemetry.instrumentation.langchain".into();
        }
    })
}

fn requests(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        if id > count / 2 {
            sketch.what = What::Request;
            sketch.scope = "opentelemetry.instrumentation.httpx".into();
        }
    })
}

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
