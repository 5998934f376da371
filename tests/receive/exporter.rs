//! The real exporter for Rust, `opentelemetry-otlp`, over each protocol and compression. Those for Python
//! and Node are in tests/exporters.

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{
    Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::server::Server;

const COMPRESSIONS: [(&str, Option<Compression>); 2] =
    [("identity", None), ("gzip", Some(Compression::Gzip))];

/// Ends three spans. Each is exported before its end returns: one-span requests on one connection.
fn send(server: &Server, exporter: SpanExporter) {
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    let tracer = provider.tracer("test");
    for _ in 0..3 {
        tracer.in_span("chat", |_| {});
    }
    assert_eq!(server.spans(), 3);
}

#[test]
fn over_grpc() {
    for (name, compression) in [COMPRESSIONS[0], COMPRESSIONS[1], ("zstd", Some(Compression::Zstd))] {
        let server = Server::start();
        let _inside = server.runtime.enter();
        let mut builder =
            SpanExporter::builder().with_tonic().with_endpoint(format!("http://{}", server.address));
        if let Some(compression) = compression {
            builder = builder.with_compression(compression);
        }
        send(&server, builder.build().unwrap());
        assert_eq!(server.requests()[0].compression.unwrap().label(), name);
    }
}

#[test]
fn over_http() {
    for protocol in [Protocol::HttpBinary, Protocol::HttpJson] {
        for (name, compression) in COMPRESSIONS {
            let server = Server::start();
            let _inside = server.runtime.enter();
            let mut builder = SpanExporter::builder()
                .with_http()
                .with_protocol(protocol)
                .with_endpoint(format!("http://{}/v1/traces", server.address));
            if let Some(compression) = compression {
                builder = builder.with_compression(compression);
            }
            send(&server, builder.build().unwrap());
            assert_eq!(server.requests()[0].compression.unwrap().label(), name);
        }
    }
}
