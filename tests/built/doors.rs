//! Closed doors: TLS, tokens and host names, with curl as the client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tollgate::clock::Stopwatch;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::server::{PATIENCE, Server, export_to, value};

const TOKEN: &str = "token-of-the-agents-0123456789";

/// An authority, and a certificate of it for this machine, as PEM files: `ca.pem`, `cert.pem`, `key.pem`.
fn certify(folder: &Path, name: &str) {
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, name);
    let ca = authority.self_signed(&key).expect("signs itself");
    let issuer = Issuer::new(authority, key);
    let leaf_key = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf =
        CertificateParams::new(names).expect("parameters").signed_by(&leaf_key, &issuer).expect("signs");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("ca.pem"), ca.pem()).expect("written");
    fs::write(folder.join("cert.pem"), leaf.pem()).expect("written");
    fs::write(folder.join("key.pem"), leaf_key.serialize_pem()).expect("written");
}

/// Exit code and status of curl.
fn curl(arguments: &[&str]) -> (i32, String) {
    let fixed = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "300"];
    let done = Command::new("curl").args(fixed).args(arguments).output().expect("curl is installed");
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stdout).into_owned())
}

fn passes(arguments: &[&str]) -> bool {
    curl(arguments) == (0, "200".to_owned())
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let waiting = Stopwatch::start();
    while !done() {
        assert!(waiting.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Guarantees: TLS 1.2 and 1.3 on every port, a client without a certificate of ours stays outside, a rotated
/// certificate is used after SIGHUP, and a pair that is none changes nothing and is counted.
#[test]
#[expect(clippy::too_many_lines, reason = "one server, one story")]
fn tls_and_client_certificates_on_every_port_and_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    certify(folder.path(), "first");
    certify(&folder.path().join("others"), "others");
    let guard = "tls: {cert: cert.pem, key: key.pem, client_ca: ca.pem}";
    let config = format!("listen:\n  grpc: {{{guard}}}\n  http: {{{guard}}}\n  metrics: {{{guard}}}\n");
    fs::write(at("tollgate.yaml"), config).expect("written");
    fs::copy(at("ca.pem"), at("first.pem")).expect("copied");
    let server = Server::start(Some(Path::new(&at("tollgate.yaml"))));
    let metrics = format!("{}/metrics", server.metrics);
    assert!(metrics.starts_with("https://"), "the banner says so: {metrics}");
    let traces = format!("{}/v1/traces", server.http.replace("http://", "https://"));
    let identity = ["--cert", &at("cert.pem"), "--key", &at("key.pem")].map(str::to_owned);
    let with = |ca: &str, more: &[&str]| {
        let own = identity.iter().map(String::as_str);
        own.chain(["--cacert", ca]).chain(more.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
    };
    let passes_with =
        |ca: &str, more: &[&str]| passes(&with(ca, more).iter().map(String::as_str).collect::<Vec<_>>());
    let empty = ["--header", "content-type: application/x-protobuf", "--data", ""];
    for version in [&["--tlsv1.2", "--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        assert!(passes_with(&at("ca.pem"), &[version, &[&metrics]].concat()), "{version:?}");
        assert!(passes_with(&at("ca.pem"), &[version, &empty, &[&traces]].concat()), "{version:?}");
    }
    assert!(!passes(&["--cacert", &at("ca.pem"), &metrics]), "no certificate of its own");
    let foreign = [
        "--cert",
        &at("others/cert.pem"),
        "--key",
        &at("others/key.pem"),
        "--cacert",
        &at("ca.pem"),
        &metrics,
    ];
    assert!(!passes(&foreign), "a certificate of others");
    assert_eq!(
        curl(&[
            identity[0].as_str(),
            &identity[1],
            &identity[2],
            &identity[3],
            "--cacert",
            &at("others/ca.pem"),
            &metrics
        ])
        .0,
        60
    );
    assert!(!passes(&[&metrics.replace("https://", "http://")]), "not in the clear");

    // A key of another certificate: what was in use stays in use.
    let right = fs::read(at("key.pem")).expect("read");
    fs::copy(at("others/key.pem"), at("wrong.pem")).expect("copied");
    let rotated = folder.path().join("rotated");
    certify(&rotated, "second");
    fs::copy(rotated.join("key.pem"), at("key.pem")).expect("copied");
    fs::write(at("kept.pem"), &right).expect("written");
    server.signal("-HUP");
    let kept = ["--cert", &at("cert.pem"), "--key", &at("kept.pem"), "--cacert", &at("first.pem")]
        .map(str::to_owned);
    let document = || {
        let done =
            Command::new("curl").arg("--silent").args(&kept).arg(&metrics).output().expect("curl runs");
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    wait_until("the failure is counted", || {
        document().contains("tollgate_tls_reloads_total{result=\"failure\"} 3")
    });
    assert!(document().contains("tollgate_tls_certificate_expiry_seconds{listener=\"grpc\"}"));

    // The whole of the second pair: new handshakes use it, and only its authority's clients come in.
    fs::copy(rotated.join("cert.pem"), at("cert.pem")).expect("copied");
    fs::copy(rotated.join("ca.pem"), at("ca.pem")).expect("copied");
    server.signal("-HUP");
    wait_until("the second is in use", || passes_with(&at("ca.pem"), &[&metrics]));
    assert!(!passes_with(&at("first.pem"), &[&metrics]));
}

/// Guarantees: without a token nothing but probes; as bearer or as the password of Basic it passes; another file is
/// another set of tokens.
#[test]
fn tokens_open_the_ports_and_are_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("tokens"), format!("# agents\n{TOKEN}\n")).expect("written");
    let config = "listen:\n  http: {tokens_file: tokens}\n  grpc: {tokens_file: tokens}\n  metrics: {tokens_file: tokens}\n";
    fs::write(at("tollgate.yaml"), config).expect("written");
    let server = Server::start(Some(Path::new(&at("tollgate.yaml"))));
    let url = |path: &str| format!("{}{path}", server.metrics);
    let bearer = format!("authorization: Bearer {TOKEN}");
    for path in ["/metrics", "/"] {
        assert_eq!(curl(&[&url(path)]).1, "401");
        assert_eq!(curl(&["--header", "authorization: Bearer token-of-somebody-else", &url(path)]).1, "401");
        assert_eq!(curl(&["--header", &bearer, &url(path)]).1, "200");
        assert_eq!(curl(&["--user", &format!("me:{TOKEN}"), &url(path)]).1, "200");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(curl(&[&url(path)]).1, "200");
    }
    // Chromium asks a person only when Basic begins a line.
    let whole = Command::new("curl").args(["--silent", "--include", &url("/")]).output().expect("curl runs");
    let head = String::from_utf8_lossy(&whole.stdout).to_lowercase();
    assert!(head.contains("\nwww-authenticate: basic realm=\"tollgate\"\r\n"), "{head}");
    let traces = format!("{}/v1/traces", server.http);
    let body = ["--header", "content-type: application/x-protobuf", "--data", ""];
    assert_eq!(curl(&[&body[..], &[&traces]].concat()).1, "401");
    assert_eq!(curl(&[&body[..], &["--header", &bearer, &traces]].concat()).1, "200");
    fs::write(at("tokens"), "token-of-tomorrow-0123456789\n").expect("written");
    server.signal("-HUP");
    wait_until("the token of today is refused", || curl(&["--header", &bearer, &url("/metrics")]).1 == "401");
    assert_eq!(
        curl(&["--header", "authorization: Bearer token-of-tomorrow-0123456789", &url("/metrics")]).1,
        "200"
    );
    let log = server.stop();
    assert!(log.contains("a token of this listener is needed"), "the log says what is wrong: {log}");
    assert!(!log.contains(TOKEN) && !log.contains("token-of-somebody"), "{log}");
}

/// Guarantees: a page of somebody else whose name resolves to this machine reads no status page; scrapers and probes
/// are not asked.
#[test]
fn a_foreign_host_name_sees_no_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("tollgate.yaml");
    fs::write(&config, "listen: {metrics: {hosts: [tollgate.internal]}}\n").expect("written");
    let server = Server::start(Some(&config));
    let as_host = |host: &str, path: &str| {
        curl(&["--header", &format!("host: {host}"), &format!("{}{path}", server.metrics)]).1
    };
    for host in ["127.0.0.1:9464", "[::1]:9464", "localhost", "LOCALHOST:1", "tollgate.internal:9464"] {
        assert_eq!(as_host(host, "/"), "200", "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:9464", "a b", "@"] {
        assert!(["403", "400"].contains(&as_host(host, "/").as_str()), "{host}");
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(as_host("evil.example", path), "200", "{path}");
    }
}

/// Guarantees: every listener may be a Unix socket, of its user and group only, with a token or without TLS as on the
/// network; `doctor` asks there; a killed server's sockets are taken over, and a stopped server leaves none.
#[test]
fn every_listener_may_be_a_unix_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let listen = [("GRPC", at("grpc")), ("HTTP", at("http")), ("METRICS", at("metrics"))]
        .map(|(name, path)| (format!("TOLLGATE_LISTEN_{name}"), format!("unix:{path}")));
    let variables = listen.each_ref().map(|(name, address)| (name.as_str(), address.as_str()));
    fs::write(at("tokens"), format!("{TOKEN}\n")).expect("written");
    fs::write(at("tollgate.yaml"), "listen: {http: {tokens_file: tokens}}\n").expect("written");
    let start = || Server::start_with(Some(Path::new(&at("tollgate.yaml"))), &variables);
    // Dropped is killed.
    drop(start());
    assert!(Path::new(&at("grpc")).exists());
    let server = start();
    for name in ["grpc", "http", "metrics"] {
        let mode = fs::metadata(at(name)).expect("a socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o660, "{name}");
    }
    let ask = |name: &str, more: &[&str]| curl(&[&["--unix-socket", &at(name)], more].concat()).1;
    let body = ["--header", "content-type: application/x-protobuf", "--data", ""];
    let traces =
        |name: &str, more: &[&str]| ask(name, &[&body[..], more, &["http://localhost/v1/traces"]].concat());
    assert_eq!(traces("grpc", &[]), "200");
    assert_eq!(traces("http", &[]), "401");
    assert_eq!(traces("http", &["--header", &format!("authorization: Bearer {TOKEN}")]), "200");
    for path in ["metrics", "readyz", ""] {
        assert_eq!(ask("metrics", &[&format!("http://anything.example/{path}")]), "200", "/{path}");
    }
    assert_eq!(export_to(&format!("unix:{}", at("grpc"))), 0);
    let doctor = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["doctor", "--url", &format!("unix:{}", at("metrics"))])
        .output()
        .expect("runs");
    assert_eq!(doctor.status.code(), Some(2), "nothing has arrived: {doctor:?}");
    let log = server.stop();
    assert!(log.contains("listening") && !log.contains("open to everybody"), "{log}");
    for name in ["grpc", "http", "metrics"] {
        assert!(!Path::new(&at(name)).exists(), "{name} is left");
    }
}

/// Guarantees: the start says what is open beyond this machine without a token or a client's certificate, and only that.
#[test]
fn what_is_open_to_all_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    certify(folder.path(), "ours");
    fs::write(at("tokens"), format!("{TOKEN}\n")).expect("written");
    let closed = "listen:\n  http: {tokens_file: tokens}\n  \
                  metrics: {tls: {cert: cert.pem, key: key.pem, client_ca: ca.pem}}\n";
    fs::write(at("tollgate.yaml"), closed).expect("written");
    let everywhere =
        ["GRPC", "HTTP", "METRICS"].map(|name| (format!("TOLLGATE_LISTEN_{name}"), "0.0.0.0:0".to_owned()));
    let everywhere = everywhere.each_ref().map(|(name, address)| (name.as_str(), address.as_str()));
    let log = Server::start_with(Some(Path::new(&at("tollgate.yaml"))), &everywhere).stop();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("open to everybody")).collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(said[0].contains("listen.grpc") && said[0].contains("WARN"), "{log}");
    assert!(!Server::start(None).stop().contains("open to everybody"));
}

