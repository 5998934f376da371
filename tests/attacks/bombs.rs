//! Bodies of some kilobytes that become as much as possible.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use tollgate::clock::Stopwatch;

use crate::{MIB, bodies, good, hold, target::Target, texts, whole};

/// At once, each from an address of its own: together they may have all the memory there is for bodies.
const AT_ONCE: u8 = 6;

/// One after the other for so long, in the whole form.
const LASTING: Duration = Duration::from_secs(3);

/// Inflated, as long as the default lets it be.
fn size() -> usize {
    if whole() { 20 * MIB } else { MIB / 4 }
}

fn post(own: u8, address: SocketAddr, kind: &str, packed: &[u8]) -> u16 {
    let mut stream = good::connect_from([127, 0, 1, own], address);
    let length = packed.len();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/{kind}\r\ncontent-encoding: gzip\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), packed].concat()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let head = String::from_utf8_lossy(&answer);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// Each element in turn, six at once.
fn bombs(kind: &str, all: &[(&'static str, Vec<u8>)], most: usize) {
    for (element, body) in all {
        let packed = bodies::gzip(body);
        // Each has a process of its own, whose peak is the assertion.
        let target = Target::start();
        let name = format!(
            "{AT_ONCE} x {} kB of {element} in {kind} ({} kB sent)",
            body.len() / 1000,
            packed.len() / 1000
        );
        hold(&name, &target, most, |target| {
            let started = Stopwatch::start();
            let one = |own| {
                let mut answers = Vec::new();
                while answers.is_empty() || (whole() && started.elapsed() < LASTING) {
                    answers.push(post(own, target.otlp, kind, &packed));
                }
                answers
            };
            let answers: Vec<u16> = std::thread::scope(|scope| {
                let sent: Vec<_> = (1..=AT_ONCE).map(|own| scope.spawn(move || one(own))).collect();
                sent.into_iter().flat_map(|sent| sent.join().expect("answered")).collect()
            });
            let of = |status| answers.iter().filter(|answer| **answer == status).count();
            println!(
                "  {} answers: 200 {}, 400 {}, 413 {}, 429 {}",
                answers.len(),
                of(200),
                of(400),
                of(413),
                of(429)
            );
            assert!(answers.iter().all(|answer| [200, 400, 413, 429].contains(answer)), "{answers:?}");
        });
    }
}

/// Guarantees: no element, however small, becomes more than the budget of bodies allows.
#[test]
fn every_element_of_protobuf() {
    bombs("x-protobuf", &bodies::protobuf(size()), 420);
}

#[test]
fn every_element_of_json() {
    bombs("json", &bodies::json(size()), 420);
}

/// Guarantees: a text that is read closely takes no longer than its length allows, whatever it is made of.
#[test]
fn texts_of_calls() {
    bombs("x-protobuf", &texts::of_calls(size()), 420);
}

/// Guarantees: what is remembered of names and ids is bounded.
#[test]
fn names_of_their_own() {
    bombs("x-protobuf", &texts::of_their_own(size()), 420);
}
