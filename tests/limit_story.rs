//! What the limits show at each moment of a scripted life, with a clock that the test sets.

use tollgate::call::{LimitEvidence, RateLimit, Resource, Window};
use tollgate::limits::{
    Configured, ConfiguredLimit, CountedCall, LimitChange, LimitSample, LimitStore, LimitsConfig,
    LimitsFault, Observation,
};

/// Seconds of the story begin at 2026-11-21T22:00:00Z.
const BEGIN: u64 = 1_795_298_400;

fn nanos(seconds: f64) -> u64 {
    BEGIN * 1_000_000_000 + (seconds * 1e9) as u64
}

fn told(limit: u64, remaining: u64, reset_seconds: Option<f64>) -> RateLimit {
    RateLimit {
        resource: Resource::InputTokens,
        window: Window::Minute,
        scope: "",
        limit: Some(limit),
        remaining: Some(remaining),
        used_ratio: Some((limit - remaining.min(limit)) as f64 / limit as f64),
        reset_seconds,
        reset_moment: None,
        account: None,
        evidence: LimitEvidence::Header,
    }
}

fn store() -> LimitStore {
    LimitStore::new(&LimitsConfig::default())
}

fn observe(store: &mut LimitStore, at: f64, limits: &[RateLimit]) -> Vec<LimitChange> {
    observe_as(store, "groq", "llama", at, limits)
}

fn observe_as(
    store: &mut LimitStore,
    provider: &str,
    model: &str,
    at: f64,
    limits: &[RateLimit],
) -> Vec<LimitChange> {
    store.observe(&Observation { provider, model, limits, end_unix_nano: nanos(at) }, nanos(at))
}

fn shown(samples: &[LimitSample]) -> String {
    let [sample] = samples else {
        return if samples.is_empty() { "absent".to_owned() } else { format!("{samples:#?}") };
    };
    let whole = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let number = |value: Option<f64>| {
        value.map_or("-".to_owned(), |value| ((value * 100.0).round() / 100.0).to_string())
    };
    format!(
        "{}/{} used {} peak {} reset {} hit in {}",
        whole(sample.remaining),
        whole(sample.limit),
        number(sample.used_ratio),
        number(sample.peak_used_ratio),
        number(sample.reset_seconds),
        number(sample.exhaustion_seconds)
    )
}

/// A limit approached over five minutes, hit, refilled, raised, gone silent.
#[test]
fn the_life_of_a_limit() {
    // second, what a response says (remaining, limit, reset) if one ends there, what a scrape sees
    let story = [
        (0, Some((100_000, 100_000, 330)), "100000/100000 used 0 peak 0 reset 330 hit in -"),
        (15, None, "100000/100000 used 0 peak 0 reset 315 hit in -"),
        (60, Some((80_000, 100_000, 270)), "80000/100000 used 0.2 peak 0.2 reset 270 hit in 240"),
        (90, None, "80000/100000 used 0.2 peak 0.2 reset 240 hit in 210"),
        (120, Some((60_000, 100_000, 210)), "60000/100000 used 0.4 peak 0.4 reset 210 hit in 180"),
        (180, Some((40_000, 100_000, 150)), "40000/100000 used 0.6 peak 0.6 reset 150 hit in 120"),
        (240, Some((20_000, 100_000, 90)), "20000/100000 used 0.8 peak 0.8 reset 90 hit in 60"),
        (300, Some((0, 100_000, 30)), "0/100000 used 1 peak 1 reset 30 hit in 0"),
        (329, None, "0/100000 used 1 peak 1 reset 1 hit in 0"),
        (330, None, "100000/100000 used 0 peak 1 reset - hit in -"),
        (340, Some((199_000, 200_000, 60)), "199000/200000 used 0.01 peak 1 reset 60 hit in -"),
        (350, Some((190_000, 200_000, 50)), "190000/200000 used 0.05 peak 1 reset 50 hit in 211.11"),
        (399, None, "190000/200000 used 0.05 peak 1 reset 1 hit in 162.11"),
        (421, None, "200000/200000 used 0 peak 0.05 reset - hit in -"),
        (500, None, "200000/200000 used 0 peak 0 reset - hit in -"),
        (999, None, "200000/200000 used 0 peak 0 reset - hit in -"),
        (1_000, None, "absent"),
    ];
    let mut store = store();
    let mut changes = Vec::new();
    for (second, response, expected) in story {
        let at = f64::from(second);
        if let Some((remaining, limit, reset)) = response {
            changes.extend(
                observe(&mut store, at, &[told(limit, remaining, Some(f64::from(reset)))])
                    .into_iter()
                    .map(|change| (second, change.old, change.new)),
            );
        }
        assert_eq!(shown(&store.samples(nanos(at))), expected, "at second {second}");
    }
    assert_eq!(changes, [(350, 100_000, 200_000)], "told once, when a second answer agrees");
    store.sweep(nanos(1_000.0));
    assert!(store.is_empty());
}

