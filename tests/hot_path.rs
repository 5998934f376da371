//! Heap allocations on the way of a span, counted: a request costs a few, a span none.
//!
//! Counts do not depend on the machine, so these are tests and not benches. The figures asserted are
//! those of a warm process; what a request allocates is its batch, whose vectors grow by doubling.

use allocation_counter::measure;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::price::PriceBook;
use tollgate::record::RecordBatch;
use tollgate::telemetry::Event;

use workload::{SPANS, Shape, Story, Traffic};

#[path = "../benches/workload/mod.rs"]
mod workload;

const START: u64 = 1_795_297_280_000_000_000;
const STEP_NANOS: u64 = 500_000_000;

fn read(vocabulary: &Vocabulary, reader: &Reader, bytes: &[u8]) -> RecordBatch {
    reader.read_protobuf(vocabulary, bytes).expect("valid")
}

/// Allocations of reading one request.
fn reading(shape: Shape) -> u64 {
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut traffic = Traffic::new(shape, &Story::default());
    read(&vocabulary, &reader, traffic.next());
    let bytes = traffic.next().to_vec();
    measure(|| drop(read(&vocabulary, &reader, &bytes))).count_total
}

#[test]
fn reading_spans_of_no_dialect_allocates_nothing_per_span() {
    let count = reading(Shape::Foreign);
    assert!(count <= 24, "{count} allocations for {SPANS} spans");
}

#[test]
fn reading_calls_allocates_nothing_per_span() {
    for shape in [Shape::Content, Shape::Lean, Shape::Mixed] {
        let count = reading(shape);
        assert!(count <= 64, "{shape:?}: {count} allocations for {SPANS} spans");
    }
}

/// Settled, priced, classified, counted, and another request to wait in its place: none a call. Memory of what came grows
/// with the traffic, in 256 parts, each now and then.
#[test]
fn a_call_is_counted_without_allocations() {
    const REQUESTS: u64 = 20;
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut traffic = Traffic::new(Shape::Lean, &Story::default());
    let book = PriceBook::new(&tollgate::price::PricesConfig::default()).expect("the embedded catalogue");
    let mut engine = Engine::new(EngineSettings::with_book(book));
    let mut now = START;
    let mut step = |measured: bool| {
        let batch = read(&vocabulary, &reader, traffic.next());
        now += STEP_NANOS;
        let work = || {
            engine.offer(batch, now, &mut |_| {});
            engine.tick(now, &mut |_| {});
        };
        if measured {
            measure(work).count_total
        } else {
            work();
            0
        }
    };
    for _ in 0..60 {
        step(false);
    }
    let counts: Vec<u64> = (0..REQUESTS).map(|_| step(true)).collect();
    let all = counts.iter().sum::<u64>();
    assert!(all * 16 < REQUESTS * SPANS as u64, "{counts:?} allocations for {SPANS} calls each");
    assert!(counts.iter().min().is_some_and(|&least| least * 32 < SPANS as u64), "{counts:?}");
}

/// The memory that is told of is the memory that is held.
#[test]
fn held_bytes_are_what_waiting_and_remembered_spans_take() {
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut traffic = Traffic::new(Shape::Lean, &Story::default());
    let book = PriceBook::new(&tollgate::price::PricesConfig::default()).expect("the embedded catalogue");
    let mut engine = Engine::new(EngineSettings::with_book(book));
    let (mut told, mut before) = ((0, 0), None);
    let taken = measure(|| {
        for step in 0..120 {
            let now = START + step * STEP_NANOS;
            engine.offer(read(&vocabulary, &reader, traffic.next()), now, &mut |_| {});
            engine.tick(now, &mut |event| {
                if let Event::SettleState { held_spans, held_bytes, .. } = event {
                    told = (*held_spans, *held_bytes);
                }
            });
            before.get_or_insert(told.1);
        }
    });
    let (spans, told) = (told.0, (told.1 - before.unwrap_or(0)) as f64);
    let taken = taken.bytes_current as f64;
    assert!((0.75..1.33).contains(&(told / taken)), "told {told}, taken {taken}, {spans} spans wait");
}