/// Guarantees: the exporter for Rust sends over mutual TLS with its token, and with a piece of it missing nothing comes.
/// (Those for Python and Node are in tests/doors.)
#[test]
fn the_exporter_for_rust_passes_with_certificate_and_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| fs::read(at(name)).expect("read");
    certify(folder.path(), "ours");
    fs::write(at("tokens"), format!("{TOKEN}\n")).expect("written");
    let guard = "tls: {cert: cert.pem, key: key.pem, client_ca: ca.pem}, tokens_file: tokens";
    fs::write(at("tollgate.yaml"), format!("listen: {{grpc: {{{guard}}}}}\n")).expect("written");
    let server = Server::start(Some(Path::new(&at("tollgate.yaml"))));
    let endpoint = server.grpc.replace("http://", "https://");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let authority = || ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read("ca.pem")));
    let whole = || authority().identity(Identity::from_pem(read("cert.pem"), read("key.pem")));
    for (tls, token) in [(authority(), TOKEN), (whole(), "token-of-somebody-else"), (whole(), TOKEN)] {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {token}").parse().expect("a value"));
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&endpoint)
            .with_tls_config(tls)
            .with_metadata(metadata)
            .build()
            .expect("an exporter");
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
        provider.tracer("test").in_span("chat", |_| {});
    }
    let document = server.settled();
    assert_eq!(value(&document, "tollgate_spans_total{result=\"not_a_call\"}"), Some(1.0), "{document}");
    assert_eq!(value(&document, "tollgate_refused_requests_total{reason=\"unauthenticated\"}"), Some(1.0));
}
