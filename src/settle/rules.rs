//! The rules: which of the spans at hand tell of one call.
//!
//! In: a [`Company`]. Out: groups of spans, each one call or none. Each rule is a sweep over the sorted spans, so that
//! the work is linear in their number and the order of arrival is none. The rules, in order:
//!
//! 1. the same answer: equal response ids, across traces;
//! 2. ancestry: a call inside a call is the same call, told nearer the wire, unless their ids say otherwise;
//!    of several inside one, the last is, and the others are attempts or steps of their own;
//! 3. a span that reports the end of a stream belongs to the call before it;
//! 4. look-alikes: no id, but the same service, model and tokens from another scope, within the other's time
//!    (`look`), paired one to one;
//! 5. HTTP requests belong to the call above them, to the one below (through a gateway), or to the one in
//!    whose time they lie; what is left of them is a call by itself;
//! 6. agents and wrappers repeat what is inside them; one that alone has usage is the call.

use std::collections::BTreeMap;

use super::Reason;
use super::company::{Company, rank};
use super::held::{Held, Number};
use super::lend::{self, Below, Lender};
use super::look::{self, SLACK_NANOS, different_answers, tells_of_call};
use super::pairs::Free;
use crate::dialect::Trait;
use crate::facts::Role;
use crate::record::{Flags, Name};

/// Heads that a tail looks at, and running calls that a loose request looks at.
const MOST_TRIED: usize = 32;
/// Two spans of one answer do not lie further apart.
pub(super) const HOUR_NANOS: u64 = 3_600_000_000_000;

/// Spans that belong together: those that are the call (nearest the wire first), then the rest.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) members: Vec<Number>,
    pub(super) judgement: Judgement,
    /// Spans around the call that tell what it leaves open.
    pub(super) lenders: Vec<Lender>,
}

/// What a group is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judgement {
    /// How many of the members tell of the call themselves.
    pub(super) calls: usize,
    /// It is a call.
    pub(super) is_call: bool,
    /// Why the others are left out.
    pub(super) reason: Reason,
    /// Attempts that failed inside.
    pub(super) retries: u32,
}

impl Judgement {
    /// A span that is a call by itself.
    pub(super) const LONE_CALL: Self =
        Self { calls: 1, is_call: true, reason: Reason::Aggregate, retries: 0 };
    /// A call, and the one around it.
    pub(super) const WRAPPED_CALL: Self = Self { calls: 2, ..Self::LONE_CALL };
}

/// The groups that these spans fall into.
pub(super) fn groups(mut company: Company<'_>) -> Vec<Group> {
    if company.nodes.len() > 1 {
        join_answers(&mut company);
        join_ancestry(&mut company);
        join_tails(&mut company);
        join_look_alikes(&mut company);
        join_requests(&mut company);
    }
    leave_out_accounts(&mut company);
    judge_agents(&mut company);
    let members = company.members();
    let mut below = Below::default();
    members.into_iter().map(|members| group(&mut company, members, &mut below)).collect()
}

// --- rule 1 ---

fn join_answers(company: &mut Company<'_>) {
    let mut first: BTreeMap<u64, usize> = BTreeMap::new();
    for index in company.with_role(|role| tells_of_call(role) || role == Role::Aggregate) {
        let held = company.held(index);
        if held.answer == 0 || company.settler.past.is_everybodys(held.answer) {
            continue;
        }
        let one = *first.entry(held.answer).or_insert(index);
        if one != index && same_answer(company.held(one), held) {
            company.join(one, index);
        }
    }
}

/// An id that comes with other tokens or hours apart does not name one answer.
pub(super) fn same_answer(one: &Held, other: &Held) -> bool {
    let other_usage = match (one.usage(), other.usage()) {
        (Some(one), Some(other)) => one.0 != other.0 && one.1 != other.1,
        _ => false,
    };
    !other_usage && one.end_unix_nano.abs_diff(other.end_unix_nano) <= HOUR_NANOS
}

