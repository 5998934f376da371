//! OTLP/gRPC: each answer of the specification, and what it tells the client to do.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tollgate::receive::{
    Refused,
    proto::status::{RetryInfo, Status},
};

use crate::{
    client::{EXPORT, GrpcAnswer, call, deflate, frame, gzip, half_bad, protobuf, zstd},
    server::Server,
};

const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;

fn export(server: &Server, headers: &[(&'static str, &str)], body: Vec<u8>) -> GrpcAnswer {
    server.runtime.block_on(call(server.address, EXPORT, headers, body))
}

/// The `google.rpc.Status` in `grpc-status-details-bin`.
fn details(answer: &GrpcAnswer) -> Status {
    let status = tonic::Status::from_header_map(&answer.fields).unwrap();
    Status::decode(status.details()).unwrap()
}

#[test]
fn every_compression_is_taken_and_flagless_messages_are_not_inflated() {
    let server = Server::start();
    let message = protobuf(10);
    for (name, body) in [
        ("identity", frame(false, &message)),
        ("gzip", frame(true, &gzip(&message))),
        ("zstd", frame(true, &zstd(&message))),
        ("deflate", frame(true, &deflate(&message))),
        ("gzip", frame(false, &message)),
    ] {
        let answer = export(&server, &[("grpc-encoding", name)], body);
        assert_eq!(answer.code, OK, "{name}: {}", answer.message);
        let response = ExportTraceServiceResponse::decode(answer.data.slice(5..)).unwrap();
        assert_eq!(response.partial_success, None);
    }
    assert_eq!(server.spans(), 50);
}

#[test]
fn malformed_spans_are_a_partial_success() {
    let server = Server::start();
    let answer = export(&server, &[], frame(false, &half_bad().encode_to_vec()));
    let response = ExportTraceServiceResponse::decode(answer.data.slice(5..)).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!((answer.code, partial.rejected_spans), (OK, 1));
    assert_eq!(partial.error_message, "trace id must be 16 bytes, not all zero");
}

#[test]
fn what_is_not_a_request_is_invalid_argument() {
    let server = Server::start();
    let mut two = frame(false, &protobuf(1));
    two.extend(frame(false, &protobuf(1)));
    for body in [
        frame(false, b"\xff\xff\xff"),
        frame(true, b"not gzip"),
        frame(false, &protobuf(1))[..9].to_vec(),
        b"\0\0\0".to_vec(),
        Vec::new(),
        two,
        b"\x07\0\0\0\0".to_vec(),
    ] {
        let answer = export(&server, &[("grpc-encoding", "gzip")], body.clone());
        assert_eq!(answer.code, INVALID_ARGUMENT, "{body:?}: {}", answer.message);
        assert_eq!(details(&answer).details[0].type_url, "type.googleapis.com/google.rpc.BadRequest");
    }
    assert_eq!(server.reasons(), ["malformed"; 7]);
}

#[test]
fn an_unknown_compression_is_unimplemented_and_says_which_are_known() {
    let server = Server::start();
    let answer = export(&server, &[("grpc-encoding", "snappy")], frame(true, b"x"));
    assert_eq!(answer.code, UNIMPLEMENTED);
    assert_eq!(answer.fields["grpc-accept-encoding"], "identity,gzip,zstd,deflate");
}

/// As the compression document of gRPC says.
#[test]
fn a_compressed_message_without_an_encoding_is_internal() {
    let server = Server::start();
    let packed = frame(true, &gzip(&protobuf(1)));
    for headers in [&[][..], &[("grpc-encoding", "identity")]] {
        assert_eq!(export(&server, headers, packed.clone()).code, INTERNAL);
    }
    assert_eq!(server.spans(), 0);
}

#[test]
fn busy_is_resource_exhausted_with_retry_info_so_that_clients_retry() {
    let server = Server::start();
    let retry_after = Duration::from_millis(1500);
    *server.intake.refusal.lock().unwrap() = Some(Refused::Busy { retry_after });
    let answer = export(&server, &[], frame(false, &protobuf(1)));
    let status = details(&answer);
    assert_eq!((answer.code, status.code), (RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED));
    assert_eq!(status.details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
    let delay = RetryInfo::decode(&*status.details[0].value).unwrap().retry_delay.unwrap();
    assert_eq!((delay.seconds, delay.nanos), (1, 500_000_000));
}

#[test]
fn shutting_down_is_unavailable() {
    let server = Server::start();
    *server.intake.refusal.lock().unwrap() = Some(Refused::ShuttingDown);
    assert_eq!(export(&server, &[], frame(false, &protobuf(1))).code, UNAVAILABLE);
}

#[test]
fn a_panic_is_internal_and_costs_one_request() {
    let server = Server::start();
    *server.intake.panics.lock().unwrap() = true;
    assert_eq!(export(&server, &[], frame(false, &protobuf(1))).code, INTERNAL);
    assert_eq!(export(&server, &[], frame(false, &protobuf(1))).code, OK);
}

#[test]
fn other_signals_are_unimplemented_with_the_variable_that_switches_them_off() {
    let server = Server::start();
    for (path, word) in [
        ("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "OTEL_METRICS_EXPORTER=none"),
        ("/opentelemetry.proto.collector.logs.v1.LogsService/Export", "OTEL_LOGS_EXPORTER=none"),
        ("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", "profiles"),
        ("/grpc.health.v1.Health/Check", "TraceService/Export"),
    ] {
        let answer = server.runtime.block_on(call(server.address, path, &[], frame(false, b"")));
        assert_eq!(answer.code, UNIMPLEMENTED);
        assert!(answer.message.contains(word), "{}", answer.message);
    }
    assert_eq!(server.reasons(), ["wrong_signal", "wrong_signal", "wrong_signal", "wrong_path"]);
}
