//! An HTTP status inside text: `Error code: 429 - {...}`, `429 Too Many Requests`, `HTTP 503`.
//!
//! In: text. Out: a status from 400 to 599, only where a word beside it says that it is one.

/// The text as a status, when it is nothing else (`"429"`).
pub(super) fn number(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|status| (400..600).contains(status))
}

/// The status that Sentry's SDKs restate as the name of a gRPC code: their whole status text.
pub(super) fn of_grpc_name(text: &str) -> Option<u16> {
    Some(match text.to_ascii_lowercase().as_str() {
        "invalid_argument" | "failed_precondition" | "out_of_range" => 400,
        "unauthenticated" => 401,
        "permission_denied" => 403,
        "not_found" => 404,
        "already_exists" | "aborted" => 409,
        "resource_exhausted" => 429,
        "cancelled" => 499,
        "internal_error" | "unknown_error" | "data_loss" => 500,
        "unimplemented" => 501,
        "unavailable" => 503,
        "deadline_exceeded" => 504,
        _ => return None,
    })
}

/// The first status in prose.
pub(super) fn in_text(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
        let start = at + found;
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at = start + length;
        let is_status = length == 3
            && stands_alone(bytes, start, at)
            && (named_before(&text[..start]) || named_after(&text[at..]));
        if let Some(status) = number(&text[start..at]).filter(|_| is_status) {
            return Some(status);
        }
    }
    None
}

fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(end);
    let decimal = after == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    !before.is_some_and(|byte| joins(byte) || *byte == b'.' || *byte == b',')
        && !after.is_some_and(joins)
        && !decimal
}

/// It begins the text, or the word before it is about errors.
fn named_before(before: &str) -> bool {
    const WORDS: [&str; 10] =
        ["code", "status", "http", "error", "statuscode", "1.1", "2", "http/2", "returned", "exception"];
    let head = before.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
    if head.is_empty() {
        return before.trim().is_empty() || before.trim() == "(";
    }
    let word = head.rsplit([' ', '\n', '\t', '(', '\'', '"', '{', ':', '_', '=']).next().unwrap_or(head);
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
        || word.len() >= 4 && (word.ends_with("Error") || word.ends_with("Exception"))
        || word.to_ascii_lowercase().starts_with("http/")
}

/// The reason phrase of HTTP follows it.
fn named_after(after: &str) -> bool {
    const PHRASES: [&str; 14] = [
        "too many requests",
        "unauthorized",
        "forbidden",
        "not found",
        "bad request",
        "internal server error",
        "service unavailable",
        "bad gateway",
        "gateway time",
        "payment required",
        "payload too large",
        "unprocessable",
        "request time",
        "status code",
    ];
    let after = after.trim_start_matches([' ', ':', '-', '(']);
    PHRASES
        .iter()
        .any(|phrase| after.get(..phrase.len()).is_some_and(|head| head.eq_ignore_ascii_case(phrase)))
}
