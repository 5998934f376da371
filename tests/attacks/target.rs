//! The process under attack, as it is shipped but for its ports.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

#[derive(Debug)]
pub(crate) struct Target {
    process: Child,
    pub(crate) otlp: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

impl Target {
    pub(crate) fn start() -> Self {
        Self::limited("")
    }

    /// With so few files.
    pub(crate) fn with_files(files: usize) -> Self {
        Self::limited(&format!("ulimit -n {files};"))
    }

    /// Within the memory that the shipped unit allows: the kernel refuses a byte more of data, which ends the process.
    fn limited(more: &str) -> Self {
        let script = format!("ulimit -d 1048576; {more} exec \"$0\" \"$@\"");
        Self::start_by(Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_tollgate")]))
    }

    fn start_by(command: &mut Command) -> Self {
        for listener in ["GRPC", "HTTP", "METRICS"] {
            command.env(format!("TOLLGATE_LISTEN_{listener}"), "0.0.0.0:0");
        }
        let mut process = command
            .args(["serve"])
            .env("TOLLGATE_LOG_LEVEL", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut port = |label: &str| {
            let line = lines.find(|line| line.trim_start().starts_with(label)).expect("the banner");
            let address = line.trim_end_matches("/metrics");
            address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("a port")
        };
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (otlp, metrics) = (local(port("OTLP/HTTP")), local(port("metrics")));
        Self { process, otlp, metrics }
    }

    fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.process.id());
        std::fs::read_to_string(path).expect("it lives")
    }

    /// Most memory that was resident at any one time, in bytes.
    pub(crate) fn peak(&self) -> usize {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("KiB") * 1024
    }

    /// Of user and system.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = self.proc("stat");
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // Fields 14 and 15 of proc(5), in ticks of 10 ms; the third is the first behind the name.
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
