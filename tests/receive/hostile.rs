//! Whatever is sent, it gets its clear answer, it is counted, and the server goes on.

use std::{io::Write, net::Shutdown, time::Duration};

use http::Request;
use http_body_util::Full;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use prost::Message;
use tollgate::receive::{ReceiveEvent, ReceiveSettings};

use crate::{
    client::{
        EXPORT, GrpcAnswer, PATIENCE, call, connect, connect_http2, frame, gzip, head, over_http2, post,
        protobuf, read_answer, request, send, zstd,
    },
    server::Server,
};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

fn export(server: &Server, headers: &[(&'static str, &str)], body: Vec<u8>) -> GrpcAnswer {
    server.runtime.block_on(call(server.address, EXPORT, headers, body))
}

fn assert_alive(server: &Server) {
    assert_eq!(post(server.address, &[PROTOBUF], &protobuf(1)).status, 200);
    assert_eq!(export(server, &[], frame(false, &protobuf(1))).code, 0);
}

/// Bytes that look random, the same in every run (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    };
    std::iter::repeat_with(step).take(length).collect()
}

#[test]
fn random_bodies_are_answered_200_or_400() {
    let server = Server::start();
    for seed in 0..100 {
        let body = noise(seed, 1 + usize::try_from(seed).unwrap() * 7);
        for headers in [&[PROTOBUF][..], &[JSON], &[PROTOBUF, GZIP], &[JSON, ("content-encoding", "zstd")]] {
            let status = post(server.address, headers, &body).status;
            assert!(status == 400 || status == 200, "{status} for seed {seed}, {headers:?}");
        }
        let code = export(&server, &[], frame(false, &body)).code;
        assert!(code == 3 || code == 0, "{code} for seed {seed}");
    }
    assert_alive(&server);
}

#[test]
fn random_connections_end() {
    let server = Server::start();
    for seed in 0..50 {
        let mut stream = connect(server.address);
        stream.write_all(&noise(seed, 500)).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        // Whatever comes back, the end comes too: this would panic after a while.
        let mut rest = Vec::new();
        match std::io::Read::read_to_end(&mut stream, &mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    assert_alive(&server);
}

#[test]
fn a_body_cut_at_any_length_is_answered() {
    let server = Server::start();
    let whole = protobuf(2);
    for length in 0..whole.len() {
        let cut = &whole[..length];
        let plain = post(server.address, &[PROTOBUF], cut).status;
        assert!(plain == 400 || plain == 200, "{plain} at {length}");
        let cut_json = &serde_json::to_vec(&request(2)).unwrap()[..length];
        assert_eq!(post(server.address, &[JSON], cut_json).status, 400, "JSON at {length}");
        let code = export(&server, &[], frame(false, &whole)[..length + 5].to_vec()).code;
        assert_eq!(code, 3, "gRPC at {length}");
    }
    assert_alive(&server);
}

#[test]
fn a_compressed_body_cut_at_any_length_is_400() {
    let server = Server::start();
    for (name, packed) in [("gzip", gzip(&protobuf(3))), ("zstd", zstd(&protobuf(3)))] {
        for length in 1..packed.len() {
            let status =
                post(server.address, &[PROTOBUF, ("content-encoding", name)], &packed[..length]).status;
            assert_eq!(status, 400, "{name} at {length}");
        }
    }
    assert_eq!(server.spans(), 0);
}

#[test]
fn a_client_that_leaves_within_a_body_is_counted() {
    let server = Server::start();
    let mut stream = connect(server.address);
    stream.write_all(head(&[PROTOBUF], 1000).as_bytes()).unwrap();
    stream.write_all(&[10; 100]).unwrap();
    drop(stream);
    server.wait_for("disconnected", |event| matches!(event, ReceiveEvent::Request(_)));
    assert_eq!(server.reasons(), ["disconnected"]);
    assert_eq!(server.requests()[0].wire_bytes, 100);
    assert_alive(&server);
}

#[test]
fn a_span_with_ten_thousand_attributes_and_a_megabyte_of_text_is_taken() {
    let server = Server::start();
    let mut request = request(1);
    let text =
        |length: usize| Some(AnyValue { value: Some(any_value::Value::StringValue("x".repeat(length))) });
    let attributes = (0..10_000)
        .map(|index| KeyValue { key: format!("key.{index}"), value: text(10), ..KeyValue::default() })
        .chain([KeyValue { key: "prompt".to_owned(), value: text(1 << 20), ..KeyValue::default() }]);
    request.resource_spans[0].scope_spans[0].spans[0].attributes = attributes.collect();
    let body = request.encode_to_vec();
    assert_eq!(post(server.address, &[PROTOBUF], &body).status, 200);
    assert_eq!(post(server.address, &[PROTOBUF, GZIP], &gzip(&body)).status, 200);
    assert_eq!(post(server.address, &[JSON], &serde_json::to_vec(&request).unwrap()).status, 200);
    assert_eq!(export(&server, &[], frame(false, &body)).code, 0);
    assert_eq!(server.spans(), 4);
}

fn small() -> ReceiveSettings {
    ReceiveSettings { max_request_bytes: 10_000, max_inflated_bytes: 50_000, ..ReceiveSettings::default() }
}

#[test]
fn longer_than_the_cap_on_the_wire_is_413_and_not_to_be_retried() {
    let server = Server::with(small());
    let answer = post(server.address, &[JSON], &vec![b' '; 10_001]);
    assert_eq!(answer.status, 413);
    assert!(!answer.headers.contains_key("retry-after"));
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("10000 bytes on the wire"), "{message}");

    let answer = export(&server, &[], frame(false, &vec![0; 10_001]));
    let status = tonic::Status::from_header_map(&answer.fields).unwrap();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert!(status.details().is_empty(), "RetryInfo would make clients retry");
    assert_eq!(server.reasons(), ["too_large"; 2]);
}

#[test]
fn longer_than_the_cap_once_inflated_is_413() {
    let server = Server::with(small());
    let zeros = vec![0; 50_001];
    for (name, packed) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        let answer = post(server.address, &[JSON, ("content-encoding", name)], &packed);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 413);
        assert!(message.contains("50000 bytes once inflated"), "{message}");
        assert_eq!(export(&server, &[("grpc-encoding", name)], frame(true, &packed)).code, 8);
    }
    let exactly = gzip(&vec![0; 50_000]);
    assert_eq!(
        post(server.address, &[JSON, GZIP], &exactly).status,
        400,
        "as long as the cap is not too long"
    );
}

