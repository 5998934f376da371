//! OTLP/HTTP: each answer of the specification, and what it tells the client to do.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::json;
use tollgate::receive::{Refused, proto::status::Status};

use crate::{
    client::{deflate, gzip, half_bad, post, protobuf, request, send, zstd},
    server::Server,
};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn protobuf_is_answered_in_protobuf_and_nothing_rejected_is_left_unset() {
    let server = Server::start();
    let answer = post(server.address, &[PROTOBUF], &protobuf(3));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/x-protobuf");
    let response = ExportTraceServiceResponse::decode(&*answer.body).unwrap();
    assert_eq!(response.partial_success, None);
    assert_eq!(server.spans(), 3);
}

#[test]
fn json_is_answered_in_json_whatever_its_charset_parameter() {
    let server = Server::start();
    let body = serde_json::to_vec(&request(2)).unwrap();
    for content_type in
        ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
    {
        let answer = post(server.address, &[("content-type", content_type)], &body);
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{content_type}");
    }
    assert_eq!(server.spans(), 6);
}

#[test]
fn every_compression_is_inflated_and_counted_before_and_after() {
    let server = Server::start();
    let body = protobuf(100);
    for (name, packed) in [
        ("identity", body.clone()),
        ("gzip", gzip(&body)),
        ("x-gzip", gzip(&body)),
        ("zstd", zstd(&body)),
        ("deflate", deflate(&body)),
    ] {
        let answer = post(server.address, &[PROTOBUF, ("content-encoding", name)], &packed);
        assert_eq!(answer.status, 200, "{name}");
        let event = server.requests().pop().unwrap();
        assert_eq!(event.compression.unwrap().label(), name.trim_start_matches("x-"));
        assert_eq!((event.wire_bytes, event.inflated_bytes), (packed.len() as u64, body.len() as u64));
    }
    assert_eq!(server.spans(), 500);
}

#[test]
fn malformed_spans_are_a_partial_success_in_the_encoding_of_the_request() {
    let server = Server::start();
    let answer = post(server.address, &[PROTOBUF], &half_bad().encode_to_vec());
    let partial = ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        (partial.rejected_spans, &*partial.error_message),
        (1, "trace id must be 16 bytes, not all zero")
    );

    let answer = post(server.address, &[JSON], &serde_json::to_vec(&half_bad()).unwrap());
    let partial = json!({"rejectedSpans": "1", "errorMessage": "trace id must be 16 bytes, not all zero"});
    assert_eq!((answer.status, answer.json()), (200, json!({"partialSuccess": partial})));
}

#[test]
fn a_malformed_request_is_400_with_a_status_in_the_encoding_of_the_request() {
    let server = Server::start();
    let answer = post(server.address, &[PROTOBUF], b"\xff\xff\xff");
    let status = Status::decode(&*answer.body).unwrap();
    assert_eq!((answer.status, status.code), (400, 3));
    assert_eq!(status.details[0].type_url, "type.googleapis.com/google.rpc.BadRequest");
    assert!(!status.message.is_empty());

    let answer = post(server.address, &[JSON], b"{\"resourceSpans\":3}");
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)));
    assert_eq!(server.reasons(), ["malformed", "malformed"]);
}

#[test]
fn a_body_that_is_not_compressed_as_it_says_is_400() {
    let server = Server::start();
    for name in ["gzip", "zstd", "deflate"] {
        let answer = post(server.address, &[JSON, ("content-encoding", name)], b"not compressed at all");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400);
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn an_unknown_content_type_is_415_and_says_which_are_known() {
    let server = Server::start();
    for headers in [&[("content-type", "text/plain")][..], &[], &[("content-type", "application/grpc-web")]] {
        let answer = post(server.address, headers, &protobuf(1));
        assert_eq!(answer.status, 415);
        assert_eq!(answer.headers["accept"], "application/x-protobuf, application/json");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("application/x-protobuf, application/json"), "{message}");
    }
    assert_eq!(server.reasons(), ["unsupported_media_type"; 3]);
}

