//! Those whose time is up are judged with all that may belong to them, and told.

use std::sync::Arc;

use super::company::Company;
use super::held::{ANSWER, Held, Number, TRACE};
use super::merge::Members;
use super::rules::{self, Group, Judgement};
use super::{COMPANY, LISTED, Outcome, Reason, Settler, TURNS, look};
use crate::facts::Role;
use crate::record::Shape;

impl Settler {
    /// Judges a span whose time is up with all that may belong to it, and settles what is ripe. Others of its company
    /// go along when most of their time is up, so that one span is not judged for every other.
    pub(super) fn resolve(&mut self, number: Number, all: bool, tell: &mut dyn FnMut(Outcome<'_>)) {
        if self.met_nobody(number) {
            return self.settle_alone(number, tell);
        }
        if let Some(pair) = self.wrapped(number) {
            return self.settle_pair(pair, tell);
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        self.gather(number, &mut gathered);
        if self.cut {
            self.name_early(number);
        }
        // What the rules have just compared, they have judged: only calls counted before make a wrapper late.
        let groups = rules::groups(Company::new(self, &gathered));
        let groups: Vec<(Group, bool)> = groups
            .into_iter()
            .map(|group| (self.wraps_counted_call(&group), group))
            .map(|(late, group)| (group, late))
            .collect();
        for (group, late) in &groups {
            let lent = group.lenders.iter().map(|lender| lender.number);
            let mut spans = group.members.iter().copied().chain(lent);
            if all || spans.any(|span| span == number || self.goes_along(span)) {
                self.settle_group(group, *late, tell);
            }
        }
        if std::mem::take(&mut self.cut) && !all {
            self.early += 1;
        }
        gathered.clear();
        self.gathered = gathered;
    }

    fn goes_along(&self, number: Number) -> bool {
        self.waiting
            .get(number)
            .is_some_and(|held| held.waited_nanos(self.now) >= self.settings.wait_nanos / 5 * 4)
    }

    /// All spans that may belong to the same calls as this one: its trace, and the traces of its answers and
    /// look-alikes. A trace comes whole or not at all.
    fn gather(&mut self, seed: Number, gathered: &mut Vec<Number>) {
        self.waiting.begin_gathering();
        self.gather_trace(seed, true, gathered);
        let mut next = 0;
        while let Some(&number) = gathered.get(next) {
            next += 1;
            for other in self.met(number) {
                self.gather_trace(other, false, gathered);
            }
        }
    }

    fn gather_trace(&mut self, of: Number, is_seed: bool, gathered: &mut Vec<Number>) {
        let key = self.waiting.keys(of)[TRACE];
        let fits =
            gathered.len() + self.waiting.count(TRACE, key) <= COMPANY && self.waiting.turns(of) < TURNS;
        if self.waiting.is_gathered(of) {
            return;
        }
        self.cut |= !fits;
        if !fits && !is_seed {
            return;
        }
        let room = COMPANY - gathered.len();
        let trace: Vec<Number> = self.waiting.listed(TRACE, key).take(room).collect();
        for number in trace {
            if self.waiting.gather(number) {
                gathered.push(number);
            }
        }
        if is_seed && self.waiting.gather(of) {
            gathered.push(of);
        }
    }

    /// Spans of other traces that this one meets.
    fn met(&self, number: Number) -> Vec<Number> {
        let Some(held) = self.waiting.get(number) else { return Vec::new() };
        let mut met = Vec::new();
        let answer = self.waiting.keys(number)[ANSWER];
        if self.waiting.count(ANSWER, answer) > 1 && !self.past.is_everybodys(held.answer) {
            met.extend(self.waiting.listed(ANSWER, answer).take(LISTED));
        }
        if self.services.is_mixed(held) {
            for (list, key) in look::lists(&self.settings.secret, held) {
                met.extend(self.waiting.near(list, key, number, LISTED).filter(|&other| {
                    let other = self.waiting.get(other).filter(|other| other.trace_id != held.trace_id);
                    other.is_some_and(|other| {
                        look::within_reach(list, held, other) && look::could_be_one(held, other)
                    })
                }));
            }
        }
        met
    }

    fn settle_group(&mut self, group: &Group, late: bool, tell: &mut dyn FnMut(Outcome<'_>)) {
        let mut members = Vec::with_capacity(group.members.len());
        for &member in &group.members {
            members.extend(self.release(member));
        }
        let lent: Vec<Held> = group.lenders.iter().map(|lender| lender.held.clone()).collect();
        self.conclude(&mut members, &lent, group.judgement, late, tell);
    }

    /// A call that met nobody: no company, no lists.
    fn settle_alone(&mut self, number: Number, tell: &mut dyn FnMut(Outcome<'_>)) {
        let Some(mut held) = self.release(number) else { return };
        let late = self.past.wraps_counted(&held);
        self.conclude(std::slice::from_mut(&mut held), &[], Judgement::LONE_CALL, late, tell);
    }

    fn settle_pair(&mut self, pair: [Number; 2], tell: &mut dyn FnMut(Outcome<'_>)) {
        if let [Some(near), Some(far)] = pair.map(|number| self.release(number)) {
            self.conclude(&mut [near, far], &[], Judgement::WRAPPED_CALL, false, tell);
        }
    }

    fn met_nobody(&self, number: Number) -> bool {
        self.waiting.is_alone(number) && self.waiting.get(number).is_some_and(|held| held.role == Role::Call)
    }

    fn release(&mut self, number: Number) -> Option<Held> {
        let held = self.waiting.remove(number)?;
        self.services.leave(&held);
        Some(held)
    }

    /// Tells what became of a group, and remembers it.
    fn conclude(
        &mut self,
        members: &mut [Held],
        lent: &[Held],
        judged: Judgement,
        late: bool,
        tell: &mut dyn FnMut(Outcome<'_>),
    ) {
        if judged.is_call {
            self.loops.take_difference(&self.settings.secret, members);
        }
        let members = &*members;
        let Some(first) = members.first() else { return };
        let told = judged.is_call && self.accounts.is_told(&self.settings.secret, members);
        let late = late || told || judged.is_call && self.past.has_counted_answer(&members[..judged.calls]);
        let of = Some(first.key()).filter(|_| judged.is_call && !late);
        if of.is_some() {
            for held in members.iter().take(if self.is_early { judged.calls } else { 0 }) {
                self.told_early.tell(&self.settings.secret, held);
            }
            let above = self.above(first);
            tell(Outcome::Call(Members::new(members, lent, judged.calls, judged.retries).below(&above)));
        }
        for held in members.iter().skip(usize::from(of.is_some())) {
            let reason = match held.role {
                Role::Call | Role::Companion | Role::Continuation if judged.is_call => Reason::Duplicate,
                Role::Http | Role::Other => Reason::NotACall,
                Role::Call | Role::Companion | Role::Continuation | Role::Aggregate => judged.reason,
            };
            tell(Outcome::Skipped { span: held, reason, of, late });
        }
        if judged.is_call {
            self.past.remember(members);
        } else {
            self.past.pass_cover_on(members);
        }
    }

    /// What the spans above say of whose a call is, the nearest first.
    fn above(&self, held: &Held) -> Vec<Arc<Shape>> {
        let Some(parent) = held.parent_key().filter(|_| !self.lineage.is_empty()) else { return Vec::new() };
        self.past.ancestors(parent).filter_map(|key| self.lineage.get(key)).map(Arc::clone).collect()
    }

    /// A counted call lies inside one of these spans.
    fn wraps_counted_call(&self, group: &Group) -> bool {
        let telling =
            group.members.iter().take(group.judgement.calls).filter_map(|&number| self.waiting.get(number));
        group.judgement.is_call && telling.into_iter().any(|held| self.past.wraps_counted(held))
    }
}
