//! The table of `docs/performance.md`, measured: `make bench`, or one row: `cargo bench --bench speed -- ROW`.
//!
//! Rows are ratios within one run: the two sides alternate in one process, or run pinned to a core each. Times
//! are of the CPU, not of the wall, where one thread does the work. Every row prints `name<TAB>value`; which row is
//! being measured is told beside. With `SHORT=1` everything runs once and briefly, to see that it runs.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::process::Command;

#[path = "../baseline/mod.rs"]
mod baseline;
mod hostile;
mod in_process;
mod loopback;
mod memory;
mod scrape;
#[path = "../workload/mod.rs"]
mod workload;
#[path = "../../tests/world/mod.rs"]
mod world;

/// Rows, in the order of the table; each runs in a process of its own.
const ROWS: [&str; 11] = [
    "in-process Content",
    "in-process Lean",
    "in-process Mixed",
    "two-cores",
    "scrape",
    "memory",
    "hostile",
    "allocations",
    "grpc Content",
    "grpc Lean",
    "grpc Mixed",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => all(),
        ["in-process", shape] => in_process::row(workload::Shape::named(shape)),
        ["two-cores"] => in_process::two_cores(),
        ["pipeline"] => in_process::pipeline(),
        ["scrape"] => scrape::row(),
        ["memory"] => memory::row(),
        ["hostile"] => hostile::row(),
        ["allocations"] => hostile::allocations(),
        ["grpc", shape] => loopback::row(shape, workload::SPANS),
        ["one-span"] => loopback::row("Lean", 1),
        ["sink"] => loopback::sink(),
        ["load", address, shape, spans] => loopback::load(address, shape, spans.parse().expect("a number")),
        other => panic!("no such row: {other:?}"),
    }
}

fn all() {
    let stopwatch = tollgate::clock::Stopwatch::start();
    for row in ROWS.iter().copied().chain(["one-span"]) {
        eprintln!("{:4.0} s  {row}", stopwatch.seconds());
        let status = itself(row).status().expect("runs");
        assert!(status.success(), "{row} failed");
    }
    eprintln!("{:4.0} s", stopwatch.seconds());
}

/// So many, or few where only the run itself is tried.
fn unless_short<T>(all: T, few: T) -> T {
    if std::env::var_os("SHORT").is_some() { few } else { all }
}

/// This program with other arguments.
fn itself(arguments: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(arguments.split(' '));
    command
}

/// This program on some cores only.
fn pinned(cores: &str, program: &std::path::Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// A row of the table.
fn tell(name: &str, value: impl std::fmt::Display) {
    println!("{name}\t{value}");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