#[test]
fn a_late_answer_does_not_jump_back() {
    let mut store = store();
    observe(&mut store, 10.0, &[told(1_000, 100, Some(60.0))]);
    let late = Observation {
        provider: "groq",
        model: "llama",
        limits: &[told(1_000, 900, Some(60.0))],
        end_unix_nano: nanos(9.0),
    };
    store.observe(&late, nanos(11.0));
    assert_eq!(shown(&store.samples(nanos(11.0))), "100/1000 used 0.9 peak 0.9 reset 59 hit in -");
}

/// The headers of a long stream were written when it began: it ends last and knows least.
#[test]
fn a_long_call_does_not_jump_back() {
    let mut store = store();
    observe(&mut store, 10.0, &[told(1_000, 100, Some(60.0))]);
    observe(&mut store, 12.0, &[told(1_000, 900, Some(60.0))]);
    assert_eq!(shown(&store.samples(nanos(12.0))), "100/1000 used 0.9 peak 0.9 reset 58 hit in -");
    observe(&mut store, 40.0, &[told(1_000, 550, Some(30.0))]);
    assert_eq!(
        shown(&store.samples(nanos(40.0))),
        "550/1000 used 0.45 peak 0.9 reset 30 hit in -",
        "half has flowed back by now"
    );
}

#[test]
fn a_peak_between_two_scrapes_is_seen() {
    let mut store = store();
    observe(&mut store, 0.0, &[told(1_000, 900, Some(1.0))]);
    observe(&mut store, 20.0, &[told(1_000, 10, Some(1.0))]);
    observe(&mut store, 40.0, &[told(1_000, 990, Some(1.0))]);
    assert_eq!(shown(&store.samples(nanos(40.0))), "990/1000 used 0.01 peak 0.99 reset 1 hit in -");
    assert_eq!(shown(&store.samples(nanos(141.0))), "1000/1000 used 0 peak 0.01 reset - hit in -");
}

#[test]
fn a_clock_ahead_of_ours_keeps_nothing_alive() {
    let mut store = store();
    let ahead = Observation {
        provider: "groq",
        model: "llama",
        limits: &[told(10, 5, None)],
        end_unix_nano: nanos(1e6),
    };
    store.observe(&ahead, nanos(0.0));
    assert_eq!(shown(&store.samples(nanos(659.0))), "10/10 used 0 peak 0 reset - hit in -");
    assert_eq!(shown(&store.samples(nanos(660.0))), "absent");
}

