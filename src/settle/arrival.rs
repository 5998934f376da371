//! A span comes: again, late, or to wait.

use super::held::{ANSWER, Held, Key, Number};
use super::merge::Members;
use super::past::{Named, TRACES};
use super::services::Entered;
use super::{LISTED, Outcome, Reason, Settler, look};
use crate::facts::Role;
use crate::record::Record;

impl Settler {
    pub(super) fn take(&mut self, mut held: Held, tell: &mut dyn FnMut(Outcome<'_>)) {
        held.record.arrived = Record::milliseconds(self.now);
        if !self.past.see(&held) {
            let of = Some(held.key());
            return tell(Outcome::Skipped { span: &held, reason: left_out(&held), of, late: false });
        }
        self.lineage.note(&held, self.now);
        if self.is_late(&mut held) || self.told_early.repeats(&self.settings.secret, &held, &self.past) {
            self.leave_out_late(&held, tell);
        } else {
            self.wait(held);
        }
    }

    /// True when the call that a span belongs to is counted and gone. An id that proves to be everybody's is dropped.
    fn is_late(&mut self, held: &mut Held) -> bool {
        if held.role == Role::Other {
            return false;
        }
        if held.answer != 0 {
            match self.past.name(held) {
                Named::New => {}
                Named::Counted => return true,
                Named::Everybodys => held.forget_answer(),
            }
        }
        let attached = matches!(held.role, Role::Http | Role::Companion);
        let parent = held.parent_key().filter(|_| attached);
        parent.is_some_and(|parent| self.past.ancestors(parent).any(|key| self.past.is_counted(key)))
    }

    fn leave_out_late(&mut self, held: &Held, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.past.remember_counted(held);
        if held.role == Role::Http {
            tell(Outcome::Late(Members::alone(held)));
        }
        tell(Outcome::Skipped { span: held, reason: left_out(held), of: None, late: true });
    }

    pub(super) fn wait(&mut self, held: Held) {
        let entered = self.services.enter(&held, self.waiting.next());
        let before = match entered {
            Entered::Alone(before) => before,
            Entered::Second(last) => {
                self.list_by_look(last);
                None
            }
            Entered::Mixed => None,
        };
        let mixed = !matches!(entered, Entered::Alone(_));
        let keys = look::keys(&self.settings.secret, &held, mixed);
        let number = self.waiting.add(held, keys, before);
        if mixed {
            self.waiting.meet(number);
        }
        self.count_traces(number, keys[ANSWER]);
    }

    /// The second instrumentation of a service has come: the spans of the first are listed by their looks.
    fn list_by_look(&mut self, last: Number) {
        let mut alone: Vec<Number> = self.waiting.of_service(last).collect();
        alone.reverse();
        for number in alone {
            let keys = self.waiting.get(number).map(|held| look::keys(&self.settings.secret, held, true));
            keys.into_iter().for_each(|keys| self.waiting.relist(number, keys));
        }
    }

    /// An answer that more traces name than one call can be in is nobody's, as long as it is remembered.
    fn count_traces(&mut self, number: Number, key: Key) {
        if self.waiting.is_alone(number) || self.waiting.count(ANSWER, key) <= TRACES {
            return;
        }
        let mut traces = Vec::new();
        for other in self.waiting.listed(ANSWER, key).take(LISTED).chain([number]) {
            let trace = self.waiting.get(other).map(|other| other.trace_id);
            traces.extend(trace.filter(|trace| !traces.contains(trace)));
        }
        if traces.len() > TRACES {
            let answer = self.waiting.get(number).map(|held| held.answer);
            answer.into_iter().for_each(|answer| self.past.give_up(answer));
            self.waiting.forget_answer(number);
        }
    }
}

/// Why a span of a call that was counted is none.
fn left_out(held: &Held) -> Reason {
    if held.role == Role::Http { Reason::NotACall } else { Reason::Duplicate }
}