// --- rule 2 ---

fn join_ancestry(company: &mut Company<'_>) {
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); company.nodes.len()];
    for index in company.with_role(tells_of_call) {
        if let Some(outer) = company.nodes[index].call_above {
            inside[outer].push(index);
        }
    }
    for outer in company.inside_out() {
        let held = company.held(outer);
        // What it tells of was counted already: it must not fill another call with it.
        if held.role != Role::Call || inside[outer].is_empty() || company.settler.past.wraps_counted(held) {
            continue;
        }
        let mut inside = std::mem::take(&mut inside[outer]);
        // A companion repeats the call above it, whatever id its library hands out.
        inside.retain(|&index| {
            company.role(index) == Role::Companion || !different_answers(company.held(index), held)
        });
        let own = company.group(outer);
        let mut groups = Vec::new();
        inside.sort_by_key(|&index| (company.held(index).end_unix_nano, index));
        inside.iter().for_each(|&index| groups.push(company.group(index)));
        groups.dedup();
        match groups.as_slice() {
            [] => {}
            groups if groups.contains(&own) => {}
            [only] => company.join(*only, outer),
            several => join_one_of(company, several, outer),
        }
    }
}

/// Of several calls inside one, the outer tells of that with its tokens, or of their sum, or of the last.
fn join_one_of(company: &mut Company<'_>, groups: &[usize], outer: usize) {
    let each: Vec<_> = groups.iter().map(|&group| company.sum(group).usage).collect();
    if let Some(own) = company.held(outer).usage() {
        if let Some(place) = each.iter().rposition(|usage| *usage == Some(own)) {
            return company.join(groups[place], outer);
        }
        let sum = each
            .iter()
            .flatten()
            .fold((0, 0), |sum: (u64, u64), one| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1)));
        if sum == own {
            return company.leave_out(outer);
        }
    }
    if let Some(&last) = groups.last() {
        company.join(last, outer);
    }
}

// --- rule 3 ---

fn join_tails(company: &mut Company<'_>) {
    let tails = company.with_role(|role| role == Role::Continuation);
    if tails.is_empty() {
        return;
    }
    let mut heads: BTreeMap<(u64, u64, &str), Vec<usize>> = BTreeMap::new();
    let key = |held: &'_ Held| (held.shape.service, held.shape.scope);
    for index in company.with_role(|role| role == Role::Call) {
        let held = company.held(index);
        if !held.has_tokens() && !held.failed() {
            let (service, scope) = key(held);
            heads.entry((service, scope, held.text(Name::RequestModel))).or_default().push(index);
        }
    }
    for heads in heads.values_mut() {
        heads.sort_by_key(|&index| (company.held(index).end_unix_nano, index));
    }
    for tail in tails {
        let held = company.held(tail);
        let (service, scope) = key(held);
        let Some(heads) = heads.get_mut(&(service, scope, held.text(Name::RequestModel))) else { continue };
        let latest = held.start_unix_nano.saturating_add(SLACK_NANOS);
        let end = heads.partition_point(|&index| company.held(index).end_unix_nano <= latest);
        let best = (0..end).rev().take(MOST_TRIED).find(|&place| {
            look::continues(company.held(heads[place]), held) && !company.sum(heads[place]).has_tail
        });
        if let Some(place) = best {
            company.join(heads.remove(place), tail);
        }
    }
}

// --- rule 4 ---

fn join_look_alikes(company: &mut Company<'_>) {
    let (mut alike, mut services) = (BTreeMap::<_, Vec<usize>>::new(), BTreeMap::<_, Vec<usize>>::new());
    for index in company.with_role(tells_of_call) {
        let held = company.held(index);
        if let Some(usage) = held.usage() {
            alike.entry((held.shape.service, usage)).or_default().push(index);
        }
        services.entry(held.shape.service).or_default().push(index);
    }
    for line in alike.values() {
        pair(company, line, |_| true);
    }
    let silent = |held: &Held| held.usage().is_none() || look::lacks_output(held);
    for line in services.values() {
        if line.iter().any(|&index| silent(company.held(index))) {
            pair(company, line, silent);
        }
    }
    for line in poorer_and_richer(company).values() {
        pair(company, line, |_| true);
    }
}