/// A text tells of a moment; after its wait nothing is known.
#[test]
fn a_text_holds_until_its_wait_is_over() {
    let mut store = store();
    let text = RateLimit { evidence: LimitEvidence::Message, ..told(30_000, 63, Some(0.644)) };
    observe(&mut store, 0.0, std::slice::from_ref(&text));
    assert_eq!(shown(&store.samples(nanos(0.5))), "63/30000 used 1 peak 1 reset 0.14 hit in -");
    assert_eq!(shown(&store.samples(nanos(0.7))), "absent");
    observe(&mut store, 1.0, &[told(30_000, 20_000, Some(20.0))]);
    observe(&mut store, 2.0, &[text]);
    assert_eq!(
        shown(&store.samples(nanos(2.0))),
        "20000/30000 used 0.33 peak 1 reset 19 hit in -",
        "headers win"
    );
}

#[test]
fn accounts_and_models_are_kept_apart_and_families_together() {
    let mut store = store();
    let of = |account: &str, remaining| RateLimit {
        account: Some(account.to_owned()),
        ..told(100, remaining, Some(60.0))
    };
    observe_as(&mut store, "anthropic", "claude-opus-4-1", 0.0, &[of("a", 90)]);
    observe_as(&mut store, "anthropic", "claude-opus-4", 1.0, &[of("a", 80)]);
    observe_as(&mut store, "anthropic", "claude-opus-4", 1.0, &[of("b", 70)]);
    observe_as(&mut store, "openai", "gpt-4o", 1.0, &[of("a", 60)]);
    let labels: Vec<_> = store
        .samples(nanos(1.0))
        .into_iter()
        .map(|sample| (sample.model, sample.account, sample.remaining))
        .collect();
    let expected = [("claude-opus", "a", 80), ("claude-opus", "b", 70), ("gpt-4o", "a", 60)];
    assert_eq!(
        labels,
        expected.map(|(model, account, remaining)| (model.to_owned(), account.to_owned(), Some(remaining)))
    );
}

/// The labels have no room for the scope: the fuller of two limits is the one that binds.
#[test]
fn of_two_limits_under_the_same_labels_the_fuller_is_shown() {
    let mut store = store();
    let usage_based = RateLimit { scope: "usage_based", ..told(30_000, 300, Some(60.0)) };
    observe_as(&mut store, "openai", "gpt-4o", 0.0, &[told(200_000, 199_000, Some(1.0)), usage_based]);
    assert_eq!(shown(&store.samples(nanos(0.0))), "300/30000 used 0.99 peak 0.99 reset 60 hit in -");
}

#[test]
fn two_accounts_under_one_key_do_not_fill_the_log() {
    let mut store = store();
    let changes: usize = (0..20)
        .map(|second| {
            observe(&mut store, f64::from(second), &[told(if second % 2 == 0 { 100 } else { 200 }, 50, None)])
                .len()
        })
        .sum();
    assert_eq!(changes, 0);
}

#[test]
fn the_number_of_limits_is_bounded() {
    let mut store = LimitStore::new(&LimitsConfig { max_entries: 3, ..LimitsConfig::default() });
    for number in 0..10 {
        observe_as(&mut store, "openai", &format!("model-{number}"), 0.0, &[told(10, 5, None)]);
    }
    assert_eq!((store.len(), store.dropped()), (3, 7));
    observe_as(&mut store, "openai", "later", 10_000.0, &[told(10, 5, None)]);
    assert_eq!((store.len(), store.dropped()), (1, 7), "what is forgotten makes room");
}

/// Guarantees: a full store looks through itself once a second at most, however many misses come.
#[test]
fn a_full_store_is_swept_once_a_second() {
    let config = LimitsConfig { max_entries: 1, stale_after_seconds: 1, ..LimitsConfig::default() };
    let mut store = LimitStore::new(&config);
    let miss = |store: &mut LimitStore, at: f64| {
        observe_as(store, "openai", &format!("model at {at}"), at, &[told(10, 5, None)]);
        store.dropped()
    };
    assert_eq!(miss(&mut store, 0.0), 0, "there is room for one");
    let mut tenths = (1..100_000).map(|tenth| f64::from(tenth) / 10.0);
    let stale = tenths.find(|at| store.samples(nanos(*at)).is_empty()).unwrap();
    assert_eq!(miss(&mut store, stale - 0.5), 1, "nothing is stale yet");
    assert_eq!(miss(&mut store, stale + 0.2), 2, "looked a moment ago");
    assert_eq!(miss(&mut store, stale + 0.6), 2, "what is stale made room");
    assert_eq!(store.len(), 1);
}

