//! The commands, as a person runs them: the real binary, its output and its exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

/// The binary, without a trace of the environment's own configuration, on ports that the system chooses.
fn tollgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOLLGATE_")) {
        command.env_remove(name);
    }
    for listener in ["GRPC", "HTTP", "METRICS"] {
        command.env(format!("TOLLGATE_LISTEN_{listener}"), "127.0.0.1:0");
    }
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A file that lives as long as the test.
fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// For what happens within a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server, ended when the test ends.
struct Server {
    process: Child,
    /// Where traces go by HTTP.
    traces: String,
    metrics: String,
    /// The lines of its log, read as they come: a full pipe would stop it.
    log: Receiver<String>,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut banner = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut after =
            |word: &str| banner.find_map(|line| Some(line.unwrap().split_once(word)?.1.trim().to_owned()));
        let traces = format!("http://{}/v1/traces", after("OTLP/HTTP").unwrap());
        let metrics = after("metrics ");
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, traces, metrics: metrics.unwrap(), log }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// The next line of the log that has the word.
    fn log_line(&self, word: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line with {word}"));
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Sends one span of a scope, as OTLP/JSON.
    fn send(&self, number: u8, scope: &str, attributes: &[(&str, Value)]) {
        let value = |value: &Value| match value {
            Value::Number(number) if number.is_f64() => serde_json::json!({"doubleValue": number}),
            Value::Number(number) => serde_json::json!({"intValue": number.to_string()}),
            other => serde_json::json!({"stringValue": other}),
        };
        let attributes: Vec<Value> = attributes
            .iter()
            .map(|(key, stated)| serde_json::json!({"key": key, "value": value(stated)}))
            .collect();
        let request = serde_json::json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": [{
            "traceId": format!("{number:032x}"), "spanId": format!("{number:016x}"), "name": "work", "kind": 3,
            "startTimeUnixNano": "1795297280000000000", "endTimeUnixNano": "1795297281000000000",
            "attributes": attributes,
        }]}]}]});
        let sent = ureq::post(&self.traces).content_type("application/json").send(request.to_string());
        assert_eq!(sent.unwrap().status(), 200);
    }

    /// The value of the first series of a family that has the word, once it is that or more.
    fn wait_for(&self, family: &str, word: &str, least: f64) {
        const EACH: Duration = Duration::from_millis(100);
        let mut seen = String::new();
        for _ in 0..PATIENCE.as_millis() / EACH.as_millis() {
            seen = self.scrape();
            let mut series = seen.lines().filter(|line| line.starts_with(family) && line.contains(word));
            let value = series.next().and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            if value.is_some_and(|value| value >= least) {
                return;
            }
            std::thread::sleep(EACH);
        }
        panic!("no {family} with {word} of {least}:\n{seen}");
    }

    fn scrape(&self) -> String {
        ureq::get(&self.metrics).call().unwrap().body_mut().read_to_string().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn check_accepts_a_sound_file() {
    let file = file("series:\n  max: 5\n");
    let (code, out, _) = output(&mut tollgate(&["check", "--config", file.path().to_str().unwrap()]));
    assert_eq!(code, Some(0));
    assert!(out.ends_with("no faults\n"), "{out}");
}

#[test]
fn check_reports_every_fault_and_exits_with_1() {
    let file = file("series:\n  max: 0\nlisten:\n  grcp: 127.0.0.1:1\n");
    let path = file.path().to_str().unwrap();
    let (code, _, err) = output(&mut tollgate(&["check", "--config", path]));
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 2, "{err}");
    assert!(lines[0].starts_with(&format!("{path}:2:8: series.max: ")), "{err}");
    assert!(
        lines[1].starts_with(&format!("{path}:4:3: listen.grcp: ")) && lines[1].contains("`grpc`"),
        "{err}"
    );
}