/// Spans that state cached tokens, beside those that state what is left without them.
fn poorer_and_richer(company: &Company<'_>) -> BTreeMap<(u64, (u64, u64)), Vec<usize>> {
    let calls = || company.with_role(tells_of_call).into_iter();
    let key = |index, usage| (company.held(index).shape.service, usage);
    let mut lines: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for index in calls() {
        if let Some(usage) = look::poorer(company.held(index)) {
            lines.entry(key(index, usage)).or_default().push(index);
        }
    }
    if lines.is_empty() {
        return lines;
    }
    for index in calls() {
        let own = company.held(index).usage().and_then(|usage| lines.get_mut(&key(index, usage)));
        own.into_iter().for_each(|line| line.push(index));
    }
    lines.values_mut().for_each(|line| line.sort_unstable());
    lines
}

/// Scope after scope, each span in order of time takes its nearest free look-alike of the others: one to one.
fn pair(company: &mut Company<'_>, line: &[usize], seeks: impl Fn(&Held) -> bool) {
    let mut scopes: Vec<u64> = Vec::new();
    let mut by_scope: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for &index in line {
        let scope = company.held(index).shape.scope;
        let of_scope = by_scope.entry(scope).or_insert_with(|| {
            scopes.push(scope);
            Vec::new()
        });
        if seeks(company.held(index)) {
            of_scope.push(index);
        }
    }
    if scopes.len() < 2 {
        return;
    }
    for scope in scopes {
        let seekers = &by_scope[&scope];
        if !seekers.is_empty() {
            let others = line.iter().copied().filter(|&index| !company.is_told_by(index, scope));
            let mut free = Free::new(others.collect());
            for &index in seekers {
                take_nearest(company, &mut free, index, scope);
            }
        }
    }
}

fn take_nearest(company: &mut Company<'_>, free: &mut Free, index: usize, scope: u64) {
    let mut near = free.around(index);
    // A group that this scope has told of since is no longer free.
    while near.iter().any(|&(_, other)| company.is_told_by(other, scope)) {
        near.iter()
            .filter(|(_, other)| company.is_told_by(*other, scope))
            .for_each(|&(place, _)| free.take(place));
        near = free.around(index);
    }
    let mut best = None;
    for (place, other) in near {
        let apart = look::distance(company.held(index), company.held(other));
        if let Some(apart) = apart.filter(|_| company.may_be_one(index, other)) {
            best = best.min(Some((apart, other, place))).or(Some((apart, other, place)));
        }
    }
    if let Some((_, other, place)) = best {
        company.join(index, other);
        free.take(place);
    }
}

// --- rule 5 ---

fn join_requests(company: &mut Company<'_>) {
    let requests = company.with_role(|role| role == Role::Http);
    if requests.is_empty() {
        return;
    }
    let below = calls_below(company);
    let mut loose = Vec::new();
    for index in requests {
        match company.nodes[index].call_above {
            Some(call) => company.join(index, call),
            None => loose.push(index),
        }
    }
    loose.retain(|&index| {
        let agent = company.nodes[index].agent_above;
        let states = |agent: usize| {
            company.held(agent).usage().is_some() && company.held(agent).flags.has(Flags::WITNESS)
        };
        let lone = agent.filter(|&agent| states(agent) && below[agent].is_none());
        let call = lone.or(below[index]);
        call.into_iter().for_each(|call| company.join(index, call));
        call.is_none()
    });
    join_in_time(company, &loose, &below);
}

