//! What an adversary's requests cost, and what an everyday one allocates.

use allocation_counter::measure;
use cpu_time::ThreadTime;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::price::PriceBook;
use tollgate::settle::SettleSettings;

use super::tell;
use super::workload::{SPANS, Shape, Story, Traffic};
use super::world::request;
use super::world::shapes::SHAPES;

const SPANS_OF_A_SHAPE: u64 = 4000;
const ROUNDS: usize = 3;
const START: u64 = 1_795_297_280_000_000_000;

/// CPU of reading and settling one request of each shape, for each started MiB; the dearest is told.
pub(crate) fn row() {
    let mut worst = (0.0, "");
    for (name, make, _) in SHAPES {
        let bytes = request(&make(SPANS_OF_A_SHAPE));
        let ms = (0..ROUNDS).map(|_| milliseconds(&bytes)).fold(f64::INFINITY, f64::min);
        let part = ms / bytes.len().div_ceil(1 << 20) as f64;
        println!("# hostile, {name}: {part:.1} ms of CPU a started MiB");
        worst = if part > worst.0 { (part, name) } else { worst };
    }
    tell("hostile request, settling included: ms of CPU a started MiB", format!("{:.1}", worst.0));
}

fn engine() -> Engine {
    let book = PriceBook::new(&Default::default()).expect("the embedded catalogue");
    let mut settings = EngineSettings::with_book(book);
    settings.settle = SettleSettings { most_bytes: 8 << 30, ..SettleSettings::default() };
    Engine::new(settings)
}

fn milliseconds(bytes: &[u8]) -> f64 {
    let (vocabulary, reader, mut engine) = (Vocabulary::new(&[]), Reader::default(), engine());
    let timer = ThreadTime::now();
    let batch = reader.read_protobuf(&vocabulary, bytes).expect("valid");
    engine.offer(batch, START, &mut |_| {});
    engine.finish(START, &mut |_| {});
    timer.elapsed().as_secs_f64() * 1e3
}

/// Heap allocations of a request of known series, from bytes to counted calls, for a span.
pub(crate) fn allocations() {
    let (vocabulary, reader, mut engine) = (Vocabulary::new(&[]), Reader::default(), engine());
    let mut traffic = Traffic::new(Shape::Lean, &Story::default());
    let mut least = u64::MAX;
    for step in 0..80 {
        let now = START + step * 500_000_000;
        let bytes = traffic.next().to_vec();
        let count = measure(|| {
            engine.offer(reader.read_protobuf(&vocabulary, &bytes).expect("valid"), now, &mut |_| {});
            engine.tick(now, &mut |_| {});
        });
        least = least.min(count.count_total);
    }
    tell("heap allocations a span, known series", least / SPANS as u64);
}
