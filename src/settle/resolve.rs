//! The rules: which of the spans at hand tell of one call.
//!
//! In: the waiting spans around one. Out: groups of spans, each one call or none. The rules, in order:
//!
//! 1. the same answer: equal response ids, across traces;
//! 2. ancestry: a call inside a call is the same call, told nearer the wire, unless their ids say otherwise;
//!    of several inside one, the last is, and the others are attempts or steps of their own;
//! 3. a span that reports the end of a stream belongs to the call before it;
//! 4. twins: no id, but the same service, model and tokens from another scope, within the other's time
//!    (`twins`), paired one to one;
//! 5. HTTP requests belong to the call above them, to the one below (through a gateway), or to the one in
//!    whose time they lie; what is left of them is a call by itself;
//! 6. agents and wrappers repeat what is inside them; one that alone has usage is the call.

use std::cmp::Reverse;

use super::Settler;
use super::held::{Held, Number};
use super::memory::hash_key;
use super::table::{Table, tells_of_call};
use super::twins;
use super::{Reason, merge};
use crate::dialect::Trait;
use crate::facts::{Role, SpanKey};
use crate::record::Flags;

/// Most spans that are compared at once: beyond it a trace is settled in parts.
const COMPONENT_BOUND: usize = 512;

/// Spans that belong together: those that are the call (nearest the wire first), then the rest.
#[derive(Clone, Debug)]
pub(super) struct Group {
    members: Vec<Number>,
    /// How many of the members tell of the call themselves.
    pub(super) calls: usize,
    /// It is a call.
    pub(super) is_call: bool,
    /// Why the others are left out.
    pub(super) reason: Reason,
    /// The call that a left-out span belongs to, when that is another group.
    pub(super) of: Option<SpanKey>,
    /// Attempts that failed inside.
    pub(super) retries: u32,
}

impl Group {
    /// A span that is no call.
    pub(super) fn left_out(number: Number, reason: Reason) -> Self {
        Self { members: vec![number], calls: 0, is_call: false, reason, of: None, retries: 0 }
    }

    /// A span that is a call by itself.
    pub(super) fn alone(number: Number) -> Self {
        let reason = Reason::Aggregate;
        Self { members: vec![number], calls: 1, is_call: true, reason, of: None, retries: 0 }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Number> + '_ {
        self.members.iter().copied()
    }
}

/// All spans that may belong to the same calls as this one: its traces, its answers' traces, its twins' traces.
pub(super) fn component(settler: &Settler, seed: Number) -> Vec<Number> {
    let Some(held) = settler.waiting.get(seed) else { return Vec::new() };
    let mut traces = vec![held.trace_id];
    let mut found = Vec::new();
    let mut next = 0;
    while next < traces.len() && found.len() < COMPONENT_BOUND {
        let trace = traces[next];
        next += 1;
        let start = found.len();
        found.extend(settler.waiting.trace(&trace).take(COMPONENT_BOUND - start));
        for &number in &found[start..] {
            let Some(held) = settler.waiting.get(number) else { continue };
            let by_answer = settler.waiting.answer(held.answer);
            for other in by_answer.chain(twins::candidates(settler, number, held)) {
                let trace = settler.waiting.get(other).map(|held| held.trace_id);
                if let Some(trace) = trace.filter(|trace| !traces.contains(trace)) {
                    traces.push(trace);
                }
            }
        }
    }
    if !found.contains(&seed) {
        found.push(seed);
    }
    found
}

/// The groups that these spans fall into.
pub(super) fn groups(settler: &Settler, component: &[Number]) -> Vec<Group> {
    // A span by itself has nobody to be joined with, and a call by itself is one.
    if let [only] = *component
        && settler.waiting.get(only).is_some_and(|held| held.role == Role::Call)
    {
        return vec![Group::alone(only)];
    }
    let mut table = Table::new(settler, component);
    if component.len() > 1 {
        table.join_answers();
        table.join_ancestry();
        table.join_continuations();
        table.join_twins();
        table.join_http();
    }
    table.judge_aggregates();
    table.into_groups()
}

