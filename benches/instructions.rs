//! Instructions that a span costs on the hot path, counted by valgrind and held to a bound of 3 % more.
//!
//! `make instructions` fails when a stage costs more than [`BOUNDS`] allows. Counts do not depend on load or
//! clock, but on compiler, profile and processor: the bounds are of rustc 1.95 on x86-64, without link-time
//! optimisation, so that a change is counted in a minute. What became cheaper lowers its bound in the same
//! change. Where valgrind is missing nothing is counted, and that is said.

#![allow(clippy::print_stdout, reason = "a bench tells a person")]

use std::hint::black_box;
use std::process::{Command, ExitCode};

use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::otlp::{self, Attribute, Fault, SpanHeader, Value, Visitor};
use tollgate::price::PriceBook;

use workload::{SPANS, Shape, Story, Traffic};

mod workload;

/// Instructions a span, by stage and shape.
const BOUNDS: [(Stage, Shape, u64); 10] = [
    (Stage::Walk, Shape::Content, 2_164),
    (Stage::Walk, Shape::Lean, 1_899),
    (Stage::Walk, Shape::Mixed, 1_520),
    (Stage::Read, Shape::Content, 5_083),
    (Stage::Read, Shape::Lean, 4_479),
    (Stage::Read, Shape::Mixed, 3_130),
    (Stage::Whole, Shape::Content, 12_900),
    (Stage::Whole, Shape::Lean, 12_300),
    (Stage::Whole, Shape::Mixed, 4_600),
    (Stage::Pair, Shape::Lean, 11_800),
];
const ALLOWED_PERCENT: u64 = 3;
/// Requests until all is warm, and how many more are counted.
const WARM: u64 = 24;
const COUNTED: u64 = 24;

const START: u64 = 1_795_297_280_000_000_000;
const STEP_NANOS: u64 = 500_000_000;

/// How far a request goes.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Over the bytes, to a visitor that wants nothing.
    Walk,
    /// To what the engine takes.
    Read,
    /// Until its calls are counted.
    Whole,
    /// The same where two instrumentations write for every call.
    Pair,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, row, requests] = &arguments[..]
        && flag == "--count"
    {
        let (stage, shape, _) = BOUNDS[row.parse::<usize>().expect("a row")];
        run(stage, shape, requests.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: instructions are not counted");
        return ExitCode::SUCCESS;
    }
    let mut held = true;
    println!("instructions a span      counted      bound");
    for (row, (stage, shape, bound)) in BOUNDS.into_iter().enumerate() {
        let more = instructions(row, WARM + COUNTED).saturating_sub(instructions(row, WARM));
        let spans = if matches!(stage, Stage::Pair) { 2 * SPANS } else { SPANS };
        let counted = more / (COUNTED * spans as u64);
        let within = counted * 100 <= bound * (100 + ALLOWED_PERCENT);
        held &= within;
        let name = format!("{stage:?} {shape:?}");
        println!("{name:<20} {counted:>11} {bound:>10}{}", if within { "" } else { "  too many" });
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Instructions of a run of its own with this many requests.
fn instructions(row: usize, requests: u64) -> u64 {
    let program = std::env::current_exe().expect("a path");
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args(["--count", &row.to_string(), &requests.to_string()])
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| line.contains("refs:"));
    let digits = line.and_then(|line| line.rsplit(':').next()).unwrap_or_default().replace(',', "");
    digits.trim().parse().unwrap_or_else(|_| panic!("valgrind said no count: {said}"))
}

fn run(stage: Stage, shape: Shape, requests: u64) {
    let instrumentations = if matches!(stage, Stage::Pair) { 2 } else { 1 };
    let mut traffic = Traffic::new(shape, &Story { instrumentations, ..Story::default() });
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut engine = matches!(stage, Stage::Whole | Stage::Pair).then(|| {
        let book = PriceBook::new(&Default::default()).expect("the embedded catalogue");
        Engine::new(EngineSettings::with_book(book))
    });
    for step in 0..requests {
        let bytes = black_box(traffic.next());
        if matches!(stage, Stage::Walk) {
            otlp::walk(bytes, &mut Deaf).expect("valid");
            continue;
        }
        let batch = black_box(reader.read_protobuf(&vocabulary, bytes).expect("valid"));
        if let Some(engine) = &mut engine {
            let now = START + step * STEP_NANOS;
            engine.offer(batch, now, &mut |_| {});
            engine.tick(now, &mut |_| {});
        }
    }
}

/// Wants nothing.
struct Deaf;

impl<'a> Visitor<'a> for Deaf {
    fn resource(&mut self) {}
    fn resource_attribute(&mut self, _: &'a str, _: Value<'a>) {}
    fn scope(&mut self, _: &'a str, _: &'a str) {}
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        black_box(attribute);
        Ok(())
    }
    fn event(&mut self, _: &'a str, _: u64) -> bool {
        false
    }
    fn event_attribute(&mut self, _: Attribute<'a>) -> Result<(), Fault> {
        Ok(())
    }
    fn span(&mut self, header: &SpanHeader<'a>) {
        black_box(header);
    }
    fn malformed_span(&mut self, _: Fault) {}
}
