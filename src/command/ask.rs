//! One question to a running Tollgate, over HTTP or a socket of the file system.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::Failure;
use crate::config::Settings;
use crate::receive::listen::Address;

/// How long a Tollgate may take to answer: forgetting waits for spans that wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// The metrics port of these settings as an address to ask.
pub(super) fn own_address(settings: &Settings) -> String {
    match settings.listen.metrics.reachable() {
        Address::Tcp(address) => format!("http://{address}"),
        socket @ Address::Unix(_) => socket.to_string(),
    }
}

/// Asks for a path, beginning with `/`; the status and the body of the answer.
///
/// # Errors
/// When nobody answers, or something that is not HTTP.
pub(super) fn get(url: &str, path: &str) -> Result<(u16, String), Failure> {
    send(url, "GET", path, "Accept: text/plain\r\n", "")
}

/// Gives an order: a form is posted.
///
/// # Errors
/// When nobody answers, or something that is not HTTP.
pub(super) fn post(url: &str, path: &str, form: &str) -> Result<(u16, String), Failure> {
    let head = format!("X-Tollgate-Command: 1\r\nContent-Length: {}\r\n", form.len());
    send(url, "POST", path, &head, form)
}

fn send(url: &str, method: &str, path: &str, head: &str, body: &str) -> Result<(u16, String), Failure> {
    let failed = |error: io::Error| Failure::System(io::Error::new(error.kind(), format!("{url}: {error}")));
    let wrong = |what: &str| failed(io::Error::new(io::ErrorKind::InvalidInput, what.to_owned()));
    let request =
        |host: &str, path: &str| format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n{head}\r\n{body}");
    if let Ok(Address::Unix(socket)) = url.parse() {
        let mut stream = UnixStream::connect(socket).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        return ask(&mut stream, &request("localhost", path)).map_err(failed);
    }
    let rest =
        url.strip_prefix("http://").ok_or_else(|| wrong("only http:// and unix:/path can be asked"))?;
    let (host, own_path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = if own_path.is_empty() { path.to_owned() } else { format!("/{own_path}") };
    let address =
        if host.ends_with(']') || !host.contains(':') { format!("{host}:80") } else { host.to_owned() };
    let mut stream = TcpStream::connect(&address).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    ask(&mut stream, &request(host, &path)).map_err(failed)
}

fn ask(stream: &mut (impl Read + Write), request: &str) -> io::Result<(u16, String)> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| wrong("this is no HTTP server"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| wrong("this is no HTTP server"))?, body.to_owned()))
}
