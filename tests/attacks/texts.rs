//! Bodies whose texts are read closely, each of the worst kind: messages, errors, headers, names. And names and ids, each
//! of its own, in places where Tollgate remembers what it saw.

use crate::bodies::{field, fill, ids};

fn attribute(key: &str, value: &[u8]) -> Vec<u8> {
    field(9, &[field(1, key.as_bytes()), field(2, &field(1, value))].concat())
}

fn call() -> Vec<u8> {
    [attribute("gen_ai.operation.name", b"chat"), attribute("gen_ai.request.model", b"m")].concat()
}

/// One call with this.
fn of_call(rest: &[u8]) -> Vec<u8> {
    field(1, &field(2, &field(2, &[ids(0), call(), rest.to_vec()].concat())))
}

/// One call that failed with this exception.
fn of_error(message: &[u8], stack: &[u8]) -> Vec<u8> {
    let text =
        |key: &str, value: &[u8]| field(3, &[field(1, key.as_bytes()), field(2, &field(1, value))].concat());
    let event =
        [field(2, b"exception"), text("exception.message", message), text("exception.stacktrace", stack)];
    of_call(&[field(11, &event.concat()), field(15, &[0x18, 2])].concat())
}

/// Pieces by their number, as many as fit.
fn numbered(size: usize, piece: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let longest = piece(u64::MAX / 2).len();
    (0..(size / longest) as u64).flat_map(piece).collect()
}

fn span(number: u64, rest: &[u8]) -> Vec<u8> {
    field(2, &[ids(number), call(), rest.to_vec()].concat())
}

/// Texts in one call.
pub(crate) fn of_calls(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    const LIMIT: &[u8] =
        b"Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o on tokens per min (TPM): \
        Limit 30000, Used 1, Requested 2. Please try again in 1h2m3s'}} ";
    let (size, none) = (size - 1024, b"" as &[u8]);
    let text = |key: &str, piece: &[u8]| of_call(&attribute(key, &fill(piece, size)));
    vec![
        ("messages of brackets", text("gen_ai.output.messages", b"[")),
        ("messages of keys", text("gen_ai.output.messages", br#"{"a":"#)),
        ("messages of escapes", text("gen_ai.input.messages", br#""\u0041\ud83d"#)),
        ("usage in usage", text("output.value", br#"{"usage":{"prompt_tokens":1,"x":"#)),
        ("digits for tokens", text("gen_ai.usage.input_tokens", b"9")),
        ("a model's name", text("gen_ai.request.model", b"us.openai/gpt-4o-2024@")),
        ("a host", text("server.address", b"api.openai.com.")),
        ("a limit's time", text("http.response.header.x-ratelimit-reset-tokens", b"1h2m3s")),
        ("an error of digits", of_error(&fill(b"4", size), none)),
        ("an error of blanks", of_error(&[b"429 ", &fill(b" ", size)[..], b"x"].concat(), none)),
        ("an error of braces", of_error(&fill(b"{'a': \"", size), none)),
        ("an error of limits", of_error(&fill(LIMIT, size), none)),
        ("an error of addresses", of_error(&fill(b"https://api.openai.com/v1 ", size), none)),
        ("a stack trace", of_error(b"x", &fill(b"  File \"a.py\", line 1, in openai\n", size))),
    ]
}

/// Names and ids in many spans, each of its own.
pub(crate) fn of_their_own(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let size = size - 256;
    let resource = |number: u64| {
        let name = [field(1, b"service.name"), field(2, &field(1, format!("s{number}").as_bytes()))].concat();
        field(1, &[field(1, &field(1, &name)), field(2, &span(number, b""))].concat())
    };
    let scope = |number: u64| {
        let name = [field(1, format!("scope{number}").as_bytes()), field(2, format!("{number}").as_bytes())];
        field(2, &[field(1, &name.concat()), span(number, b"")].concat())
    };
    let key = |number: u64| span(number, &attribute(&format!("gen_ai.k{number}"), b"v"));
    let parent = |number: u64| span(number, &field(4, &(number + 2).to_be_bytes()));
    let answer = |number: u64| span(number, &attribute("gen_ai.response.id", b"the same"));
    vec![
        ("services of their own", numbered(size, resource)),
        ("scopes of their own", field(1, &numbered(size, scope))),
        ("keys of their own", field(1, &field(2, &numbered(size, key)))),
        ("parents in a row", field(1, &field(2, &numbered(size, parent)))),
        ("one answer", field(1, &field(2, &numbered(size, answer)))),
    ]
}