/// The first call below each span.
fn calls_below(company: &Company<'_>) -> Vec<Option<usize>> {
    let mut below: Vec<Option<usize>> = vec![None; company.nodes.len()];
    for index in company.inside_out() {
        let Some(parent) = company.nodes[index].parent else { continue };
        let own = (company.role(index) == Role::Call).then_some(index);
        for call in [own, below[index]].into_iter().flatten() {
            below[parent] = Some(below[parent].map_or(call, |known| known.min(call)));
        }
    }
    below
}

/// A request belongs to the call in whose time it began: one without a request first, then the one that began last.
/// A wrapper that stands for its call, as that never ended, is one, too.
fn join_in_time(company: &mut Company<'_>, requests: &[usize], below: &[Option<usize>]) {
    let mut running: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let stands_for_call = |index: &usize| {
        let held = company.held(*index);
        held.role == Role::Call
            || held.flags.has(Flags::WITNESS)
                && held.shape.profile.has(Trait::LoneWrapperIsCall)
                && below[*index].is_none()
    };
    let calls: Vec<usize> = (0..company.nodes.len()).filter(stands_for_call).collect();
    let mut calls = calls.into_iter().peekable();
    for &index in requests {
        let request = company.held(index);
        let latest = request.start_unix_nano.saturating_add(SLACK_NANOS);
        while let Some(call) = calls.next_if(|&call| company.held(call).start_unix_nano <= latest) {
            running.entry(company.held(call).shape.service).or_default().push(call);
        }
        let Some(around) = running.get_mut(&request.shape.service) else { continue };
        let best = latest_running(company, around, request);
        if let Some(call) = best {
            company.join(index, call);
        }
    }
}

/// Calls that have ended are dropped for good: later requests begin later.
fn latest_running(company: &mut Company<'_>, around: &mut Vec<usize>, request: &Held) -> Option<usize> {
    let (mut best, mut tried, mut place) = (None, 0, around.len());
    while place > 0 && tried < MOST_TRIED {
        place -= 1;
        let call = around[place];
        if company.held(call).end_unix_nano < request.start_unix_nano {
            around.remove(place);
            continue;
        }
        tried += 1;
        if look::lies_within(request, company.held(call)) {
            let apart = request.start_unix_nano.abs_diff(company.held(call).start_unix_nano);
            let found = (company.sum(call).has_request, apart, call);
            best = Some(best.map_or(found, |best: (bool, u64, usize)| best.min(found)));
        }
    }
    best.map(|(_, _, call)| call)
}

// --- rule 6 ---

/// Spans that keep the books repeat the calls of their scope in their trace, one by one and rolled up; alone they count.
fn leave_out_accounts(company: &mut Company<'_>) {
    let accounts = company.with_role(|role| role == Role::Aggregate);
    let accounts: Vec<usize> =
        accounts.into_iter().filter(|&index| company.held(index).flags.has(Flags::ACCOUNTS)).collect();
    if accounts.is_empty() {
        return;
    }
    let place = |held: &Held| (held.trace_id, held.shape.scope);
    let calls = company.with_role(|role| role == Role::Call);
    let told: std::collections::BTreeSet<_> = calls
        .into_iter()
        .filter(|&index| company.held(index).has_tokens())
        .map(|index| place(company.held(index)))
        .collect();
    for index in accounts {
        if told.contains(&place(company.held(index))) {
            company.leave_out(index);
        }
    }
}

/// The calls below a span, as far as an agent above must know.
#[derive(Clone, Copy, Debug)]
enum Inside {
    Nothing,
    /// All of them are of the group of this span.
    One(usize),
    Several {
        only_agents: bool,
    },
}

