//! Planted keys, tokens, e-mail addresses and prompts show up nowhere.

use std::fs;
use std::process::Command;

use prost::Message;
use tollgate::clock;

use crate::planted::{PLANTED, requests};
use crate::server::{PROTOBUF, Server, value};

const CONFIG: &str = "
data_dir: data
dimensions:
  - {label: user, attributes: [user.id]}
  - {label: team, attributes: [team.id, metadata]}
  - {label: session, attributes: [session.id]}
limits:
  configured:
    - {provider: groq, requests_per_minute: 1000}
    - {provider: anthropic, requests_per_minute: 1000}
";

fn assert_silent(place: &str, document: &str) {
    for (planted, needle) in PLANTED {
        let at = document.find(needle).map(|at| {
            let line = document[..at].rfind('\n').map_or(0, |start| start + 1);
            document[line..].lines().next().unwrap_or_default()
        });
        assert!(at.is_none(), "{place} tells {planted:?}: {}", at.unwrap_or_default());
    }
}

/// Scenario: calls of each dialect, half of them failed, with a planted text in every string, the sources of labels
/// included. Guarantees: no document, page or log line has it, nor a file of `data_dir` but for an owner's address in the
/// ledger; and the calls are counted all the same.
#[test]
fn nothing_planted_in_a_span_is_exposed_or_logged() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("tollgate.yaml");
    fs::write(&config, CONFIG).unwrap();
    let server = Server::start(Some(&config));
    let requests = requests(clock::now_unix_nano());
    for (number, request) in requests.iter().enumerate() {
        if number % 10 == 0 { server.send_grpc(request) } else { server.send(request) }
    }
    let document = server.settled();
    assert_silent("/metrics as text", &document);
    assert_silent(
        "/metrics as OpenMetrics",
        &server.get("/metrics", "application/openmetrics-text;version=1.0.0").body,
    );
    assert_silent("the status page", &server.get("/", "text/html").body);
    let calls = value(&document, "tollgate_spans_total{result=\"call\"}").unwrap();
    assert!(calls > PLANTED.len() as f64 * 3.0, "only {calls} spans were taken for calls");
    for family in ["llm_errors_total{", "llm_tokens_total{", "source=\"header\"", "source=\"configured\""] {
        assert!(document.contains(family), "nothing planted went through {family}");
    }
    assert!(document.contains("user=\"other\"") && document.contains("model=\"other\""));
    let log = server.stop();
    assert!(log.contains("no price for this model"), "{log}");
    assert_silent("the log", &log);
    let files: Vec<_> =
        fs::read_dir(folder.path().join("data")).unwrap().map(|file| file.unwrap().path()).collect();
    for name in ["journal.db", "tollgate.db"] {
        assert!(files.iter().any(|path| path.ends_with(name)), "{name} is not among {files:?}");
    }
    for path in files {
        // Who `user.id` names is what the ledger is for, and an address is how many name their users; no label shows it.
        let kept =
            String::from_utf8_lossy(&fs::read(&path).unwrap()).replace("jane.doe@customer.example.com", "");
        assert_silent(&path.display().to_string(), &kept);
    }
}

/// Guarantees: an answer to a request that is refused repeats nothing of it, nor does the log.
#[test]
fn nothing_planted_in_a_refused_request_is_answered_or_logged() {
    let server = Server::start(None);
    for (planted, _) in PLANTED {
        let word = planted.replace(' ', "+");
        let json = format!(
            "{{\"resourceSpans\": [{{\"scopeSpans\": [{{\"spans\": [{{\"traceId\": \"{planted}\", \"name\": {{\"{planted}\": 1}}}}]}}]}}]}}"
        );
        for (type_, body) in [
            ("application/json", json.as_str()),
            ("application/json", planted),
            ("application/json", &format!("{{\"{planted}\": \"{planted}")),
            (PROTOBUF, planted),
            (PROTOBUF, &format!("\n\u{7f}{planted}")),
            (word.as_str(), planted),
            (&format!("text/{word}"), planted),
        ] {
            assert_silent("an answer", &server.traces(type_, body.as_bytes()).body);
        }
        let encoded =
            server.post("/v1/traces", &[("Content-Type", PROTOBUF), ("Content-Encoding", &word)], b"");
        assert_silent("an answer to an unknown encoding", &encoded.body);
        for path in [format!("/v1/{word}"), format!("/v1/traces?key={word}"), format!("/{word}/v1/logs")] {
            assert_silent(
                "an answer to another path",
                &server.post(&path, &[("Authorization", planted)], b"").body,
            );
        }
        assert_silent("the page of another path", &server.get(&format!("/{word}"), "text/html").body);
        assert_silent("metrics in an odd format", &server.get("/metrics", &word).body);
    }
    assert_silent("/metrics", &server.settled());
    assert_silent("the log", &server.stop());
}

/// Guarantees: `explain` shows names as labels are shown, in either form, and quotes no file that it cannot read.
#[test]
fn nothing_planted_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let explain = |arguments: &[&str], name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .arg("explain")
            .args(arguments)
            .arg(&path)
            .env("TOLLGATE_LOG_LEVEL", "debug")
            .output()
            .unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
    };
    let requests = requests(1_760_000_000_000_000_000);
    // A message that follows a message of the same type extends its lists.
    let all: Vec<u8> = requests.iter().flat_map(Message::encode_to_vec).collect();
    for arguments in [&["--json"][..], &[]] {
        let told = explain(arguments, "spans.pb", &all);
        assert!(told.contains("gpt-4o"), "{told}");
        assert_silent(&format!("explain {arguments:?}"), &told);
        let json = serde_json::to_vec(&requests[0]).unwrap();
        assert_silent("explain of JSON", &explain(arguments, "spans.json", &json));
    }
    for (planted, _) in PLANTED {
        for name in ["broken.json", "broken.pb"] {
            assert_silent(name, &explain(&[], name, planted.as_bytes()));
        }
    }
}