/// Guarantees: files of certificates and tokens are faults like others, all of them, with their places.
#[test]
fn check_reads_certificates_and_tokens() {
    let file =
        file("listen:\n  grpc: {tls: {cert: none.pem, key: none.key}}\n  metrics: {tokens_file: none}\n");
    let path = file.path().to_str().unwrap();
    let (code, _, err) = output(&mut tollgate(&["check", "--config", path]));
    assert_eq!(code, Some(1));
    for start in
        [format!("{path}:2:15: listen.grpc.tls: `"), format!("{path}:3:26: listen.metrics.tokens_file: `")]
    {
        assert!(
            err.lines().any(|line| line.starts_with(&start) && line.contains("cannot be read")),
            "{start} {err}"
        );
    }
    assert_eq!(err.lines().count(), 2, "{err}");
}

#[test]
fn check_warns_of_what_is_probably_not_meant_and_is_strict_when_asked() {
    let file = file("prices:\n  discounts:\n    - {provider: opnai, percent: 10}\n");
    let path = file.path().to_str().unwrap();
    let (code, out, err) = output(&mut tollgate(&["check", "--config", path]));
    assert_eq!((code, out.as_str()), (Some(0), format!("{path}: no faults, 1 warning\n").as_str()));
    assert!(
        err.starts_with(&format!("warning: {path}:3:18: prices.discounts[0].provider: `opnai` is no")),
        "{err}"
    );
    let (code, _, err) = output(&mut tollgate(&["check", "--strict", "--config", path]));
    assert_eq!(code, Some(1));
    assert!(err.contains("--strict"), "{err}");
}

#[test]
fn price_tells_what_the_configuration_did() {
    let file = file(
        "prices:\n  aliases: [{name: prod-smart, model: gpt-4o}]\n  discounts: [{provider: openai, percent: 20}]\n",
    );
    let path = file.path().to_str().unwrap();
    let (code, out, _) = output(&mut tollgate(&["price", "--config", path, "prod-smart"]));
    assert_eq!(code, Some(0));
    for part in [
        "prices.aliases[0]: `prod-smart` stands for gpt-4o",
        "prices.discounts[0]: 20 % off",
        "$2 per 1000000",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, out, _) = output(&mut tollgate(&["price", "--config", path, "claude-sonnet-4-5"]));
    assert!(out.ends_with("changes nothing for it\n"), "{out}");
}

