//! Shutdown: what was begun is finished, nothing new is begun, and it ends in time.

use std::{io::Write, net::TcpStream, time::Duration};

use http::Request;
use http_body_util::Full;
use tollgate::receive::{Ended, ReceiveSettings};

use crate::{
    client::{connect, connect_http2, head, protobuf, read_answer},
    server::Server,
};

const EXPECT: (&str, &str) = ("expect", "100-continue");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// Begins a request and waits until the server wants its body: then it has begun on that side too.
fn begin(server: &Server, length: usize) -> TcpStream {
    let mut stream = connect(server.address);
    stream.write_all(head(&[PROTOBUF, EXPECT], length).as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 100);
    stream
}

/// Waits until the listener is closed: from then on connections are refused.
fn wait_until_closed(server: &Server) {
    server.wait_until("the listener is closed", || TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_that_has_begun_is_answered_and_counted() {
    let mut server = Server::start();
    let body = protobuf(7);
    let mut stream = begin(&server, body.len());
    stream.write_all(&body[..10]).unwrap();
    server.ask_to_stop();
    wait_until_closed(&server);
    stream.write_all(&body[10..]).unwrap();
    assert_eq!(read_answer(&mut stream).status, 200);
    assert_eq!(server.ended(), Ended { finished: true });
    assert_eq!(server.spans(), 7);
}

#[test]
fn idle_connections_do_not_delay_it() {
    let mut server = Server::start();
    let body = protobuf(1);
    let mut kept_alive = connect(server.address);
    kept_alive.write_all(head(&[PROTOBUF], body.len()).as_bytes()).unwrap();
    kept_alive.write_all(&body).unwrap();
    assert_eq!(read_answer(&mut kept_alive).status, 200);
    let _silent = connect(server.address);
    let request =
        Request::post(format!("http://{}/v1/traces", server.address)).body(Full::default()).unwrap();
    let _http2 = server.runtime.block_on(async {
        let mut kept_alive = connect_http2(server.address).await;
        assert_eq!(kept_alive.send_request(request).await.unwrap().status(), 415);
        kept_alive
    });
    server.ask_to_stop();
    assert_eq!(server.ended(), Ended { finished: true });
}

#[test]
fn a_request_that_does_not_finish_is_given_up_after_the_grace() {
    let grace = Duration::from_millis(200);
    let mut server = Server::with(ReceiveSettings { shutdown_grace: grace, ..ReceiveSettings::default() });
    let mut stream = begin(&server, 100);
    stream.write_all(&[0; 10]).unwrap();
    server.ask_to_stop();
    assert_eq!(server.ended(), Ended { finished: false });
}
