//! What two spans without a common id must have in common to tell of one call.
//!
//! In: a span, or two. Out: the keys under which a span is listed, and whether two fit. Used where ids and ancestry say
//! nothing: wrong is worse than double here, so every condition must hold. Two spans of one scope are two calls, always.

use std::hash::Hash;
use std::sync::Arc;

use super::held::{ANSWER, Held, KEY_BITS, Key, Keys, LISTS, TRACE};
use super::memory::Secret;
use crate::call::{ErrorClass, TokenType, Tokens};
use crate::facts::Role;
use crate::record::{Name, Record};

/// Clocks of one process, read a moment apart.
pub(super) const SLACK_NANOS: u64 = 10_000_000;
/// Longest pause between a call that returned a stream and the first read of it.
pub(super) const PAUSE_NANOS: u64 = 5_000_000_000;
/// Longest time between the same moments of two spans in different traces.
const REACH_NANOS: u64 = 250_000_000;
/// Time is cut into pieces of about a second.
const PIECE: u32 = 30;

/// Calls that state the same usage and end in the same second; silent ones and the ends of streams, by what was asked.
const ALIKE: usize = 2;
/// Calls that start in the same second.
const START: usize = 3;
/// Calls that do not know their usage, or not all of it, and start in the same second; in the place of it, those that
/// state cached tokens, by what another would state who knows of fewer.
const SILENT: usize = 4;
/// Requests that start in the same second.
const REQUEST: usize = 5;
/// What the lists of those that state cached tokens are called.
const RICH: usize = 6;

/// What a span is listed under. In a service with one writer nobody looks for look-alikes.
pub(super) fn keys(secret: &Secret, held: &Held, mixed: bool) -> Keys {
    let mut keys = [0; LISTS];
    [keys[TRACE], keys[ANSWER]] = held.hashes.lists;
    let (service, second) = (held.shape.service, held.start_unix_nano >> PIECE);
    if !mixed || !looks(held) {
        return keys;
    }
    if held.role == Role::Http {
        keys[START] = key(secret, REQUEST, (service, second));
    } else {
        keys[START] = key(secret, START, (service, second));
        keys[ALIKE] = alike_key(secret, held, held.end_unix_nano >> PIECE);
        keys[SILENT] = match poorer(held) {
            _ if !states(held) => key(secret, SILENT, (service, second)),
            Some(usage) => key(secret, RICH, (service, usage, held.end_unix_nano >> PIECE)),
            None => 0,
        };
    }
    keys
}

/// What it is listed under by its ids.
pub(super) fn keys_of_ids(secret: &Secret, record: &Record) -> [Key; 2] {
    let named = record.answer != 0 && (tells_of_call(record.role) || record.role == Role::Aggregate);
    let answer = if named { key(secret, ANSWER, record.answer) } else { 0 };
    [key(secret, TRACE, u128::from_ne_bytes(record.trace_id)), answer]
}

fn key(secret: &Secret, list: usize, of: impl Hash) -> Key {
    let place = match list {
        REQUEST => START,
        RICH => SILENT,
        own => own,
    };
    (secret.hash((list, of)) << 3 | (place as u64 + 1)) & ((1 << KEY_BITS) - 1)
}

/// True for the spans that may have look-alikes.
pub(super) const fn looks(held: &Held) -> bool {
    matches!(held.record.role, Role::Call | Role::Http | Role::Continuation)
}

/// Who wrote a span; who reports the ends of streams counts as another.
pub(super) fn writer(held: &Held) -> u64 {
    held.shape.scope ^ u64::from(held.role == Role::Continuation)
}

/// States all of its usage.
fn states(held: &Held) -> bool {
    held.role == Role::Call && held.has_tokens() && !lacks_output(held)
}

/// States a prompt and no answer: it failed midway, or its reader left. Who embeds has no answer.
pub(super) fn lacks_output(held: &Held) -> bool {
    held.states_no_output() && !held.text(Name::Operation).contains("embed")
}

/// What another would state of the same call who knows of fewer cached tokens.
pub(super) fn poorer(held: &Held) -> Option<(u64, u64)> {
    let [input, read, written] = held.input_parts();
    let (_, output) = held.usage().filter(|_| read + written > 0)?;
    Some((if written > 0 { input + read } else { input }, output))
}

fn alike_key(secret: &Secret, held: &Held, second: u64) -> Key {
    let service = held.shape.service;
    match held.usage().filter(|_| states(held)) {
        Some(usage) => key(secret, ALIKE, (service, usage, second)),
        None => key(secret, ALIKE, (service, held.shape.scope, held.text(Name::RequestModel))),
    }
}

