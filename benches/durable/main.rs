//! What keeping costs: the built binary with and without `data_dir`, in turns, and how long a start takes after a kill.
//!
//! `cargo bench --bench durable -- [SECONDS [THREADS [CALLS]]]` writes tab-separated rows. Clients on the same machine send
//! requests of `CALLS` calls over HTTP, each waits for its answer; CPU and bytes are the server's own, from `/proc`.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a bench stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "its rows")]

mod load;
mod server;

use std::time::Duration;

use load::Load;
use server::Server;
use tollgate::clock::Stopwatch;

/// Spans of the last 15 minutes at 20,000 a second.
const IDENTITIES: usize = 18_000_000;

fn main() {
    // Cargo passes `--bench`.
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let number = |at: usize, default| numbers.get(at).copied().unwrap_or(default);
    let load = Load {
        length: Duration::from_secs(number(0, 60) as u64),
        threads: number(1, 64),
        calls: number(2, 10),
    };
    println!(
        "data_dir\tround\tcalls\trefused\tcalls_per_second\tp50_ms\tp99_ms\tcpu_s_per_million\tbytes_per_call"
    );
    for round in 1..=2 {
        for durability in ["none", "acknowledged", "relaxed"] {
            measure(durability, round, &load);
        }
    }
    restart(&load);
}

fn measure(durability: &str, round: u32, load: &Load) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), durability);
    server.is_ready();
    let (cpu, written) = (server.cpu_seconds(), server.written_bytes());
    let result = load.run(&server.http);
    let calls = result.calls as f64;
    println!(
        "{durability}\t{round}\t{calls}\t{}\t{:.0}\t{:.1}\t{:.1}\t{:.1}\t{:.0}",
        result.refused,
        calls / load.length.as_secs_f64(),
        result.milliseconds(0.5),
        result.milliseconds(0.99),
        (server.cpu_seconds() - cpu) / calls * 1e6,
        (server.written_bytes() - written) as f64 / calls,
    );
}

/// Under load, killed, with a full memory, started again.
fn restart(load: &Load) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "acknowledged");
    server.is_ready();
    let few = Load { length: Duration::from_secs(12), ..*load };
    let calls = few.run(&server.http).calls;
    server.kill();
    println!("\nkilled_after_calls\tidentities\tdata_bytes\tready_after_s");
    for identities in [0, IDENTITIES] {
        server::remember(folder.path(), identities);
        let bytes = server::bytes(folder.path());
        let stopwatch = Stopwatch::start();
        let server = Server::start(folder.path(), "acknowledged");
        server.is_ready();
        println!("{calls}\t{identities}\t{bytes}\t{:.2}", stopwatch.seconds());
        server.kill();
    }
}
