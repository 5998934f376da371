//! Calls as OTLP/JSON, and a client that sends again until it is answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Numbers that look random and are the same for the same seed (Knuth's MMIX generator).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + (self.0 >> 33) % (most - least)
    }
}

/// So many calls; another request has other ids.
pub(crate) fn request(number: u64, calls: u64) -> String {
    let now = tollgate::clock::now_unix_nano();
    let span = |call: u64| {
        format!(
            r#"{{"traceId":"{:032x}","spanId":"{:016x}","name":"chat","kind":3,"startTimeUnixNano":"{}","endTimeUnixNano":"{now}",
            "attributes":[{},{},{},{},{}]}}"#,
            (u128::from(number) << 64) | (u128::from(call) + 1),
            (number << 16) | (call + 1),
            now - 700_000_000,
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", "gpt-4o-mini"),
            r#"{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}}"#,
            r#"{"key":"gen_ai.usage.output_tokens","value":{"intValue":"7"}}"#,
        )
    };
    let spans: Vec<String> = (0..calls).map(span).collect();
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{}]}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        text("service.name", "shop"),
        spans.join(",")
    )
}

fn text(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
}

/// The status of an answer; none when nobody answers.
pub(crate) fn post(http: &str, body: &str) -> Option<u16> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into();
    let sent = agent.post(format!("{http}/v1/traces")).header("Content-Type", "application/json").send(body);
    sent.ok().map(|answer| answer.status().as_u16())
}

/// How long a refusal asks to wait, seconds.
pub(crate) fn wait(http: &str, body: &str) -> Option<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let sent = agent.post(format!("{http}/v1/traces")).header("Content-Type", "application/json").send(body);
    sent.ok()?.headers().get("retry-after")?.to_str().ok().map(str::to_owned)
}

/// Sends requests, each until it is acknowledged.
pub(crate) struct Sender {
    address: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Sender {
    pub(crate) fn start(http: &str, seed: u64) -> Self {
        let (address, stop, acknowledged) = (
            Arc::new(Mutex::new(http.to_owned())),
            Arc::<AtomicBool>::default(),
            Arc::<AtomicU64>::default(),
        );
        let (own_address, own_stop, own_acknowledged) =
            (Arc::clone(&address), Arc::clone(&stop), Arc::clone(&acknowledged));
        let thread = std::thread::spawn(move || {
            let mut chance = Chance::new(seed ^ 0xABCD);
            for number in seed << 20.. {
                let calls = chance.between(1, 20);
                let body = request(number, calls);
                loop {
                    let http = own_address.lock().unwrap().clone();
                    if post(&http, &body) == Some(200) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                own_acknowledged.fetch_add(calls, Ordering::Relaxed);
                if own_stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self { address, stop, acknowledged, thread }
    }

    pub(crate) fn now_at(&self, http: &str) {
        http.clone_into(&mut self.address.lock().unwrap());
    }

    /// How many calls were acknowledged.
    pub(crate) fn stop(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.acknowledged.load(Ordering::Relaxed) as f64
    }
}
