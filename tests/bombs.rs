//! Bodies of a few megabytes that inflate to ten gigabytes, and other ways to make a receiver allocate.
//! In a process of its own, whose peak memory is the assertion.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

#[path = "receive/client.rs"]
#[allow(dead_code, reason = "shared with tests/receive, which uses all of it")]
mod client;
#[path = "receive/server.rs"]
#[allow(dead_code, reason = "shared with tests/receive, which uses all of it")]
mod server;

use std::io::Write;

use client::{EXPORT, call, frame, gzip, post};
use server::Server;
use tollgate::receive::ReceiveSettings;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const GIB: u64 = 1 << 30;
const MIB: usize = 1 << 20;
/// Far above what one request may hold (20 MiB sent and 64 MiB inflated), far below any bomb.
const BOUND: usize = 200 * MIB;

/// Peak resident memory of this process, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// One gzip member of ten gigabytes of zeros: a piece of deflate that ends on a byte, over and over.
fn gzip_bomb() -> Vec<u8> {
    let piece = deflated_piece();
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for _ in 0..10 * GIB / (MIB as u64) {
        bomb.extend(&piece);
    }
    // The last block, empty. No checksum: nobody gets that far.
    bomb.extend([3, 0]);
    bomb
}

/// A mebibyte of zeros, deflated and flushed to a byte.
fn deflated_piece() -> Vec<u8> {
    let mut piece = Vec::with_capacity(MIB);
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    deflate.compress_vec(&vec![0; MIB], &mut piece, flate2::FlushCompress::Full).unwrap();
    piece
}

/// Frames of zstd, ten gigabytes of zeros together.
fn zstd_bomb() -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let zeros = vec![0; MIB];
    for _ in 0..64 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap().repeat(usize::try_from(10 * GIB).unwrap() / (64 * MIB))
}

/// A zstd frame that declares a window of 2 GiB and then has little to say.
fn zstd_window() -> Vec<u8> {
    // Magic; no flags; window descriptor: exponent 21, that is 2^(10+21) bytes; a last raw block of 1 byte.
    vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x09, 0x00, 0x00, b'x']
}

/// One test, since peak memory is of the process: the steps share it.
#[test]
fn no_body_makes_the_process_grow() {
    let settings = ReceiveSettings::default();
    let (gzipped, zstandard) = (gzip_bomb(), zstd_bomb());
    let nested = gzip(&gzipped);
    let window = zstd_window();
    let server = Server::with(settings);
    let before = peak();
    for (name, bomb, status) in [
        ("gzip", &gzipped, 413),
        ("zstd", &zstandard, 413),
        // The layer within is not undone: its bytes are no protobuf.
        ("gzip", &nested, 400),
        ("zstd", &window, 400),
    ] {
        let answer = post(server.address, &[PROTOBUF, ("content-encoding", name)], bomb);
        assert_eq!(answer.status, status, "HTTP {name} of {} bytes", bomb.len());
        let encoding = [("grpc-encoding", name)];
        let answer = server.runtime.block_on(call(server.address, EXPORT, &encoding, frame(true, bomb)));
        let code = if status == 413 { 8 } else { 3 };
        assert_eq!(answer.code, code, "gRPC {name} of {} bytes: {}", bomb.len(), answer.message);
        println!("{name}, {} bytes: peak {} MiB above {}", bomb.len(), (peak() - before) / MIB, before / MIB);
    }
    assert!(peak() - before < BOUND, "grew by {} MiB", (peak() - before) / MIB);

    // Many at once share one budget.
    let budget = ReceiveSettings::default().max_in_flight_bytes;
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let answer = post(server.address, &[PROTOBUF, ("content-encoding", "gzip")], &gzipped);
                assert!([413, 429].contains(&answer.status), "{}", answer.status);
            });
        }
    });
    println!("16 at once: peak {} MiB above {}", (peak() - before) / MIB, before / MIB);
    assert!(peak() - before < budget + BOUND, "grew by {} MiB", (peak() - before) / MIB);
    assert_eq!(post(server.address, &[PROTOBUF], &client::protobuf(1)).status, 200);
}