#[test]
fn an_unknown_or_doubled_compression_is_415_and_says_which_are_known() {
    let server = Server::start();
    for name in ["br", "gzip, gzip"] {
        let answer = post(server.address, &[JSON, ("content-encoding", name)], &protobuf(1));
        assert_eq!(answer.status, 415);
        assert_eq!(answer.headers["accept-encoding"], "identity,gzip,zstd,deflate");
    }
    assert_eq!(server.reasons(), ["unsupported_encoding"; 2]);
}

#[test]
fn other_signals_are_404_with_the_variable_that_switches_them_off() {
    let server = Server::start();
    for (path, word) in [
        ("/v1/metrics", "OTEL_METRICS_EXPORTER=none"),
        ("/v1/logs", "OTEL_LOGS_EXPORTER=none"),
        ("/v1development/profiles", "profiles"),
    ] {
        let answer = send(server.address, "POST", path, &[PROTOBUF], b"\x0a\x00");
        let status = Status::decode(&*answer.body).unwrap();
        assert_eq!((answer.status, status.code), (404, 12), "{path}");
        assert!(status.message.contains(word), "{}", status.message);
    }
    assert_eq!(server.reasons(), ["wrong_signal"; 3]);
}

#[test]
fn another_path_is_404_with_the_right_one() {
    let server = Server::start();
    let answer = send(server.address, "POST", "/", &[JSON], b"{}");
    assert_eq!(answer.status, 404);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("/v1/traces"), "{message}");
}

#[test]
fn another_method_is_405_with_allow() {
    let server = Server::start();
    let answer = send(server.address, "GET", "/v1/traces", &[], b"");
    assert_eq!((answer.status, &*answer.headers["allow"]), (405, "POST"));
    assert_eq!(server.reasons(), ["wrong_method"]);
}

#[test]
fn busy_is_429_with_retry_after_rounded_up() {
    let server = Server::start();
    let retry_after = std::time::Duration::from_millis(2500);
    *server.intake.refusal.lock().unwrap() = Some(Refused::Busy { retry_after });
    let answer = post(server.address, &[JSON], b"{}");
    assert_eq!((answer.status, &*answer.headers["retry-after"]), (429, "3"));
    let detail = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.500000000s"});
    assert_eq!(answer.json()["details"], json!([detail]));
    assert_eq!(server.reasons(), ["queue_full"]);
}

#[test]
fn shutting_down_is_503_with_retry_after() {
    let server = Server::start();
    *server.intake.refusal.lock().unwrap() = Some(Refused::ShuttingDown);
    let answer = post(server.address, &[JSON], b"{}");
    assert_eq!((answer.status, answer.headers.contains_key("retry-after")), (503, true));

    *server.intake.refusal.lock().unwrap() = None;
    *server.intake.away.lock().unwrap() = true;
    assert_eq!(post(server.address, &[JSON], b"{}").status, 503);
    assert_eq!(server.reasons(), ["shutting_down"; 2]);
}

/// Guarantees: a fault of ours costs the request that meets it; the next on the same server is taken.
#[test]
fn a_panic_is_500_and_costs_one_request() {
    let server = Server::start();
    *server.intake.panics.lock().unwrap() = true;
    let answer = post(server.address, &[JSON], b"{}");
    assert_eq!(answer.status, 500);
    assert!(answer.json()["message"].as_str().unwrap().contains("fault of Tollgate"));
    assert_eq!(post(server.address, &[JSON], b"{}").status, 200);
    assert_eq!(server.reasons(), ["internal"]);
}

#[test]
fn an_empty_request_is_a_success() {
    let server = Server::start();
    assert_eq!(post(server.address, &[PROTOBUF], b"").status, 200);
    assert_eq!(post(server.address, &[JSON], b"{}").status, 200);
}
