//! The built binary as a process, and its directory.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, params};
use tollgate::clock::Stopwatch;
use tollgate::compact::{Writer, sum};

#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) http: String,
    ready: String,
}

impl Server {
    /// `none` for no directory, else the durability.
    pub(crate) fn start(folder: &Path, durability: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::null()).envs([
            ("TOLLGATE_LISTEN_GRPC", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_HTTP", "127.0.0.1:0"),
            ("TOLLGATE_LISTEN_METRICS", "127.0.0.1:0"),
            ("TOLLGATE_LOG_LEVEL", "error"),
        ]);
        if durability != "none" {
            command.env("TOLLGATE_DATA_DIR", folder.join("data")).env("TOLLGATE_DURABILITY", durability);
        }
        let mut process = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut address = |label: &str| {
            let line = lines.find(|line| line.trim_start().starts_with(label)).expect("the banner");
            line.split_whitespace().last().expect("an address").to_owned()
        };
        let (http, metrics) = (address("OTLP/HTTP"), address("metrics"));
        Self { process, http: format!("http://{http}"), ready: metrics.replace("/metrics", "/readyz") }
    }

    pub(crate) fn is_ready(&self) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let waiting = Stopwatch::start();
        while agent.get(&self.ready).call().map_or(true, |answer| answer.status().as_u16() != 200) {
            assert!(waiting.elapsed() < Duration::from_secs(120), "not ready after two minutes");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// User and system, from `/proc`; a tick is a hundredth.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let after = stat.rsplit(')').next().unwrap();
        let fields: Vec<&str> = after.split_whitespace().collect();
        (11..13).map(|at| fields[at].parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }

    /// Handed to the disk.
    pub(crate) fn written_bytes(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.process.id())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap().parse().unwrap()
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Adds so many spans of the last fifteen minutes, a second each, with parents and answers as many as are kept.
pub(crate) fn remember(folder: &Path, identities: usize) {
    if identities == 0 {
        return;
    }
    let connection = Connection::open(folder.join("data/tollgate.db")).unwrap();
    let now: i64 = connection.query_row("SELECT now FROM snapshot", (), |row| row.get(0)).unwrap();
    let transaction = connection.unchecked_transaction().unwrap();
    // They are read in the order in which they were written.
    transaction.execute("UPDATE memory SET id = id + 1000000", ()).unwrap();
    let (seconds, mut next, mut id) = (899, 1_u64, 0);
    let mut random = || {
        next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        next ^ next >> 29
    };
    for second in 0..seconds {
        let at = now - (seconds - second) * 1_000_000_000;
        for (kind, more) in [(0_u8, 0), (1, 9), (2, 29)] {
            let mut out = Writer::default();
            // The others are kept in 128 and 64 MiB.
            let few = [1, 2, 7][usize::from(kind)];
            let mut hashes: Vec<u64> = (0..identities / seconds as usize / few).map(|_| random()).collect();
            // As settle writes what it has noted.
            hashes.sort_unstable();
            for hash in hashes {
                out.hash(hash);
                out.raw(&[0; 29][..more]);
            }
            let (blob, sql) = (out.into_bytes(), "INSERT INTO memory VALUES (?1, ?2, ?3, ?4, ?5)");
            id += 1;
            transaction.execute(sql, params![id, kind, at, sum(&blob), blob]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// Bytes of all files.
pub(crate) fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("data")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}