// === configured limits ===

fn configured(limit: ConfiguredLimit) -> Configured {
    let config = LimitsConfig { configured: vec![limit], ..LimitsConfig::default() };
    assert_eq!(config.faults(), []);
    Configured::new(&config)
}

fn call(provider: &'static str, model: &'static str, second: f64) -> CountedCall<'static> {
    CountedCall {
        provider,
        model,
        input_tokens: 900,
        output_tokens: 100,
        end_unix_nano: nanos(second),
        ..CountedCall::default()
    }
}

fn rows(configured: &Configured, second: f64) -> Vec<String> {
    let samples = configured.samples(nanos(second));
    samples
        .iter()
        .map(|sample| {
            let (resource, window) = (sample.resource.label(), sample.window.label());
            let peak = sample.peak_used_ratio.unwrap_or(-1.0);
            format!(
                "{} {resource}/{window} {}/{} peak {peak}",
                sample.model,
                sample.remaining.unwrap_or(0),
                sample.limit.unwrap_or(0)
            )
        })
        .collect()
}

#[test]
fn a_window_slides() {
    let mut gemini = configured(ConfiguredLimit {
        provider: "gcp.gemini".to_owned(),
        requests_per_minute: Some(10),
        input_tokens_per_minute: Some(10_000),
        ..ConfiguredLimit::default()
    });
    for second in 0..5 {
        gemini
            .count_call(&call("gcp.gemini", "gemini-2.5-flash", f64::from(second)), nanos(f64::from(second)));
    }
    gemini.count_call(&call("openai", "gpt-4o", 4.0), nanos(4.0));
    assert_eq!(
        rows(&gemini, 5.0),
        [
            "gemini-2.5-flash requests/minute 5/10 peak 0.5",
            "gemini-2.5-flash input_tokens/minute 5500/10000 peak 0.45"
        ]
    );
    assert_eq!(rows(&gemini, 62.0)[0], "gemini-2.5-flash requests/minute 8/10 peak 0.5");
    assert_eq!(rows(&gemini, 130.0)[0], "gemini-2.5-flash requests/minute 10/10 peak 0");
    assert_eq!(rows(&gemini, 1_000.0), Vec::<String>::new(), "gone silent");
}

#[test]
fn what_providers_reserve_counts() {
    let limit = |provider: &str| ConfiguredLimit {
        provider: provider.to_owned(),
        tokens_per_minute: Some(10_000),
        ..ConfiguredLimit::default()
    };
    let reserving = |provider| CountedCall { max_tokens: Some(4_100), ..call(provider, "m", 0.0) };
    let row = |provider: &'static str| {
        let mut counted = configured(limit(provider));
        counted.count_call(&reserving(provider), nanos(0.0));
        rows(&counted, 1.0).remove(0)
    };
    assert_eq!(
        row("azure.ai.openai"),
        "m tokens/minute 5000/10000 peak 0.5",
        "charged at arrival, never given back"
    );
    assert_eq!(
        row("aws.bedrock"),
        "m tokens/minute 9000/10000 peak 0.5",
        "held while it ran, settled at the end"
    );
    assert_eq!(row("deepseek"), "m tokens/minute 9000/10000 peak 0.1", "not reserved");
}

#[test]
fn images_cost_requests() {
    let mut counted = configured(ConfiguredLimit {
        provider: "openai".to_owned(),
        requests_per_minute: Some(10),
        ..ConfiguredLimit::default()
    });
    counted.count_call(&CountedCall { images: 4, ..call("openai", "gpt-image-1", 0.0) }, nanos(0.0));
    assert_eq!(rows(&counted, 1.0), ["gpt-image-1 requests/minute 6/10 peak 0.4"]);
}