impl Table<'_> {
    // --- rule 1 ---

    fn join_answers(&mut self) {
        let mut first: hashbrown::HashMap<u64, usize, foldhash::fast::FixedState> =
            hashbrown::HashMap::default();
        for index in self.with_role(|role| tells_of_call(role) || role == Role::Aggregate) {
            let answer = self.nodes[index].held.answer;
            if answer == 0 {
                continue;
            }
            match first.get(&answer) {
                Some(&other) => self.join(index, other),
                None => {
                    first.insert(answer, index);
                }
            }
        }
    }

    // --- rule 2 ---

    fn join_ancestry(&mut self) {
        for outer in self.with_role(|role| role == Role::Call) {
            // What it tells of was counted already: it must not fill another call with it.
            if self.settler.wraps_counted(self.nodes[outer].held).is_some() {
                continue;
            }
            let mut inside: Vec<usize> = (0..self.nodes.len())
                .filter(|&index| tells_of_call(self.role(index)) && self.nodes[index].above == Some(outer))
                .filter(|&index| !self.different_answers(index, outer))
                .collect();
            if inside.iter().any(|&index| self.group_of(index) == self.group_of(outer)) {
                continue;
            }
            inside.sort_by_key(|&index| self.nodes[index].held.end_unix_nano);
            let mut groups: Vec<usize> = inside.iter().map(|&index| self.group_of(index)).collect();
            groups.dedup();
            match groups.as_slice() {
                [] => {}
                [only] => self.join(*only, outer),
                several => self.join_one_of(several, outer),
            }
        }
    }

    /// Of several calls inside one, the outer tells of that with its tokens, or of their sum, or of the last.
    fn join_one_of(&mut self, groups: &[usize], outer: usize) {
        let own = merge::usage_of(self.nodes[outer].held);
        let each: Vec<_> = groups.iter().map(|&group| self.usage_of_group(group)).collect();
        if let Some(own) = own {
            let same = |tokens: &Option<(u64, u64)>| *tokens == Some(own);
            if let Some(place) = each.iter().rposition(same) {
                return self.join(groups[place], outer);
            }
            let sum = each.iter().flatten().fold((0, 0), |sum: (u64, u64), one| {
                (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
            });
            if sum == own {
                self.nodes[outer].sum = true;
                return;
            }
        }
        if let Some(&last) = groups.last() {
            self.join(last, outer);
        }
    }

    fn usage_of_group(&self, group: usize) -> Option<(u64, u64)> {
        self.calls_of(group).find_map(|index| merge::usage_of(self.nodes[index].held))
    }

    /// Two ids of answers, of the same kind, that differ: two answers.
    fn different_answers(&self, one: usize, other: usize) -> bool {
        twins::different_answers(self.nodes[one].held, self.nodes[other].held)
    }

    // --- rules 3 and 4 ---

    fn join_continuations(&mut self) {
        for tail in self.with_role(|role| role == Role::Continuation) {
            let best = self
                .with_role(|role| role == Role::Call)
                .into_iter()
                .filter(|&head| twins::continues(self.nodes[head].held, self.nodes[tail].held))
                .filter(|&head| {
                    !self.members_of(self.group_of(head)).any(|other| self.role(other) == Role::Continuation)
                })
                .max_by_key(|&head| self.nodes[head].held.end_unix_nano);
            if let Some(head) = best {
                self.join(head, tail);
            }
        }
    }

    fn join_twins(&mut self) {
        let calls = self.with_role(tells_of_call);
        let mut pairs = Vec::new();
        for (place, &one) in calls.iter().enumerate() {
            for &other in &calls[place + 1..] {
                if let Some(distance) = twins::distance(self.nodes[one].held, self.nodes[other].held) {
                    pairs.push((distance, one, other));
                }
            }
        }
        // The closest pairs first, each span's group once per scope.
        pairs.sort_unstable();
        for (_, one, other) in pairs {
            let (first, second) = (self.group_of(one), self.group_of(other));
            if first != second && self.may_be_twins(first, second) {
                self.join(one, other);
            }
        }
    }

    /// No scope twice, and no two answers, in one call.
    fn may_be_twins(&self, first: usize, second: usize) -> bool {
        self.calls_of(first).all(|one| {
            self.calls_of(second).all(|other| {
                self.nodes[one].held.shape.scope != self.nodes[other].held.shape.scope
                    && !self.different_answers(one, other)
                    && self.agree_on_usage(one, other)
            })
        })
    }

    fn agree_on_usage(&self, one: usize, other: usize) -> bool {
        match (merge::usage_of(self.nodes[one].held), merge::usage_of(self.nodes[other].held)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    // --- rule 5 ---

    fn join_http(&mut self) {
        let mut requests = self.with_role(|role| role == Role::Http);
        requests.sort_by_key(|&index| self.nodes[index].held.start_unix_nano);
        let mut loose = Vec::new();
        for index in requests {
            match self.nodes[index].above {
                Some(call) => self.join(index, call),
                None => loose.push(index),
            }
        }
        for index in loose {
            let call = self
                .lone_agent_above(index)
                .or_else(|| self.call_below(index))
                .or_else(|| self.call_around(index));
            if let Some(call) = call {
                self.join(index, call);
            }
        }
    }

    /// A call inside the request: a gateway took it, and tells of the call that it made.
    fn call_below(&self, index: usize) -> Option<usize> {
        let calls = self.with_role(|role| role == Role::Call);
        calls.into_iter().find(|&call| self.above(call).any(|other| other == index))
    }

    /// An agent that alone knows the usage of the requests inside it.
    fn lone_agent_above(&self, index: usize) -> Option<usize> {
        let agent = self.nearest_above(index, |role| role == Role::Aggregate)?;
        let has_usage = merge::usage_of(self.nodes[agent].held).is_some();
        let has_calls = self
            .with_role(|role| role == Role::Call)
            .into_iter()
            .any(|call| self.above(call).any(|other| other == agent));
        (has_usage && !has_calls).then_some(agent)
    }

    fn call_around(&self, index: usize) -> Option<usize> {
        let request = self.nodes[index].held;
        let mut around: Vec<usize> = self
            .with_role(|role| role == Role::Call)
            .into_iter()
            .filter(|&call| twins::lies_within(request, self.nodes[call].held))
            .collect();
        // The one without a request of its own first, then the one that began last before it.
        around.sort_by_key(|&call| {
            let taken = self.members_of(self.group_of(call)).any(|other| self.role(other) == Role::Http);
            let start = self.nodes[call].held.start_unix_nano;
            (taken, request.start_unix_nano.abs_diff(start))
        });
        around.first().copied()
    }

    // --- rule 6 ---

    fn judge_aggregates(&mut self) {
        let mut aggregates = self.with_role(|role| role == Role::Aggregate);
        // Innermost first.
        aggregates.sort_by_key(|&index| Reverse(self.above(index).count()));
        for index in aggregates {
            let held = self.nodes[index].held;
            if self.calls_of(self.group_of(index)).next().is_some() {
                continue;
            }
            let inside = self.groups_inside(index);
            let cover = self.settler.covered.get(hash_key(held.key()));
            let covered =
                cover.is_some_and(|cover| !(cover.by_agent && held.shape.profile.has(Trait::OwnAgentUsage)));
            let own = held.shape.profile.has(Trait::OwnAgentUsage)
                && inside
                    .iter()
                    .all(|&group| self.members_of(group).all(|member| self.role(member) == Role::Aggregate));
            match inside.as_slice() {
                _ if covered => self.nodes[index].sum = true,
                [only] if !own => self.join(*only, index),
                [] => {}
                _ if own => {}
                _ => self.nodes[index].sum = true,
            }
        }
    }

    /// Groups of calls that lie below this span.
    fn groups_inside(&self, index: usize) -> Vec<usize> {
        let mut groups: Vec<usize> = (0..self.nodes.len())
            .filter(|&other| {
                other != index && !self.nodes[other].sum && self.above(other).any(|above| above == index)
            })
            .filter(|&other| self.role(other) != Role::Other && self.is_call(self.group_of(other)))
            .map(|other| self.group_of(other))
            .filter(|&group| group != self.group_of(index))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    fn is_call(&self, group: usize) -> bool {
        self.members_of(group).any(|index| {
            !self.nodes[index].sum
                && match self.role(index) {
                    Role::Call | Role::Companion | Role::Http => true,
                    // The call that began the stream has a span of its own, perhaps counted long ago.
                    Role::Continuation => self.nodes[index].held.has_tokens(),
                    Role::Aggregate => alone_is_call(self.nodes[index].held),
                    Role::Other => false,
                }
        })
    }

    // --- the result ---

    fn into_groups(self) -> Vec<Group> {
        self.roots().map(|root| self.group(root)).collect()
    }

    fn group(&self, root: usize) -> Group {
        let mut members: Vec<usize> = self.members_of(root).collect();
        let is_call = self.is_call(root);
        members.sort_by_key(|&index| {
            let facts = self.nodes[index].held;
            let depth = self.above(index).count();
            let nearness = (
                facts.layer,
                facts.role == Role::Continuation,
                Reverse(depth),
                Reverse(facts.start_unix_nano),
            );
            (rank(facts.role, self.nodes[index].sum), nearness, facts.span_id)
        });
        let calls =
            members.iter().filter(|&&index| rank(self.role(index), self.nodes[index].sum) == 0).count();
        let of = members
            .iter()
            .find_map(|&index| self.settler.covered.get(hash_key(self.nodes[index].held.key())))
            .map(|cover| cover.of);
        Group {
            calls: if calls == 0 && is_call { 1 } else { calls },
            is_call,
            reason: if is_call { Reason::Aggregate } else { self.reason(&members) },
            of: if is_call { None } else { of },
            retries: self.retries(&members),
            members: members.into_iter().map(|index| self.nodes[index].number).collect(),
        }
    }

    fn reason(&self, members: &[usize]) -> Reason {
        let sums = members
            .iter()
            .any(|&index| self.nodes[index].sum || merge::usage_of(self.nodes[index].held).is_some());
        if sums { Reason::Aggregate } else { Reason::NotACall }
    }

    /// HTTP attempts that failed and were made again: all that failed, but for the one that ended a failure.
    fn retries(&self, members: &[usize]) -> u32 {
        let attempts = members.iter().map(|&index| self.nodes[index].held);
        let attempts = attempts.filter(|held| held.role == Role::Http);
        let (all, failed) = attempts
            .fold((0_u32, 0_u32), |(all, failed), facts| (all + 1, failed + u32::from(facts.failed())));
        if failed == all { failed.saturating_sub(1) } else { failed }
    }
}

/// A wrapper that, with no call inside, is the call: it states usage, be it as zeroes after a failure.
fn alone_is_call(held: &Held) -> bool {
    let facts = held;
    let named = !facts.text(crate::record::Name::RequestModel).is_empty();
    let lone = facts.shape.profile.has(Trait::LoneWrapperIsCall) && named && !facts.failed();
    facts.flags.has(Flags::STATES_USAGE) || lone
}

/// Spans that tell of the call come first, then what else tells, then wrappers.
const fn rank(role: Role, sum: bool) -> u8 {
    match role {
        Role::Call | Role::Continuation if !sum => 0,
        Role::Companion => 1,
        Role::Http => 2,
        Role::Call | Role::Continuation | Role::Aggregate => 3,
        Role::Other => 4,
    }
}
