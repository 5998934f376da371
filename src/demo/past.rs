//! What the made-up company did before the demo began: a past for its ledger, with a reason why this month is dearer.
//!
//! In: a seed, and hours in order. Out: export requests of a sample of the calls of an hour, each of which stands for
//! [`STANDS_FOR`]. It knows no ledger.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use prost::Message as _;

use super::call::Call;
use super::calls::Calls;
use super::random::Random;
use super::spans::Writer;
use super::{Options, by_sender, resource};

/// How many calls a call of the past stands for.
pub const STANDS_FOR: u64 = 960;

const HOUR_SECONDS: f64 = 3600.0;
const HOUR_NANOS: u64 = 3_600_000_000_000;
/// Part of the usual traffic by UTC hour of the day; 1 on average.
const BY_HOUR: [f64; 24] = [
    0.4, 0.35, 0.3, 0.3, 0.35, 0.5, 0.8, 1.1, 1.4, 1.6, 1.6, 1.5, 1.4, 1.5, 1.6, 1.6, 1.5, 1.4, 1.2, 1.0,
    0.8, 0.7, 0.6, 0.5,
];
/// Part of the usual traffic on a Saturday or Sunday.
const WEEKEND: f64 = 0.5;
/// The day of 1970-01-01, a Thursday, counted from Monday.
const FIRST_WEEKDAY: u32 = 3;

/// What was different until so many days ago. Data.
struct Before {
    service: &'static str,
    days_ago: u32,
    /// Part of the present calls.
    calls: f64,
    /// Part of the present prompt.
    prompt: f64,
}

/// Why the company spends more than it did: prompts of one service grew, another service is new, a third has more users.
const BEFORE: &[Before] = &[
    Before { service: "code-reviewer", days_ago: 12, calls: 1.0, prompt: 0.4 },
    Before { service: "research-agent", days_ago: 9, calls: 0.0, prompt: 1.0 },
    Before { service: "storefront-assistant", days_ago: 20, calls: 0.7, prompt: 1.0 },
];

/// Makes the calls of past hours.
#[derive(Debug)]
pub struct Past {
    calls: Calls,
    random: Random,
}

impl Past {
    /// The same seed has the same past.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let options = Options {
            seed: !seed.rotate_left(16),
            speed: 1.0 / STANDS_FOR as f64,
            failing: Vec::new(),
            failing_after_seconds: 0.0,
            failing_for_seconds: 0.0,
        };
        Self { calls: Calls::new(options), random: Random::new(seed.rotate_left(48)) }
    }

    /// The requests of an hour since the Unix epoch, `hours_ago` before now, as protobuf.
    pub fn hour(&mut self, hour: u32, hours_ago: u32) -> Vec<Vec<u8>> {
        let before = |service: &str| {
            BEFORE.iter().find(|it| it.service == service && hours_ago > it.days_ago * 24).unwrap_or(&USUAL)
        };
        let pace = pace(hour);
        let mut calls = self.calls.ordinary(HOUR_SECONDS, |service| pace * before(service.name).calls);
        for call in &mut calls {
            let part = before(call.service.name).prompt;
            shorten(call, part);
        }
        let end_unix_nano = u64::from(hour) * HOUR_NANOS + HOUR_NANOS / 2;
        let mut writer = Writer { random: &mut self.random, end_unix_nano };
        let by_sender = by_sender(&calls, &mut writer).into_iter();
        by_sender
            .map(|(sender, spans)| {
                let resource = ResourceAttributesWithSchema::from(&resource(&sender));
                let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
                ExportTraceServiceRequest { resource_spans }.encode_to_vec()
            })
            .collect()
    }
}

/// As it is now.
const USUAL: Before = Before { service: "", days_ago: 0, calls: 1.0, prompt: 1.0 };

fn pace(hour: u32) -> f64 {
    let weekday = (hour / 24 + FIRST_WEEKDAY) % 7;
    BY_HOUR[(hour % 24) as usize] * if weekday >= 5 { WEEKEND } else { 1.0 }
}

fn shorten(call: &mut Call, part: f64) {
    if let Some(usage) = &mut call.usage {
        for count in [&mut usage.input, &mut usage.cache_read, &mut usage.cache_write] {
            *count = (*count as f64 * part) as u64;
        }
    }
}