#[test]
fn every_command_refuses_a_broken_configuration() {
    for command in [&["serve"][..], &["demo"], &["price", "gpt-4o"], &["explain", "-"]] {
        let (code, _, err) = output(tollgate(command).env("TOLLGATE_SERIES_MAX", "many"));
        assert_eq!(code, Some(1), "{command:?}: {err}");
        assert!(err.contains("TOLLGATE_SERIES_MAX"), "{command:?}: {err}");
    }
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in
        [&["sevre"][..], &["demo", "--failing", "nothing"], &["demo", "--speed", "0"], &["explain"]]
    {
        assert_eq!(output(&mut tollgate(arguments)).0, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_taken_port_is_told_with_what_to_set_and_exits_with_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, err) = output(tollgate(&["serve"]).env("TOLLGATE_LISTEN_GRPC", &address));
    assert_eq!(code, Some(3));
    assert!(err.contains(&address) && err.contains("listen.grpc"), "{err}");
}

#[test]
fn metrics_prints_the_catalogue() {
    let (code, out, _) = output(&mut tollgate(&["metrics", "--format", "json"]));
    assert_eq!(code, Some(0));
    let families: Value = serde_json::from_str(&out).unwrap();
    assert!(families.as_array().unwrap().iter().any(|family| family["name"] == "llm_requests_total"));
    assert!(output(&mut tollgate(&["metrics"])).1.contains("`llm_requests_total`"));
}

#[test]
fn price_answers_each_line_in_order() {
    let mut process = tollgate(&["price", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let question =
        r#"{"provider":"openai","model":"gpt-4o","at":"2026-01-01T00:00:00Z","tokens":{"input":1000000}}"#;
    process.stdin.take().unwrap().write_all(format!("{question}\nnonsense\n").as_bytes()).unwrap();
    let mut out = String::new();
    process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["cost_usd"], "2.5");
    assert!(answers[1]["error"].is_string());
}

#[test]
fn explain_tells_a_person_by_default_and_a_program_on_request() {
    let request = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
        "spanId":"0102030405060708","name":"chat gpt-4o","kind":3,"startTimeUnixNano":"1760000000000000000",
        "endTimeUnixNano":"1760000001000000000","attributes":[
        {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
        {"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
        {"key":"gen_ai.response.model","value":{"stringValue":"gpt-4o-2024-08-06"}},
        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}},
        {"key":"gen_ai.usage.output_tokens","value":{"intValue":"100"}}]}]}]}]}"#;
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    file.write_all(request.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let (code, out, _) = output(&mut tollgate(&["explain", path]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("1. chat gpt-4o, openai") && out.contains("total = $0.0035"), "{out}");
    let (_, out, _) = output(&mut tollgate(&["explain", "--json", path]));
    let story: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(story["calls"][0]["cost_usd"], "0.0035");
}

#[test]
fn serve_answers_and_ends_well_on_sigterm() {
    let mut server = Server::start(&mut tollgate(&["serve"]));
    assert!(server.scrape().contains("tollgate_build_info"));
    server.signal("-TERM");
    server.log_line("stopped");
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reload_takes_what_it_can_and_names_what_needs_a_restart() {
    let file = file("log: {level: info}\n");
    let path = file.path().to_owned();
    let server = Server::start(&mut tollgate(&["serve", "--config", path.to_str().unwrap()]));
    std::fs::write(&path, "log: {level: debug}\nreceive: {max_connections: 9}\n").unwrap();
    server.signal("-HUP");
    let line = server.log_line("only after a restart");
    assert!(line.contains("receive.max_connections") && !line.contains("log.level"), "{line}");
    server.log_line("reload=true");
    assert!(server.scrape().contains("tollgate_config_last_reload_successful 1"));
}

/// Guarantees: a pipe where a file should be holds neither `check` nor a reload, which would wait for its writer.
#[test]
fn a_pipe_in_place_of_a_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let refused = |config: &str| {
        let (code, _, err) = output(&mut tollgate(&["check", "--config", config]));
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("not a regular file"), "{err}");
    };
    refused(&at("pipe"));
    for text in [
        "prices: {catalogue_file: pipe}",
        "listen: {grpc: {tokens_file: pipe}}",
        "listen: {grpc: {tls: {cert: pipe, key: pipe}}}",
        "service: {default: '${file:pipe}'}",
    ] {
        std::fs::write(at("t.yaml"), text).unwrap();
        refused(&at("t.yaml"));
    }
    std::fs::write(at("t.yaml"), "").unwrap();
    let server = Server::start(&mut tollgate(&["serve", "--config", &at("t.yaml")]));
    std::fs::remove_file(at("t.yaml")).unwrap();
    std::fs::rename(at("pipe"), at("t.yaml")).unwrap();
    server.signal("-HUP");
    assert!(server.log_line("refused").contains("not a regular file"));
    assert!(server.scrape().contains("tollgate_config_last_reload_successful 0"));
}

/// Scenario: an in-house client whose keys nobody knows; a file that teaches them; a signal. Guarantees: what came before
/// stays unread, what comes after is counted, without a restart.
#[test]
fn a_reload_teaches_a_vocabulary() {
    let file = file("settle_seconds: 0.1\n");
    let path = file.path().to_owned();
    let server = Server::start(&mut tollgate(&["serve", "--config", path.to_str().unwrap()]));
    let span = [("house.engine", Value::from("gpt-4o")), ("house.went", 7.into()), ("house.came", 3.into())];
    server.send(1, "house", &span);
    server.wait_for("tollgate_spans_total", "not_a_call", 1.0);
    let keys = "{house.engine: model, house.went: input, house.came: output}";
    let taught = format!(
        "settle_seconds: 0.1\nvocabulary: {{keys: {keys}, scopes: [{{scope: house, call: true}}]}}\n"
    );
    std::fs::write(&path, taught).unwrap();
    server.signal("-HUP");
    server.log_line("reload=true");
    server.send(2, "house", &span);
    server.wait_for("llm_tokens_total", "type=\"input\"", 7.0);
    assert!(server.scrape().contains("tollgate_config_last_reload_successful 1"));
}

