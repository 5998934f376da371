//! The engine as a whole: spans in, documents out, with clocks that the test sets.

mod world;

use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::expose::text::Format;
use tollgate::price::PriceBook;
use tollgate::telemetry;

use world::{SECOND, Sketch, read};

const DAY: u64 = 86_400 * SECOND;
/// Some moment of engine time.
const START: u64 = 10 * DAY;

struct Told {
    engine: Engine,
    reader: Reader,
    vocabulary: Vocabulary,
}

impl Told {
    fn new() -> Self {
        let book = PriceBook::new(&Default::default()).expect("the embedded catalogue");
        let mut settings = EngineSettings::with_book(book);
        settings.aggregate.hold_nanos = Some(0);
        let engine = Engine::new(settings);
        Self { engine, reader: Reader::default(), vocabulary: Vocabulary::new(&[]) }
    }

    /// One that estimates what there was, or does not.
    fn estimating(estimates_sampled: bool) -> Self {
        let mut told = Self::new();
        let mut settings = EngineSettings::with_book(PriceBook::new(&Default::default()).expect("prices"));
        (settings.aggregate.hold_nanos, settings.aggregate.estimates_sampled) = (Some(0), estimates_sampled);
        told.engine = Engine::new(settings);
        told.reader = Reader::default().weighing(estimates_sampled);
        told
    }

    /// The same way as the server's: patterns are learned.
    fn offer_bytes(&mut self, sketches: &[Sketch], now: u64) {
        let batch = self.reader.read_protobuf(&self.vocabulary, &world::request(sketches)).expect("valid");
        self.engine.offer(batch, now, &mut |_| {});
    }

    fn offer(&mut self, sketches: &[Sketch], now: u64) {
        let batch = read(&self.reader, &self.vocabulary, sketches);
        self.engine.offer(batch, now, &mut |_| {});
    }

    fn tick(&mut self, now: u64) {
        self.engine.tick(now, &mut |_| {});
    }

