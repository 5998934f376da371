//! The outcome is a function of the set: whatever the order, the pace and the memory, the same spans tell of the
//! same calls.
//!
//! Worlds are small and random: services, scopes, answers, agents, requests, plain spans between them, parents in
//! circles. What matters is not what they are but that five orders of arrival make one story of them.

mod world;

use tollgate::settle::{Secret, SettleSettings};

use world::{Chance, SECOND, Sketch, Story, Told, What};

const SCOPES: [&str; 6] = [
    "opentelemetry.instrumentation.openai_v2",
    "openinference.instrumentation.openai",
    "opentelemetry.instrumentation.langchain",
    "com.anthropic.sdk.python",
    "litellm",
    "pydantic-ai",
];

/// A world of so many spans.
fn world(chance: &mut Chance, spans: u64, circles: bool) -> Vec<Sketch> {
    let traces = 1 + chance.below(3 + spans / 16);
    let mut made: Vec<Sketch> = Vec::new();
    for id in 1..=spans {
        let start = 1000 + chance.below(400);
        let what = match chance.below(10) {
            0..=5 => What::Call,
            6 => What::Agent,
            7 | 8 => What::Request,
            _ => What::Plain,
        };
        let (trace, scope) = (1 + chance.below(traces), chance.below(6));
        let parent = if circles { chance.below(spans + 1) } else { chance.below(id) };
        made.push(Sketch {
            what,
            id,
            parent: if parent == id { 0 } else { parent },
            trace,
            service: chance.below(3),
            scope: if what == What::Request {
                "opentelemetry.instrumentation.httpx"
            } else {
                SCOPES[scope as usize]
            }
            .into(),
            answer: if chance.below(3) == 0 { 1 + chance.below(4) } else { 0 },
            usage: (chance.below(4) > 0).then(|| (10 + chance.below(3) as i64, 5)),
            time: (start, start + 5 + chance.below(200)),
            failed: chance.below(8) == 0,
            ..Sketch::call(id)
        });
    }
    // A parent is of its child's trace.
    for place in 0..made.len() {
        let parent = made[place].parent;
        if parent != 0 && made[parent as usize - 1].trace != made[place].trace {
            made[place].parent = 0;
        }
    }
    made
}

fn told(settings: &SettleSettings, spans: &[Sketch], gap: u64) -> Story {
    let mut told = Told::new(settings.clone());
    for span in spans {
        told.offer(std::slice::from_ref(span), gap);
    }
    told.finish()
}

fn same_story_in_five_orders(
    settings: &SettleSettings,
    sizes: &[u64],
    worlds: u64,
    pace: u64,
    circles: bool,
) {
    let mut differ = Vec::new();
    for &size in sizes {
        for seed in 0..worlds {
            let mut chance = Chance::new(seed * 1000 + size);
            let mut spans = world(&mut chance, size, circles);
            let gap = pace / size;
            let first = told(settings, &spans, gap);
            for order in 0..4 {
                chance.shuffle(&mut spans);
                let other = told(settings, &spans, gap);
                if other != first {
                    differ.push(format!("{size} spans, world {seed}, order {order}"));
                    break;
                }
            }
        }
    }
    assert!(differ.is_empty(), "{} worlds: {differ:#?}", differ.len());
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    same_story_in_five_orders(&SettleSettings::default(), &[4, 8, 16, 40, 100], 60, 0, false);
}

#[test]
fn nor_does_it_where_parents_go_in_circles() {
    same_story_in_five_orders(&SettleSettings::default(), &[4, 8, 16, 40], 60, 0, true);
}

#[test]
fn nor_does_it_while_the_clock_moves_within_the_wait() {
    // All of a world within four fifths of the wait.
    same_story_in_five_orders(&SettleSettings::default(), &[4, 8, 16, 40], 60, 39 * SECOND / 10, false);
}

/// With room for next to nothing, what waits is still told once.
#[test]
fn nor_does_it_with_a_memory_of_sixteen_lines() {
    let settings = SettleSettings { remember_bytes: 1024, answer_bytes: 1024, ..SettleSettings::default() };
    same_story_in_five_orders(&settings, &[4, 8, 16], 60, 0, false);
}

/// Settled one by one, calls may lack what others would have added, but there are never more of them, nor of their
/// tokens, than the spans state.
#[test]
fn what_is_settled_early_is_counted_once() {
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let spans: Vec<Sketch> = world(&mut chance, 12, false);
        let settings = SettleSettings { most_bytes: 1, ..SettleSettings::default() };
        let mut twice = spans.clone();
        twice.extend(spans.iter().cloned());
        let (once, again) = (told(&settings, &spans, 0), told(&settings, &twice, 0));
        assert_eq!((&once.calls, once.early > 0), (&again.calls, true), "world {seed}");
    }
}

/// Keys that collide lose a span at most; what is sent again doubles nothing.
#[test]
fn fingerprints_of_four_bits_double_nothing() {
    for seed in 0..100 {
        let mut chance = Chance::new(seed);
        let spans = world(&mut chance, 16, false);
        let settings = SettleSettings { secret: Secret::with_bits(4), ..SettleSettings::default() };
        let mut twice = spans.clone();
        twice.extend(spans.iter().cloned());
        let story = told(&settings, &twice, 0);
        assert!(story.calls.len() <= 16, "world {seed}: {story:?}");
        let told: Vec<u64> =
            story.calls.iter().flat_map(|(call, merged, _)| merged.iter().chain([call]).copied()).collect();
        let distinct: std::collections::BTreeSet<u64> = told.iter().copied().collect();
        assert_eq!(told.len(), distinct.len(), "world {seed}: a span tells of two calls: {story:?}");
    }
}

/// Scenario: a mock, a cache or a constant that gives one id to calls of so many traces, at once or in their time.
/// Guarantees: an id that more than eight traces name is none; at most eight calls an id and process are taken for
/// one before that is known.
#[test]
fn an_id_that_many_traces_name_is_no_identity() {
    for traces in [8, 9, 10, 1000] {
        for after in [0, SECOND, 10 * SECOND] {
            let mut told = Told::new(SettleSettings::default());
            for id in 1..=traces {
                told.offer(&[Sketch { answer: 7, ..Sketch::call(id) }], after);
            }
            let calls = told.finish().calls.len() as u64;
            match after {
                0 => assert_eq!(calls, if traces > 8 { traces } else { 1 }, "{traces} at once"),
                _ => assert!((traces - 7..=traces).contains(&calls), "{traces}: {calls}"),
            }
        }
    }
}
