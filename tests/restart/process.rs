//! `tollgate serve` on a directory.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tollgate::clock::Stopwatch;

const PATIENCE: u64 = 30_000;

#[derive(Debug)]
pub(crate) struct Tollgate {
    process: Child,
    pub(crate) http: String,
    metrics: String,
}

/// A time that passes.
pub(crate) struct Pause(Stopwatch, Duration);

pub(crate) fn pause(milliseconds: u64) -> Pause {
    Pause(Stopwatch::start(), Duration::from_millis(milliseconds))
}

impl Pause {
    pub(crate) fn is_over(&self) -> bool {
        self.0.elapsed() > self.1
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).env("TOLLGATE_DATA_DIR", folder.join("data")).envs(
        [
            ("TOLLGATE_LISTEN_GRPC", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_HTTP", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_METRICS", "127.0.0.1:0"),
            ("TOLLGATE_SERIES_HOLD_SECONDS", "0"),
            ("TOLLGATE_SETTLE_SECONDS", "1"),
        ],
    );
    let configuration = folder.join("tollgate.yaml");
    if configuration.exists() {
        command.env("TOLLGATE_CONFIG", configuration);
    }
    command
}

/// What comes of it, once it does.
pub(crate) fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let waiting = pause(PATIENCE);
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(!waiting.is_over(), "it did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl Tollgate {
    pub(crate) fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut process =
            command(folder).arg("serve").envs(settings.iter().copied()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut address = |label: &str| {
            let line = lines.find(|line| line.trim_start().starts_with(label)).expect("the banner");
            line.split_whitespace().last().expect("an address").to_owned()
        };
        let (http, metrics) = (address("OTLP/HTTP"), address("metrics"));
        Self {
            process,
            http: format!("http://{http}"),
            metrics: metrics.trim_end_matches("/metrics").to_owned(),
        }
    }

    /// The same, once it has read what was kept.
    pub(crate) fn start_ready(folder: &Path) -> Self {
        let tollgate = Self::start(folder, &[]);
        tollgate.is_ready();
        tollgate
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn get(&self, path: &str, accept: &str) -> Option<(u16, String)> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("{}{path}", self.metrics)).header("Accept", accept).call().ok()?;
        let mut body = String::new();
        answer.body_mut().as_reader().read_to_string(&mut body).ok()?;
        Some((answer.status().as_u16(), body))
    }

    /// The document, if there is one now.
    pub(crate) fn scrape(&self) -> Option<String> {
        self.get("/metrics", "text/plain").filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    pub(crate) fn metrics(&self, accept: &str) -> String {
        self.get("/metrics", accept).expect("an answer").1
    }

    /// Waits until it has read what was kept.
    pub(crate) fn is_ready(&self) {
        let waiting = pause(PATIENCE);
        while self.get("/readyz", "*/*").is_none_or(|(status, _)| status != 200) {
            assert!(!waiting.is_over(), "not ready after {PATIENCE} ms");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Calls and dollars as they are shown.
    pub(crate) fn totals(&self) -> (f64, f64) {
        let document = self.metrics("text/plain");
        (value(&document, "llm_requests_total"), value(&document, "llm_cost_usd_total"))
    }

    /// Calls and dollars of the ledger.
    pub(crate) fn ledger(&self) -> (f64, f64) {
        self.spent("by=model,team")
    }

    /// What a subcommand says that asks this one.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = command(folder).args(arguments).args(["--url", &self.metrics]).output();
        let output = output.expect("the binary starts");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// The status of a form that is posted as a browser does.
    pub(crate) fn post(&self, path: &str, form: &str) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let form_type = "application/x-www-form-urlencoded";
        let sent = agent.post(format!("{}{path}", self.metrics)).header("Content-Type", form_type).send(form);
        sent.expect("an answer").status().as_u16()
    }

    /// Calls and dollars of the ledger that a question is for.
    pub(crate) fn spent(&self, question: &str) -> (f64, f64) {
        let path = format!("/api/v1/spend?from=2020-01-01&{question}");
        let (_, body) = self.get(&path, "application/json").expect("an answer");
        let said: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let dollars = said["total"]["cost_usd"].as_str().and_then(|text| text.parse().ok());
        (said["total"]["calls"].as_f64().expect("calls"), dollars.expect("dollars"))
    }

    /// Calls, once no span waits.
    pub(crate) fn settled(&self) -> f64 {
        let (waiting, mut last, mut same) = (pause(PATIENCE), -1.0, 0);
        loop {
            let document = self.metrics("text/plain");
            let calls = value(&document, "llm_requests_total");
            let idle = value(&document, "tollgate_settle_held_spans") == 0.0;
            same = if idle && calls == last { same + 1 } else { 0 };
            if same > 3 {
                return calls;
            }
            assert!(!waiting.is_over(), "spans still wait: {document}");
            last = calls;
            std::thread::sleep(Duration::from_millis(700));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }

    /// Ends it as a supervisor does; what it logged.
    pub(crate) fn end(self) -> String {
        self.signal("-TERM");
        self.ended()
    }

    /// Waits until it has ended; what it logged.
    pub(crate) fn ended(mut self) -> String {
        let mut log = String::new();
        self.process.stderr.take().expect("piped").read_to_string(&mut log).expect("text");
        assert!(self.process.wait().expect("ends").success(), "{log}");
        log
    }
}

impl Drop for Tollgate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The sum of a family.
pub(crate) fn value(document: &str, family: &str) -> f64 {
    let of = |line: &&str| line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let number = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
    document.lines().filter(of).filter_map(number).sum()
}

/// What a second process says on a directory that somebody has, and its exit code.
pub(crate) fn refused(folder: &Path) -> (Option<i32>, String) {
    let output = command(folder).arg("serve").output().expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `tollgate backup`.
/// What `forget` says.
pub(crate) fn forget(folder: &Path, whom: &str) -> String {
    let output = command(folder).args(["forget", whom]).output().expect("the binary starts");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub(crate) fn backup(folder: &Path, to: &Path) -> String {
    let output = command(folder).arg("backup").arg(to).output().expect("the binary starts");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}