    /// The sum of a family's samples that have this in their labels, as the second reader sees it.
    fn sum(&mut self, family: &str, label: &str, now: u64) -> f64 {
        drop(self.engine.view(now, telemetry::snapshot()));
        let view = self.engine.view(now + 60 * SECOND, telemetry::snapshot());
        let document = String::from_utf8(view.document(Format::Text)).expect("text");
        let samples = document.lines().filter_map(|line| line.strip_prefix(family));
        let samples = samples.filter(|rest| rest.starts_with(['{', ' ']) && rest.contains(label));
        samples.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

/// Scenario: the wall clock is set a day on, or back, while calls wait.
/// Guarantees: all are told after their five seconds, none sooner; no series and no call goes.
#[test]
fn a_step_of_a_day_loses_delays_and_expires_nothing() {
    for step in [DAY.cast_signed(), -DAY.cast_signed()] {
        let mut told = Told::new();
        let wall = |now: u64, step: i64| (1_760_000_000 * SECOND + now - START).wrapping_add_signed(step);
        told.engine.set_wall_clock(START, wall(START, 0));
        told.offer(&[Sketch::call(1)], START);
        let stepped = START + 2 * SECOND;
        told.engine.set_wall_clock(stepped, wall(stepped, step));
        told.offer(&[Sketch::call(2)], stepped);
        let mut calls_at = |seconds: u64| {
            let now = START + seconds * SECOND;
            told.engine.set_wall_clock(now, wall(now, step));
            told.tick(now);
            told.engine.table().state().call_series
        };
        assert_eq!([calls_at(4), calls_at(5)], [0, 1], "{step}");
        calls_at(7);
        let later = START + 3600 * SECOND;
        told.engine.set_wall_clock(later, wall(later, step));
        told.tick(later);
        assert_eq!(told.sum("llm_requests_total", "", later) as u64, 2, "{step}");
        assert_eq!(told.sum("tollgate_expired_call_series_total", "", later) as u64, 0, "{step}");
    }
}

/// Scenario: numbers that no call can have. Guarantees: the call is counted, its numbers never are, and it is said.
#[test]
fn nothing_absurd_is_added() {
    let week = 7 * 86_400 * 1000;
    let cases = [
        ("impossible_tokens", Sketch { usage: Some((2_000_000_000, 5)), ..Sketch::call(1) }),
        ("impossible_tokens", Sketch { usage: Some((i64::MAX, i64::MAX)), ..Sketch::call(1) }),
        ("impossible_time", Sketch { time: (1000, 1001 + week), ..Sketch::call(1) }),
        ("impossible_time", Sketch { time: (2000, 1000), ..Sketch::call(1) }),
    ];
    for (reason, sketch) in cases {
        let mut told = Told::new();
        told.offer(std::slice::from_ref(&sketch), START);
        told.tick(START + 5 * SECOND);
        let now = START + 10 * SECOND;
        let mut sum = |family, label| told.sum(family, label, now) as u64;
        assert_eq!(sum("llm_requests_total", ""), 1, "{sketch:?}");
        assert_eq!(sum("llm_suspicious_usage_total", reason), 1, "{sketch:?}");
        if reason == "impossible_tokens" {
            assert_eq!(sum("llm_tokens_total", ""), 0, "{sketch:?}");
            assert_eq!(sum("llm_cost_usd_total", ""), 0, "{sketch:?}");
        } else {
            assert_eq!(sum("llm_request_duration_seconds_count", ""), 0, "{sketch:?}");
        }
    }
}

/// Calls of a whole trace, of one in four, of one in ten and a failure of one in two, six times each, so that their
/// patterns and shapes are known.
fn sampled_calls(told: &mut Told) -> u64 {
    for round in 0..6 {
        let call = |place: u64| Sketch::call(1 + round * 10 + place);
        let sketches = [
            call(0),
            Sketch { trace_state: "rojo=1,ot=rv:abc;th:c", ..call(1) },
            Sketch { rate: Some(("SampleRate", 10.0)), ..call(2) },
            Sketch { trace_state: "ot=th:8", failed: true, usage: None, ..call(3) },
        ];
        told.offer_bytes(&sketches, START + round * SECOND);
        told.tick(START + round * SECOND);
    }
    told.tick(START + 20 * SECOND);
    START + 30 * SECOND
}

/// Guarantees: every call is added as often as it stands for, in families of their own; the exact ones, and what the ledger
/// sums, are those of the calls that came.
#[test]
fn estimates_weigh_calls_and_nothing_exact() {
    let mut told = Told::estimating(true);
    let now = sampled_calls(&mut told);
    let mut sum = |family, label| told.sum(family, label, now);
    let close = |left: f64, right: f64| (left - right).abs() < 1e-9;
    assert_eq!(sum("llm_requests_total", "") as u64, 24);
    assert_eq!(sum("llm_tokens_total", "") as u64, 6 * 3 * 15);
    assert_eq!(sum("llm_estimated_requests_total", "error_class=\"none\"") as u64, 6 * (1 + 4 + 10));
    assert_eq!(sum("llm_estimated_requests_total", "") as u64, 6 * (1 + 4 + 10 + 2));
    assert_eq!(sum("llm_estimated_request_tokens_total", "type=\"output\"") as u64, 6 * (1 + 4 + 10) * 5);
    let (exact, estimated) = (sum("llm_cost_usd_total", ""), sum("llm_estimated_request_cost_usd_total", ""));
    assert!(exact > 0.0 && close(estimated, exact * 5.0), "{estimated} of {exact}");
    assert!(close(sum("llm_spend_day_usd", ""), exact), "the ledger");
}

/// Guarantees: by default nothing is estimated.
#[test]
fn nothing_is_estimated_unasked() {
    let mut told = Told::estimating(false);
    let now = sampled_calls(&mut told);
    assert_eq!(told.sum("llm_requests_total", "", now) as u64, 24);
    assert_eq!(told.sum("llm_estimated_requests_total", "", now) as u64, 0);
}
