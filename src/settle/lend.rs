//! What a call leaves open and a span around it tells: why it failed, and which model it was.
//!
//! In: the spans at hand and one group of them. Out: the spans that lend. Some libraries put the cause of a failure on
//! the agent, the body of a refusal on the wrapper, the model on a turn two spans above the usage. Only what a call
//! lacks is lent, from at most three spans above it; of an agent's attempts the last has its cause.

use super::company::Company;
use super::held::{Held, Number};
use super::look::SLACK_NANOS;
use crate::call::ErrorClass;
use crate::facts::Role;
use crate::record::{Flags, Name, Record};

/// How far up is looked.
const ABOVE: usize = 3;
/// How long after its last attempt an agent may end.
const PAUSE_NANOS: u64 = 1_000_000_000;

/// A span that tells what a call leaves open.
#[derive(Clone, Debug)]
pub(super) struct Lender {
    pub(super) number: Number,
    pub(super) held: Held,
}

/// What lies below each span; found out when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Below(Option<Vec<Deep>>);

#[derive(Clone, Copy, Debug, Default)]
struct Deep {
    /// When the last call below ended.
    last_end: u64,
    model: Named,
}

/// The models that spans name.
#[derive(Clone, Copy, Debug, Default)]
enum Named {
    #[default]
    Nothing,
    One(usize),
    Several,
}

/// The spans that tell what this group leaves open; its members are sorted, the nearest to the wire first.
pub(super) fn lenders(company: &Company<'_>, members: &[usize], below: &mut Below) -> Vec<Lender> {
    let first = members[0];
    let held = |index: usize| company.held(index);
    let wants_model = members.iter().all(|&index| model(held(index)).is_none());
    let wants_cause = leaves_cause_open(members.iter().map(|&index| &held(index).record));
    let mut lenders = Vec::new();
    if wants_model && held(first).role == Role::Aggregate {
        lenders.extend(below.of(company, first).one_model());
    }
    let mut wants_model = wants_model && lenders.is_empty();
    let above = std::iter::successors(company.nodes[first].parent, |&index| company.nodes[index].parent);
    for index in above.filter(|index| !members.contains(index)).take(if wants_model || wants_cause {
        ABOVE
    } else {
        0
    }) {
        if !matches!(held(index).role, Role::Other | Role::Aggregate) {
            break;
        }
        let gives_model =
            wants_model && model(held(index)).is_some() && held(index).shape.scope == held(first).shape.scope;
        wants_model &= !gives_model;
        if gives_model || wants_cause && failed_with(company, index, first, below) {
            lenders.push(index);
        }
    }
    lenders
        .into_iter()
        .map(|index| Lender { number: company.nodes[index].number, held: held(index).clone() })
        .collect()
}

/// Failed, and nobody says why; or nothing at all is said of how it went.
fn leaves_cause_open<'r>(members: impl Iterator<Item = &'r Record> + Clone) -> bool {
    if members.clone().any(Record::failed) {
        let mut verdicts = members.filter_map(|record| record.of_evidence(|evidence| evidence.error));
        return verdicts.all(|verdict| verdict.class == ErrorClass::Unknown || verdict.is_bare());
    }
    true
}

/// Nothing tells that an answer came.
pub(super) fn is_silent(held: &Held) -> bool {
    let answered = [Flags::OK, Flags::TOOL, Flags::STATES_USAGE].into_iter().any(|flag| held.flags.has(flag));
    held.role == Role::Call
        && !answered
        && !held.failed()
        && held.answer == 0
        && held.text(Name::ResponseModel).is_empty()
        && held.time_to_first_token().is_none()
}

/// A span around a silent call failed at the same moment, by a provider's word.
pub(super) fn fails_for(around: &Held, call: &Held) -> bool {
    let class =
        around.of_evidence(|evidence| evidence.error).map_or(ErrorClass::Unknown, |error| error.class);
    let told = !matches!(
        class,
        ErrorClass::None | ErrorClass::Unknown | ErrorClass::InvalidRequest | ErrorClass::Cancelled
    );
    told && around.failed()
        && matches!(around.role, Role::Other | Role::Aggregate)
        && around.end_unix_nano.abs_diff(call.end_unix_nano) <= SLACK_NANOS
}

/// The model that a span names, the one that answered first.
pub(super) fn model(held: &Held) -> Option<&str> {
    let names = [Name::RoutedModel, Name::ResponseModel, Name::RequestModel];
    names.into_iter().map(|name| held.text(name)).find(|name| !name.is_empty())
}

/// A span around a call failed as the call did: at the same moment, or as the agent of which it was the last attempt.
fn failed_with(company: &Company<'_>, around: usize, call: usize, below: &mut Below) -> bool {
    let (outer, inner) = (company.held(around), company.held(call));
    let apart = outer.end_unix_nano.abs_diff(inner.end_unix_nano);
    let mut last = || below.of(company, around).last_end <= inner.end_unix_nano;
    outer.failed()
        && (apart <= SLACK_NANOS || outer.role == Role::Aggregate && apart <= PAUSE_NANOS && last())
}

// === impl Below ===

impl Below {
    fn of(&mut self, company: &Company<'_>, index: usize) -> Deep {
        self.0.get_or_insert_with(|| Self::find(company))[index]
    }

    fn find(company: &Company<'_>) -> Vec<Deep> {
        let mut below = vec![Deep::default(); company.nodes.len()];
        for index in company.inside_out() {
            let Some(parent) = company.nodes[index].parent else { continue };
            let (held, mut own) = (company.held(index), below[index]);
            if held.role == Role::Call {
                own.last_end = own.last_end.max(held.end_unix_nano);
            }
            if model(held).is_some() {
                own.model = own.model.with(company, Named::One(index));
            }
            let above = &mut below[parent];
            above.last_end = above.last_end.max(own.last_end);
            above.model = above.model.with(company, own.model);
        }
        below
    }
}

impl Deep {
    const fn one_model(self) -> Option<usize> {
        match self.model {
            Named::One(index) => Some(index),
            Named::Nothing | Named::Several => None,
        }
    }
}

impl Named {
    fn with(self, company: &Company<'_>, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, named) | (named, Self::Nothing) => named,
            (Self::One(one), Self::One(other)) if model(company.held(one)) == model(company.held(other)) => {
                Self::One(one.min(other))
            }
            _ => Self::Several,
        }
    }
}