/// The lists in which the look-alikes of a span may be: of its own second, and of the next within reach.
pub(super) fn lists(secret: &Secret, held: &Held) -> impl Iterator<Item = (usize, Key)> + use<> {
    let service = held.shape.service;
    let mut lists = [(0, 0); 12];
    let mut slots = lists.iter_mut();
    let mut add = |list, key| slots.next().into_iter().for_each(|slot| *slot = (list, key));
    for second in pieces(held.start_unix_nano).into_iter().flatten() {
        if held.role == Role::Http {
            add(START, key(secret, START, (service, second)));
            continue;
        }
        add(START, key(secret, REQUEST, (service, second)));
        // One that does not know its usage may belong to any, and any may belong to it.
        let (list, of) = if states(held) { (SILENT, SILENT) } else { (START, START) };
        add(list, key(secret, of, (service, second)));
    }
    if states(held) {
        for second in pieces(held.end_unix_nano).into_iter().flatten() {
            add(ALIKE, alike_key(secret, held, second));
            // One who knows of fewer cached tokens, and one who knows of more.
            poorer(held)
                .into_iter()
                .for_each(|usage| add(ALIKE, key(secret, ALIKE, (service, usage, second))));
            let own = held.usage().unwrap_or_default();
            add(SILENT, key(secret, RICH, (service, own, second)));
        }
    } else if held.role != Role::Http {
        add(ALIKE, alike_key(secret, held, 0));
    }
    lists.into_iter().filter(|(_, key)| *key != 0)
}

/// True when a span that was found in this list lies near enough: one just beyond the edge of its second is no better
/// off than one far within it.
pub(super) fn within_reach(list: usize, one: &Held, other: &Held) -> bool {
    let apart = match list {
        ALIKE if states(one) => one.end_unix_nano.abs_diff(other.end_unix_nano),
        ALIKE => 0,
        _ => one.start_unix_nano.abs_diff(other.start_unix_nano),
    };
    apart <= REACH_NANOS
}

/// The second of a moment, and the neighbouring one where it is within reach.
fn pieces(moment: u64) -> [Option<u64>; 2] {
    let (own, low, high) = (
        moment >> PIECE,
        moment.saturating_sub(REACH_NANOS) >> PIECE,
        moment.saturating_add(REACH_NANOS) >> PIECE,
    );
    [Some(own), Some(if low == own { high } else { low }).filter(|&other| other != own)]
}

// === two spans ===

/// True for the spans that tell of a call themselves.
pub(super) const fn tells_of_call(role: Role) -> bool {
    matches!(role, Role::Call | Role::Companion | Role::Continuation)
}

/// True when two spans of different traces may be of one call.
pub(super) fn could_be_one(one: &Held, other: &Held) -> bool {
    use Role::{Call, Continuation, Http};
    match (one.role, other.role) {
        (Call, Continuation) => continues(one, other) || distance(one, other).is_some(),
        (Continuation, Call) => continues(other, one) || distance(one, other).is_some(),
        (Call, Http) => lies_within(other, one),
        (Http, Call) => lies_within(one, other),
        (Call, Call) => distance(one, other).is_some(),
        _ => false,
    }
}

/// How far apart two spans of one call are, in nanoseconds; `None` when they are not of one call.
pub(super) fn distance(one: &Held, other: &Held) -> Option<u64> {
    let apart = one.shape.scope != other.shape.scope && one.shape.service == other.shape.service;
    if !apart || !within(one, other) || different_answers(one, other) || !same_model(one, other) {
        return None;
    }
    let alike = match (one.usage(), other.usage()) {
        (Some(own), Some(others)) => own == others || agree(one, other),
        // One of them does not know: then one must be a wrapper of the other.
        (None, Some(_)) => one.layer != other.layer && ended_alike(one, other),
        (Some(_), None) => one.layer != other.layer && ended_alike(other, one),
        (None, None) => one.layer != other.layer && one.failed() == other.failed(),
    };
    let (starts, ends) = (
        one.start_unix_nano.abs_diff(other.start_unix_nano),
        one.end_unix_nano.abs_diff(other.end_unix_nano),
    );
    alike.then(|| starts.saturating_add(ends))
}

/// Two that state parts of one usage: they agree on what both state.
pub(super) fn agree(one: &Held, other: &Held) -> bool {
    one.tokens().zip(other.tokens()).is_some_and(|(one, other)| agree_in_part(&one, &other))
}