fn judge_agents(company: &mut Company<'_>) {
    let mut inside = vec![Inside::Nothing; company.nodes.len()];
    for index in company.inside_out() {
        if company.role(index) == Role::Aggregate && company.sum(index).calls == 0 {
            judge_agent(company, index, inside[index]);
        }
        let Some(parent) = company.nodes[index].parent else { continue };
        // What belongs to the agent above is no call inside it.
        let agents = company.nodes[index]
            .agent_above
            .is_some_and(|agent| company.group(agent) == company.group(index));
        let telling = !company.nodes[index].sum && company.role(index) != Role::Other && !agents;
        let own = telling && company.sum(index).makes > 0;
        let own = if own { Inside::One(index) } else { Inside::Nothing };
        let below = both(company, inside[index], own);
        inside[parent] = both(company, inside[parent], below);
    }
}

fn judge_agent(company: &mut Company<'_>, index: usize, inside: Inside) {
    let held = company.held(index);
    let own_usage = held.shape.profile.has(Trait::OwnAgentUsage);
    let only_agents = match inside {
        Inside::Nothing => true,
        Inside::One(other) => company.sum(other).only_agents,
        Inside::Several { only_agents } => only_agents,
    };
    let own = own_usage && only_agents;
    match inside {
        _ if company.settler.past.repeats_counted(held, own_usage) => company.leave_out(index),
        _ if held.shape.profile.has(Trait::LastStepOnly) && held.usage().is_some() => {
            join_last_step(company, index);
        }
        Inside::One(only) if !own => company.join(only, index),
        Inside::Nothing => {}
        _ if own => {}
        _ => company.leave_out(index),
    }
}

/// An agent that knows of all its steps, where its one span of calls knows of the last: together they are the call. What
/// the agents inside it called is theirs.
fn join_last_step(company: &mut Company<'_>, agent: usize) {
    let own = |index: &usize| company.role(*index) == Role::Call && company.agent_of(*index) == Some(agent);
    let calls: Vec<usize> = (0..company.nodes.len()).filter(own).collect();
    match calls.as_slice() {
        [] => {}
        [only] => company.join(*only, agent),
        _ => company.leave_out(agent),
    }
}

fn both(company: &mut Company<'_>, one: Inside, other: Inside) -> Inside {
    let mut agents = |inside| match inside {
        Inside::Nothing => true,
        Inside::One(index) => company.sum(index).only_agents,
        Inside::Several { only_agents } => only_agents,
    };
    let only_agents = agents(one) && agents(other);
    match (one, other) {
        (Inside::Nothing, inside) | (inside, Inside::Nothing) => inside,
        (Inside::One(one), Inside::One(other)) if company.group(one) == company.group(other) => {
            Inside::One(one)
        }
        _ => Inside::Several { only_agents },
    }
}

// --- the result ---

fn group(company: &mut Company<'_>, mut members: Vec<usize>, below: &mut Below) -> Group {
    let is_call = company.sum(members[0]).makes > 0;
    members.sort_by_cached_key(|&index| company.nearness(index));
    let tells = |&&index: &&usize| rank(company.role(index), company.nodes[index].sum) == 0;
    let calls = members.iter().filter(tells).count();
    let sums = |&index: &usize| company.nodes[index].sum || company.held(index).has_tokens();
    let not_a_call = if members.iter().any(sums) { Reason::Aggregate } else { Reason::NotACall };
    let judgement = Judgement {
        calls: if calls == 0 && is_call { 1 } else { calls },
        is_call,
        reason: if is_call { Reason::Aggregate } else { not_a_call },
        retries: retries(company, &members),
    };
    let lenders = if is_call { lend::lenders(company, &members, below) } else { Vec::new() };
    let members = members.into_iter().map(|index| company.nodes[index].number).collect();
    Group { judgement, members, lenders }
}

/// HTTP attempts that failed and were made again: all that failed, but for the one that ended a failure.
fn retries(company: &Company<'_>, members: &[usize]) -> u32 {
    let attempts = members.iter().map(|&index| company.held(index)).filter(|held| held.role == Role::Http);
    let (all, failed) = attempts.fold((0_u32, 0_u32), |(all, failed), held| {
        (all + 1, failed + u32::from(held.flags.has(Flags::FAILED)))
    });
    if failed == all { failed.saturating_sub(1) } else { failed }
}
