//! Spans without a shared id that tell of the same call all the same, and those that do not.
//!
//! In: two waiting spans. Out: how far apart they are, or `None` when they are not of one call. Used only
//! where ids and ancestry say nothing: wrong is worse than double here, so every condition must hold.

use super::Settler;
use super::held::{Held, Number};
use super::merge;
use crate::facts::Role;
use crate::record::Name;

/// Clocks of one process, read a moment apart.
const SLACK_NANOS: u64 = 10_000_000;
/// Longest pause between a call that returned a stream and the first read of it.
const PAUSE_NANOS: u64 = 5_000_000_000;

/// Waiting spans that could belong to the call of this one, by service and time.
pub(super) fn candidates<'s>(
    settler: &'s Settler,
    number: Number,
    held: &'s Held,
) -> impl Iterator<Item = Number> + 's {
    let relevant = matches!(held.role, Role::Call | Role::Http | Role::Continuation);
    let near = relevant.then(|| settler.waiting.neighbours(held)).into_iter().flatten();
    near.filter(move |&other| {
        other != number
            && settler
                .waiting
                .get(other)
                .is_some_and(|other| other.trace_id != held.trace_id && could_be_one(held, other))
    })
}

fn could_be_one(one: &Held, other: &Held) -> bool {
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
    let (first, second) = (one, other);
    let apart = first.shape.scope != second.shape.scope && one.shape.service == other.shape.service;
    if !apart || !within(one, other) || different_answers(one, other) || !same_model(one, other) {
        return None;
    }
    let alike = match (merge::usage_of(one), merge::usage_of(other)) {
        (Some(one), Some(other)) => one == other,
        // One of them does not know: then one must be a wrapper of the other.
        (None, Some(_)) | (Some(_), None) => {
            first.layer != second.layer && !first.failed() && !second.failed()
        }
        (None, None) => first.layer != second.layer && first.failed() == second.failed(),
    };
    alike.then(|| {
        first
            .start_unix_nano
            .abs_diff(second.start_unix_nano)
            .saturating_add(first.end_unix_nano.abs_diff(second.end_unix_nano))
    })
}

fn within(one: &Held, other: &Held) -> bool {
    let (one, other) = (one, other);
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
    let (first, second) = (head, tail);
    first.shape.scope == second.shape.scope
        && head.shape.service == tail.shape.service
        && !head.has_tokens()
        && !first.failed()
        && head.text(Name::RequestModel) == tail.text(Name::RequestModel)
        && first.end_unix_nano <= second.start_unix_nano.saturating_add(SLACK_NANOS)
        && second.start_unix_nano.saturating_sub(first.end_unix_nano) <= PAUSE_NANOS
}

/// True when an HTTP request without a call above it was made in the time of this call, to its provider.
pub(super) fn lies_within(request: &Held, call: &Held) -> bool {
    let (inner, outer) = (request, call);
    let in_time = inner.start_unix_nano.saturating_add(SLACK_NANOS) >= outer.start_unix_nano
        && inner.start_unix_nano <= outer.end_unix_nano;
    let compatible = match (request.provider(), call.provider()) {
        (Some(request), Some(call)) => request == call,
        _ => true,
    };
    request.shape.service == call.shape.service && in_time && compatible
}