/// One of them knows of fewer cached tokens, or of no answer: its reader left, or it failed midway.
pub(super) fn agree_in_part(one: &Tokens, other: &Tokens) -> bool {
    let silent = |tokens: &Tokens| {
        tokens.get(TokenType::Output).is_none() && tokens.get(TokenType::Reasoning).is_none()
    };
    if silent(one) != silent(other) {
        return one.input_total() == other.input_total();
    }
    let same = |kind| one.get(kind).zip(other.get(kind)).is_none_or(|(one, other)| one == other);
    let cached = [TokenType::CacheRead, TokenType::CacheWrite, TokenType::CacheWrite1h];
    one.output_total() == other.output_total()
        && one.output_total() > 0
        && one.get(TokenType::Input).is_some()
        && one.get(TokenType::Input) == other.get(TokenType::Input)
        && cached.into_iter().all(same)
}

/// A span without usage ended as the one that it wraps; or it failed on an answer that had come.
fn ended_alike(silent: &Held, telling: &Held) -> bool {
    let class = |held: &Held| held.of_evidence(|evidence| evidence.error).map(|error| error.class);
    match (silent.failed(), telling.failed()) {
        (false, false) => true,
        (true, true) => class(silent) == class(telling),
        (true, false) => {
            let by_client =
                matches!(class(silent), None | Some(ErrorClass::Unknown | ErrorClass::InvalidRequest));
            by_client && silent.layer > telling.layer && silent.status_code().is_none()
        }
        (false, true) => false,
    }
}

fn within(one: &Held, other: &Held) -> bool {
    let inside = |inner: &Held, outer: &Held| {
        inner.start_unix_nano.saturating_add(SLACK_NANOS) >= outer.start_unix_nano
            && inner.end_unix_nano <= outer.end_unix_nano.saturating_add(SLACK_NANOS)
    };
    inside(one, other) || inside(other, one)
}

/// Two ids of answers, of the same kind, that differ.
pub(super) fn different_answers(one: &Held, other: &Held) -> bool {
    one.answer != 0 && other.answer != 0 && one.answer != other.answer && one.answer_kind == other.answer_kind
}

fn same_model(one: &Held, other: &Held) -> bool {
    if Arc::ptr_eq(&one.shape, &other.shape) {
        return true;
    }
    fn names(held: &Held) -> [&str; 3] {
        [Name::RoutedModel, Name::ResponseModel, Name::RequestModel].map(|name| held.text(name))
    }
    let (first, second) = (names(one), names(other));
    let silent = |names: [&str; 3]| names.iter().all(|name| name.is_empty());
    silent(first) || silent(second) || first.iter().any(|one| second.iter().any(|other| similar(one, other)))
}

/// Equal but for a vendor's prefix or a date at the end.
fn similar(one: &str, other: &str) -> bool {
    fn bare(name: &str) -> &str {
        name.rsplit('/').next().unwrap_or(name)
    }
    let (one, other) = (bare(one), bare(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    !short.is_empty()
        && long
            .strip_prefix(short)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// True when `tail` reports the end of the stream that `head` began.
pub(super) fn continues(head: &Held, tail: &Held) -> bool {
    head.shape.scope == tail.shape.scope
        && head.shape.service == tail.shape.service
        && !head.has_tokens()
        && !head.failed()
        && head.text(Name::RequestModel) == tail.text(Name::RequestModel)
        && head.end_unix_nano <= tail.start_unix_nano.saturating_add(SLACK_NANOS)
        && tail.start_unix_nano.saturating_sub(head.end_unix_nano) <= PAUSE_NANOS
}

/// True when an HTTP request without a call above it was made in the time of this call, to its provider.
pub(super) fn lies_within(request: &Held, call: &Held) -> bool {
    let in_time = request.start_unix_nano.saturating_add(SLACK_NANOS) >= call.start_unix_nano
        && request.start_unix_nano <= call.end_unix_nano;
    let compatible = match (request.provider(), call.provider()) {
        (Some(request), Some(call)) => request == call,
        _ => true,
    };
    request.shape.service == call.shape.service && in_time && compatible
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: however little is left of a hash, no list is taken for another, and each is found from where its
    /// look-alikes are looked for.
    #[test]
    fn no_list_is_taken_for_another() {
        let secret = Secret::with_bits(0);
        let keys = [TRACE, ANSWER, ALIKE, START, SILENT].map(|list| key(&secret, list, 0_u64));
        for (place, key) in keys.iter().enumerate() {
            assert!(*key != 0 && !keys[..place].contains(key), "{keys:?}");
        }
        assert_eq!(key(&secret, REQUEST, 0_u64), key(&secret, START, 0_u64));
        assert_eq!(key(&secret, RICH, 0_u64), key(&secret, SILENT, 0_u64));
    }
}
