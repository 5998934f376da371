//! `tollgate serve` as a process on ports that the system chooses.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use tollgate::clock::Stopwatch;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
/// For what happens within a second on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    /// Reads what it writes to standard error, to its end: a full pipe would stop the server.
    log: Option<JoinHandle<String>>,
    pub(crate) grpc: String,
    pub(crate) http: String,
    /// Where the metrics and the status page are, without a path.
    pub(crate) metrics: String,
}

/// Status and body of an HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As text, whatever its encoding.
    pub(crate) body: String,
}

impl Server {
    /// It logs at `debug`, settles and shows at once.
    pub(crate) fn start(config: Option<&Path>) -> Self {
        Self::start_with(config, &[])
    }

    /// The same, with these variables besides.
    pub(crate) fn start_with(config: Option<&Path>, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::piped()).envs([
            ("TOLLGATE_LISTEN_GRPC", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_HTTP", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_METRICS", "127.0.0.1:0"),
            ("TOLLGATE_SERIES_HOLD_SECONDS", "0"),
            ("TOLLGATE_SETTLE_SECONDS", "0"),
            ("TOLLGATE_LOG_LEVEL", "debug"),
        ]);
        command.envs(variables.iter().copied());
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let mut process = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut address = |label: &str| {
            let line = lines.find(|line| line.trim_start().starts_with(label)).expect("the banner");
            line.split_whitespace().last().expect("an address").to_owned()
        };
        let (grpc, http, metrics) = (address("OTLP/gRPC"), address("OTLP/HTTP"), address("metrics"));
        let mut stderr = process.stderr.take().expect("piped");
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).expect("readable");
            String::from_utf8_lossy(&log).into_owned()
        });
        let server = Self {
            process,
            log: Some(log),
            grpc: format!("http://{grpc}"),
            http: format!("http://{http}"),
            metrics: metrics.trim_end_matches("/metrics").to_owned(),
        };
        server.wait_until_ready();
        server
    }

    /// With a `data_dir` it reads that first. (A guarded port and a socket are asked by their own tests.)
    fn wait_until_ready(&self) {
        let waiting = Stopwatch::start();
        while self.metrics.starts_with("http://") && self.get("/readyz", "text/plain").status != 200 {
            assert!(waiting.elapsed() < PATIENCE, "not ready after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn get(&self, path: &str, accept: &str) -> Answer {
        let request = agent().get(format!("{}{path}", self.metrics)).header("Accept", accept);
        answer(request.call())
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = agent().post(format!("{}{path}", self.http));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        answer(request.send(body))
    }

    pub(crate) fn traces(&self, content_type: &str, body: &[u8]) -> Answer {
        self.post("/v1/traces", &[("Content-Type", content_type)], body)
    }

    /// Sends over HTTP, and expects it to be taken.
    pub(crate) fn send(&self, request: &ExportTraceServiceRequest) {
        let answer = self.traces(PROTOBUF, &request.encode_to_vec());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Sends over gRPC, and expects it to be taken.
    pub(crate) fn send_grpc(&self, request: &ExportTraceServiceRequest) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut client = TraceServiceClient::connect(self.grpc.clone()).await.expect("connects");
            client.export(request.clone()).await.expect("accepted");
        });
    }

    /// The document once all that was sent is counted.
    pub(crate) fn settled(&self) -> String {
        let waiting = Stopwatch::start();
        // Twice, since a series is announced as 0 before it shows its value; all who come within a second read one
        // document.
        for _ in 0..2 {
            while self.get("/metrics", "text/plain").value("tollgate_settle_held_spans") != Some(0.0) {
                assert!(waiting.elapsed() < PATIENCE, "spans still wait after {PATIENCE:?}");
                std::thread::sleep(Duration::from_millis(200));
            }
            std::thread::sleep(Duration::from_millis(1100));
        }
        self.get("/metrics", "text/plain").body
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    }

    /// Ends it as a supervisor does; all that it wrote to standard error.
    pub(crate) fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        Command::new("kill").arg(&id).status().expect("kill runs");
        let log = self.log.take().expect("stopped once").join().expect("read");
        assert!(self.process.wait().expect("ends").success(), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        value(&self.body, series)
    }
}

/// The value of a series, written as in the document.
pub(crate) fn value(document: &str, series: &str) -> Option<f64> {
    let line = document.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// Sends nothing over gRPC to this endpoint; the code of the answer.
pub(crate) fn export_to(endpoint: &str) -> i32 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut client = TraceServiceClient::connect(endpoint.to_owned()).await.expect("connects");
        let answer = client.export(ExportTraceServiceRequest::default()).await;
        answer.map_or_else(|status| status.code() as i32, |_| 0)
    })
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

fn answer(answer: Result<http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.expect("an answer");
    let mut body = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut body).expect("a body");
    Answer { status: answer.status().as_u16(), body: String::from_utf8_lossy(&body).into_owned() }
}