#[test]
fn a_family_can_share_a_limit_and_a_tier_can_fill_in() {
    let shared = ConfiguredLimit {
        provider: "openai".to_owned(),
        model: "gpt-4o*".to_owned(),
        shared: true,
        requests_per_day: Some(100),
        ..ConfiguredLimit::default()
    };
    let mut counted = configured(shared);
    counted.count_call(&call("openai", "gpt-4o", 0.0), nanos(0.0));
    counted.count_call(&call("openai", "gpt-4o-mini", 0.0), nanos(0.0));
    counted.count_call(&call("openai", "o3", 0.0), nanos(0.0));
    assert_eq!(rows(&counted, 1.0), ["gpt-4o* requests/day 98/100 peak 0.02"]);

    let tier = ConfiguredLimit {
        provider: "gcp.gemini".to_owned(),
        tier: "free".to_owned(),
        requests_per_minute: Some(3),
        ..ConfiguredLimit::default()
    };
    let mut counted = configured(tier);
    counted.count_call(&call("gcp.gemini", "gemini-2.0-flash", 0.0), nanos(0.0));
    let limits: Vec<String> =
        rows(&counted, 1.0).iter().map(|row| row.split(" peak").next().unwrap_or("").to_owned()).collect();
    let expected = ["requests/minute 2/3", "requests/day 1499/1500", "input_tokens/minute 999100/1000000"];
    assert_eq!(limits, expected.map(|row| format!("gemini-2.0-flash {row}")));
}

#[test]
fn growth_tells_when_it_will_be_hit() {
    let mut counted = configured(ConfiguredLimit {
        provider: "openai".to_owned(),
        requests_per_minute: Some(100),
        ..ConfiguredLimit::default()
    });
    let mut hit_in = |calls: std::ops::Range<u32>| {
        for second in calls.clone() {
            counted.count_call(&call("openai", "m", f64::from(second)), nanos(f64::from(second)));
        }
        counted.samples(nanos(f64::from(calls.end - 1))).remove(0).exhaustion_seconds
    };
    let early = hit_in(0..15).expect("fifteen calls in a quarter, none before");
    assert!((early - 85.0 / 0.75).abs() < 0.1, "{early}");
    assert_eq!(hit_in(15..120), None, "one a second is as much as flows out");
}

#[test]
fn faults_say_what_would_be_right() {
    let fault = |limit: ConfiguredLimit| {
        LimitsConfig { configured: vec![limit], ..LimitsConfig::default() }.faults().remove(0)
    };
    assert_eq!(fault(ConfiguredLimit::default()), LimitsFault::NoProvider(0));
    let named = ConfiguredLimit { provider: "gcp.gemini".to_owned(), ..ConfiguredLimit::default() };
    assert_eq!(fault(named.clone()), LimitsFault::NoLimit(0));
    assert_eq!(
        fault(ConfiguredLimit { tokens_per_day: Some(0), ..named.clone() }),
        LimitsFault::Zero(0, "tokens_per_day")
    );
    assert_eq!(
        fault(ConfiguredLimit { tier: "gold".to_owned(), ..named }).to_string(),
        "limits.configured[0].tier: no tier `gold` for `gcp.gemini`; there are: free, tier_1"
    );
    assert!(
        serde_json::from_str::<LimitsConfig>(r#"{"stale_after": 5}"#).is_err(),
        "unknown keys are faults"
    );
    let named: LimitsConfig =
        serde_json::from_str(r#"{"accounts": [{"hash": "0a1b2c3d4e", "name": "production"}]}"#)
            .expect("it is valid");
    assert_eq!(named.account_name("0a1b2c3d4e"), Some("production"));
}
