//! The fixtures: see `scripts/captures.py`.

use serde_json::Value;

/// One captured run of one library, and the truth about it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) instrumentation: String,
    pub(crate) scenario: String,
    /// `ExportTraceServiceRequest`s.
    pub(crate) requests: Vec<Vec<u8>>,
    /// What the provider's log says.
    pub(crate) truth: Value,
}

impl Scenario {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.instrumentation, self.scenario)
    }
}

pub(crate) fn captures() -> Vec<Scenario> {
    read(include_bytes!("captures.jsonl.zst"))
}

pub(crate) fn providers() -> Vec<Scenario> {
    read(include_bytes!("providers.jsonl.zst"))
}

fn read(packed: &[u8]) -> Vec<Scenario> {
    let mut lines = Vec::new();
    zstd::stream::copy_decode(packed, &mut lines).expect("the fixture is zstd");
    lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(scenario).collect()
}

fn scenario(line: &[u8]) -> Scenario {
    let truth: Value = serde_json::from_slice(line).expect("the fixture is JSON");
    let text = |key: &str| truth[key].as_str().expect("a name").to_owned();
    let requests = truth["requests"].as_array().expect("requests");
    Scenario {
        instrumentation: text("library"),
        scenario: text("scenario"),
        requests: requests.iter().map(|request| base64(request.as_str().expect("base64"))).collect(),
        truth,
    }
}

fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b'=').map(value).collect();
    let group = |chunk: &[u8]| {
        let bits =
            chunk.iter().fold(0_u32, |bits, &digit| bits << 6 | u32::from(digit)) << (6 * (4 - chunk.len()));
        bits.to_be_bytes()[1..chunk.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}