/// Scenario: a call that states its cost in euros, and nobody says what a euro is. Guarantees: the euros are shown as
/// euros, and are no dollars.
#[test]
fn a_cost_in_another_currency_is_shown_as_what_it_is() {
    let server = Server::start(&mut tollgate(&["serve"]));
    let call = [
        ("gen_ai.operation.name", Value::from("chat")),
        ("gen_ai.provider.name", "acme".into()),
        ("gen_ai.request.model", "house-7b".into()),
        ("gen_ai.usage.cost.amount", 0.25.into()),
        ("gen_ai.usage.cost.currency", "EUR".into()),
    ];
    server.send(1, "acme", &call);
    server.wait_for("llm_reported_cost_total{", "currency=\"EUR\"", 0.25);
    let scrape = server.scrape();
    let dollars =
        scrape.lines().filter(|line| line.starts_with("llm_cost_usd_total{") && line.contains("house-7b"));
    assert!(dollars.filter(|line| !line.ends_with(" 0")).count() == 0, "{scrape}");
}

#[test]
fn a_broken_reload_changes_nothing_and_is_told() {
    let file = file("");
    let path = file.path().to_owned();
    let server = Server::start(&mut tollgate(&["serve", "--config", path.to_str().unwrap()]));
    std::fs::write(&path, "series: {max: none}\n").unwrap();
    server.signal("-HUP");
    let line = server.log_line("refused");
    assert!(line.contains("1:15") && line.contains("series.max"), "{line}");
    // Another one within the minute has its own line.
    std::fs::write(&path, "series: {max: 1}\nlog: {level: loud}\n").unwrap();
    server.signal("-HUP");
    let line = server.log_line("refused");
    assert!(line.contains("2:14") && line.contains("log.level"), "{line}");
    assert!(server.scrape().contains("tollgate_config_last_reload_successful 0"));
}

/// A span of HTTP to a provider, as OTLP/JSON.
fn http_span() -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    let attribute = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
    let request = serde_json::json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", "shop")]},
        "scopeSpans": [{
            "scope": {"name": "@opentelemetry/instrumentation-undici"},
            "spans": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "POST", "kind": 3,
                "startTimeUnixNano": "1795297280000000000", "endTimeUnixNano": "1795297281000000000",
                "attributes": [
                    attribute("http.request.method", "POST"),
                    attribute("url.full", "https://api.openai.com/v1/chat/completions"),
                ],
            }],
        }],
    }]});
    file.write_all(request.to_string().as_bytes()).unwrap();
    file
}

/// Guarantees: `doctor` on files names what is not seen and the line for that language, and exits 1.
#[test]
fn doctor_names_the_line_to_set_and_exits_blind() {
    let spans = http_span();
    let (code, out, err) = output(&mut tollgate(&["doctor", spans.path().to_str().unwrap()]));
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(
        out.contains("BLIND   http_only, 1 calls of shop by @opentelemetry/instrumentation-undici"),
        "{out}"
    );
    assert!(out.contains("npm install @opentelemetry/instrumentation-openai"), "{out}");
    assert!(err.starts_with("blind: "), "{err}");
}

/// Guarantees: a Tollgate to which nothing was sent is told apart from one that is well: exit code 2.
#[test]
fn doctor_asks_a_running_tollgate() {
    let server = Server::start(&mut tollgate(&["serve"]));
    let url = server.metrics.clone();
    let (code, out, err) = output(&mut tollgate(&["doctor", "--url", &url]));
    server.signal("-TERM");
    assert_eq!((code, err.trim()), (Some(2), "nothing has arrived"), "{out}");
    let (code, _, err) = output(&mut tollgate(&["doctor", "--url", "http://127.0.0.1:1/metrics"]));
    assert_eq!(code, Some(4), "{err}");
}