#[test]
fn a_chunked_body_is_taken_and_capped_without_a_declared_length() {
    let server = Server::with(small());
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let body = protobuf(2);
    let mut stream = connect(server.address);
    write!(stream, "{head}{:x}\r\n", body.len()).unwrap();
    stream.write_all(&body).unwrap();
    stream.write_all(b"\r\n0\r\n\r\n").unwrap();
    assert_eq!(read_answer(&mut stream).status, 200);

    write!(stream, "{head}").unwrap();
    for _ in 0..11 {
        write!(stream, "3e8\r\n{}\r\n", "x".repeat(1000)).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(read_answer(&mut stream).status, 413);
    assert_eq!(server.reasons(), ["too_large"]);
}

#[test]
fn a_refusal_leaves_the_connection_usable_even_if_the_body_was_not_wanted() {
    let server = Server::start();
    let mut stream = connect(server.address);
    for (headers, status) in [
        (&[("content-type", "text/plain")][..], 415),
        (&[PROTOBUF, ("content-encoding", "br")], 415),
        (&[PROTOBUF], 200),
    ] {
        let body = protobuf(1000);
        stream.write_all(head(headers, body.len()).as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        assert_eq!(read_answer(&mut stream).status, status);
    }
}

#[test]
fn both_protocols_share_a_port_and_http_2_carries_either() {
    let server = Server::start();
    let request = Request::post(format!("http://{}/v1/traces", server.address))
        .header(PROTOBUF.0, PROTOBUF.1)
        .body(Full::from(protobuf(1)))
        .unwrap();
    let (head, _) = server.runtime.block_on(over_http2(server.address, request));
    assert_eq!(head.status, 200);
    assert_alive(&server);
}

// === Slowness ===

fn hasty() -> ReceiveSettings {
    let soon = Duration::from_secs(1);
    ReceiveSettings { request_timeout: soon, idle_timeout: soon, ..ReceiveSettings::default() }
}

#[test]
fn a_body_that_stalls_is_408() {
    let server = Server::with(hasty());
    let mut stream = connect(server.address);
    stream.write_all(head(&[JSON], 1000).as_bytes()).unwrap();
    stream.write_all(b"{").unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!((answer.status, &*answer.headers["connection"]), (408, "close"));
    assert_eq!(server.reasons(), ["timeout"]);
    assert_alive(&server);
}

#[test]
fn a_grpc_message_that_stalls_is_deadline_exceeded() {
    let server = Server::with(hasty());
    let code = server.runtime.block_on(async {
        let (sender, body) = tokio::sync::mpsc::channel::<Result<_, std::convert::Infallible>>(1);
        let body = http_body_util::StreamBody::new(futures_util::stream::unfold(body, async |mut body| {
            body.recv().await.map(|frame| (frame, body))
        }));
        sender.send(Ok(http_body::Frame::data(bytes::Bytes::from_static(b"\0\0\0\0\x09")))).await.unwrap();
        let mut client = connect_http2(server.address).await;
        let request = Request::post(format!("http://{}{EXPORT}", server.address))
            .header("content-type", "application/grpc")
            .body(Box::pin(body))
            .unwrap();
        let response = client.send_request(request).await.unwrap();
        drop(sender);
        response.headers()["grpc-status"].to_str().unwrap().to_owned()
    });
    assert_eq!(code, "4");
    assert_alive(&server);
}

#[test]
fn a_connection_that_says_nothing_or_only_half_a_head_is_closed_and_counted() {
    let server = Server::with(hasty());
    for said in ["", "PRI * HT", "POST /v1/traces HTTP/1.1\r\nhost: x\r\n"] {
        let before = server.events().iter().filter(|event| **event == ReceiveEvent::ConnectionIdle).count();
        let mut stream = connect(server.address);
        stream.write_all(said.as_bytes()).unwrap();
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut rest).unwrap();
        let idle = || server.events().iter().filter(|event| **event == ReceiveEvent::ConnectionIdle).count();
        server.wait_until("a connection is counted as idle", || idle() > before);
    }
    assert_alive(&server);
}

/// Guarantees: a connection ends when it is old, by whatever protocol, and what is under way on it is finished.
#[test]
fn a_connection_ends_when_it_is_old() {
    let settings = ReceiveSettings { max_age: Duration::from_secs(5), ..ReceiveSettings::default() };
    let server = Server::with(settings);
    let mut stream = connect(server.address);
    let body = protobuf(1);
    stream.write_all(head(&[PROTOBUF, ("expect", "100-continue")], body.len()).as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 100);
    let mut idle = connect(server.address);
    idle.write_all(head(&[PROTOBUF], body.len()).as_bytes()).unwrap();
    idle.write_all(&body).unwrap();
    assert_eq!(read_answer(&mut idle).status, 200);
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut idle, &mut rest).unwrap();
    assert_eq!(rest, b"");
    // That one was younger than this.
    stream.write_all(&body).unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!((answer.status, &*answer.headers["connection"]), (200, "close"));

    server.runtime.block_on(async {
        let mut client = connect_http2::<Full<bytes::Bytes>>(server.address).await;
        let closed = async {
            while client.ready().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("told to go");
    });
    assert_alive(&server);
}

// === Crowds ===

#[test]
fn for_a_connection_over_the_limit_the_longest_silent_one_is_closed() {
    let server = Server::with(ReceiveSettings { max_connections: 1, ..ReceiveSettings::default() });
    let mut first = connect(server.address);
    let body = protobuf(1);
    first.write_all(head(&[PROTOBUF], body.len()).as_bytes()).unwrap();
    first.write_all(&body).unwrap();
    assert_eq!(read_answer(&mut first).status, 200);

    let mut second = connect(server.address);
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut first, &mut rest).unwrap();
    server.wait_for("evicted", |event| *event == ReceiveEvent::ConnectionEvicted);
    second.write_all(head(&[PROTOBUF], body.len()).as_bytes()).unwrap();
    second.write_all(&body).unwrap();
    assert_eq!(read_answer(&mut second).status, 200);
    assert_eq!(post(server.address, &[PROTOBUF], &body).status, 200);
}

#[test]
fn a_thousand_connections_each_send_one_span() {
    let server = Server::start();
    let mut streams: Vec<_> = (0..1000).map(|_| connect(server.address)).collect();
    let body = protobuf(1);
    for stream in &mut streams {
        stream.write_all(head(&[PROTOBUF], body.len()).as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
    }
    for stream in &mut streams {
        assert_eq!(read_answer(stream).status, 200);
    }
    assert_eq!(server.spans(), 1000);
}

#[test]
fn a_head_without_end_is_431() {
    let server = Server::start();
    let long = "x".repeat(100_000);
    let answer = send(server.address, "POST", "/v1/traces", &[("x-long", &long)], b"");
    assert_eq!(answer.status, 431);
}
