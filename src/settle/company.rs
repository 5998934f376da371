//! The spans at hand, sorted, who is above whom, and which are joined to one call.
//!
//! In: the waiting spans that met. Out: look-ups and joins for the rules of `rules`, which it does not know. A group
//! remembers sums of its members, never the members themselves, so that two groups are compared in constant time.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::Settler;
use super::held::{Held, Number};
use super::look::{self, SLACK_NANOS, tells_of_call};
use crate::facts::{Role, SpanKey};
use crate::record::Flags;

/// Most distinct writers and answers of a group that are told apart.
const MOST_OF_A_GROUP: usize = 8;

/// One span at hand.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) number: Number,
    pub(super) held: &'a Held,
    /// Nearest span at hand above this one.
    pub(super) parent: Option<usize>,
    /// Nearest call above.
    pub(super) call_above: Option<usize>,
    /// Nearest agent or wrapper above.
    pub(super) agent_above: Option<usize>,
    /// Spans at hand above it.
    pub(super) depth: u32,
    /// Left out as the sum of what is inside.
    pub(super) sum: bool,
    root: usize,
}

/// What a group tells, without its members.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    writers: [u64; MOST_OF_A_GROUP],
    writer_count: usize,
    answers: [(u32, u64); MOST_OF_A_GROUP],
    answer_count: usize,
    /// More of them than are told apart: nothing but parent and answer joins it any more.
    full: bool,
    /// The first usage that is stated by a span that tells of the call.
    pub(super) usage: Option<(u64, u64)>,
    /// Members that tell of the call.
    pub(super) calls: u32,
    /// Members that make it a call.
    pub(super) makes: u32,
    pub(super) has_request: bool,
    pub(super) has_tail: bool,
    pub(super) only_agents: bool,
}

/// All spans at hand, and their groups.
#[derive(Debug)]
pub(super) struct Company<'a> {
    pub(super) settler: &'a Settler,
    pub(super) nodes: Vec<Node<'a>>,
    sums: Vec<Sum>,
    /// Every span after those above it.
    pub(super) outside_in: Vec<usize>,
}

impl<'a> Company<'a> {
    /// Each span in a group of its own.
    pub(super) fn new(settler: &'a Settler, numbers: &[Number]) -> Self {
        let found = numbers.iter().filter_map(|&number| Some((number, settler.waiting.get(number)?)));
        let mut found: Vec<(Number, &Held)> = found.collect();
        found
            .sort_by_key(|(_, held)| (held.start_unix_nano, held.end_unix_nano, held.span_id, held.trace_id));
        let nodes: Vec<Node<'_>> = found
            .into_iter()
            .enumerate()
            .map(|(root, (number, held))| Node::new(number, held, root))
            .collect();
        let sums = nodes.iter().map(|node| Sum::of(node.held)).collect();
        let mut company = Self { settler, nodes, sums, outside_in: Vec::new() };
        company.find_parents();
        company.cut_circles();
        company.sort_by_depth();
        company.find_above();
        company
    }

    pub(super) fn held(&self, index: usize) -> &'a Held {
        self.nodes[index].held
    }

    pub(super) fn role(&self, index: usize) -> Role {
        self.nodes[index].held.role
    }

    pub(super) fn with_role(&self, wanted: impl Fn(Role) -> bool) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&index| wanted(self.role(index))).collect()
    }

    /// The spans, each before those above it.
    pub(super) fn inside_out(&self) -> impl Iterator<Item = usize> + use<> {
        self.outside_in.clone().into_iter().rev()
    }

    /// The node that stands for a span's group: its first.
    pub(super) fn group(&mut self, index: usize) -> usize {
        let mut root = index;
        while self.nodes[root].root != root {
            let next = self.nodes[root].root;
            self.nodes[root].root = self.nodes[next].root;
            root = next;
        }
        root
    }

    /// What a span's group tells.
    pub(super) fn sum(&mut self, index: usize) -> &Sum {
        let root = self.group(index);
        &self.sums[root]
    }

    /// Makes one group of two.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.group(one), self.group(other));
        let (kept, gone) = (one.min(other), one.max(other));
        if kept != gone {
            self.nodes[gone].root = kept;
            let sum = self.sums[gone].clone();
            self.sums[kept].add(&sum);
        }
    }

    /// Leaves a span out as the sum of what is inside.
    pub(super) fn leave_out(&mut self, index: usize) {
        self.nodes[index].sum = true;
        let root = self.group(index);
        self.sums[root].makes -= u32::from(makes_call(self.nodes[index].held));
    }

    /// Joins two groups of look-alikes: no writer twice, no two answers, no two usages in one call.
    pub(super) fn may_be_one(&mut self, one: usize, other: usize) -> bool {
        let agreed = look::agree(self.held(one), self.held(other));
        let (one, other) = (self.group(one), self.group(other));
        one != other && self.sums[one].fits(&self.sums[other], agreed)
    }

    /// True when a span of this writer tells of the group already.
    pub(super) fn is_told_by(&mut self, index: usize, writer: u64) -> bool {
        let sum = self.sum(index);
        sum.full || sum.writers().contains(&writer)
    }

    // --- who is above whom ---

    fn find_parents(&mut self) {
        let places: HashMap<SpanKey, usize, foldhash::fast::RandomState> =
            self.nodes.iter().enumerate().map(|(index, node)| (node.held.key(), index)).collect();
        for index in 0..self.nodes.len() {
            let Some(parent) = self.nodes[index].held.parent_key() else { continue };
            let mut above = self.settler.past.ancestors(parent);
            self.nodes[index].parent =
                above.find_map(|key| places.get(&key).copied()).filter(|&parent| parent != index);
        }
    }

    /// A circle of parents is cut above its smallest span, wherever a walk would have closed it.
    fn cut_circles(&mut self) {
        let mut walked = vec![0_u32; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let walk = start as u32 + 1;
            let mut next = Some(start);
            while let Some(index) = next.filter(|&index| walked[index] == 0) {
                walked[index] = walk;
                next = self.nodes[index].parent;
            }
            if let Some(closed) = next.filter(|&index| walked[index] == walk) {
                self.cut_circle(closed);
            }
        }
    }

    fn cut_circle(&mut self, of: usize) {
        let (mut smallest, mut at) = (of, self.nodes[of].parent);
        while let Some(index) = at.filter(|&index| index != of) {
            let key = |index: usize| self.nodes[index].held.key();
            smallest = if key(index) < key(smallest) { index } else { smallest };
            at = self.nodes[index].parent;
        }
        self.nodes[smallest].parent = None;
    }

    fn sort_by_depth(&mut self) {
        const UNKNOWN: u32 = u32::MAX;
        self.nodes.iter_mut().for_each(|node| node.depth = UNKNOWN);
        let mut path = Vec::new();
        for start in 0..self.nodes.len() {
            let mut next = Some(start);
            while let Some(index) = next.filter(|&index| self.nodes[index].depth == UNKNOWN) {
                path.push(index);
                next = self.nodes[index].parent;
            }
            let mut depth = next.map_or(0, |index| self.nodes[index].depth + 1);
            while let Some(index) = path.pop() {
                self.nodes[index].depth = depth;
                depth += 1;
            }
        }
        self.outside_in = (0..self.nodes.len()).collect();
        self.outside_in.sort_by_key(|&index| (self.nodes[index].depth, index));
    }

    fn find_above(&mut self) {
        for place in 0..self.outside_in.len() {
            let index = self.outside_in[place];
            let Some(parent) = self.nodes[index].parent else { continue };
            let above = &self.nodes[parent];
            let of = |role, known: Option<usize>| if above.held.role == role { Some(parent) } else { known };
            let agent = of(Role::Aggregate, above.agent_above);
            // A call below a tool or an agent is another call than the one above it.
            let identity = above.call_above.filter(|_| !above.held.flags.has(Flags::BARRIER));
            // A span that had ended is nothing of what began later: some libraries never close their scope.
            let call = of(Role::Call, identity).filter(|&call| !self.ended_before(call, index));
            (self.nodes[index].call_above, self.nodes[index].agent_above) = (call, agent);
        }
    }

    /// True when a span began after another had ended.
    fn ended_before(&self, one: usize, other: usize) -> bool {
        self.held(other).start_unix_nano > self.held(one).end_unix_nano.saturating_add(SLACK_NANOS)
    }

    /// The nearest agent above a span that states usage.
    pub(super) fn agent_of(&self, index: usize) -> Option<usize> {
        let states = |&agent: &usize| self.held(agent).usage().is_some();
        std::iter::successors(self.nodes[index].agent_above, |&agent| self.nodes[agent].agent_above)
            .find(states)
    }

    /// The members of every group, each group in the order of its first span.
    pub(super) fn members(&mut self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = self.nodes.iter().map(|_| Vec::new()).collect();
        for index in 0..self.nodes.len() {
            let root = self.group(index);
            members[root].push(index);
        }
        members.retain(|members| !members.is_empty());
        members
    }

    /// How near the wire a member is, the nearest first; then what else tells, then wrappers.
    pub(super) fn nearness(&self, index: usize) -> impl Ord + use<> {
        let node = &self.nodes[index];
        let held = node.held;
        let tail = held.role == Role::Continuation;
        let near = (held.layer, tail, Reverse(node.depth), Reverse(held.start_unix_nano));
        (rank(held.role, node.sum), near, held.span_id, held.trace_id)
    }
}

impl<'a> Node<'a> {
    fn new(number: Number, held: &'a Held, root: usize) -> Self {
        Self { number, held, parent: None, call_above: None, agent_above: None, depth: 0, sum: false, root }
    }
}

// === impl Sum ===

impl Sum {
    fn of(held: &Held) -> Self {
        let tells = tells_of_call(held.role);
        let answered = tells && held.answer != 0;
        let mut writers = [0; MOST_OF_A_GROUP];
        writers[0] = held.shape.scope;
        let mut answers = [(0, 0); MOST_OF_A_GROUP];
        answers[0] = (held.answer_kind, held.answer);
        Self {
            writers,
            writer_count: usize::from(tells),
            answers,
            answer_count: usize::from(answered),
            full: false,
            usage: held.usage().filter(|_| tells),
            calls: u32::from(tells),
            makes: u32::from(makes_call(held)),
            has_request: held.role == Role::Http,
            has_tail: held.role == Role::Continuation,
            only_agents: held.role == Role::Aggregate,
        }
    }

    fn add(&mut self, other: &Self) {
        for &writer in other.writers() {
            self.full |= !put(&mut self.writers, &mut self.writer_count, writer);
        }
        for &answer in other.answers() {
            self.full |= !put(&mut self.answers, &mut self.answer_count, answer);
        }
        self.full |= other.full;
        self.usage = self.usage.or(other.usage);
        self.calls += other.calls;
        self.makes += other.makes;
        self.has_request |= other.has_request;
        self.has_tail |= other.has_tail;
        self.only_agents &= other.only_agents;
    }

    fn fits(&self, other: &Self, agreed: bool) -> bool {
        let two_answers =
            |one: &(u32, u64)| other.answers().iter().any(|other| one.0 == other.0 && one.1 != other.1);
        let usage = agreed || self.usage.is_none() || other.usage.is_none() || self.usage == other.usage;
        let writers = !self.writers().iter().any(|writer| other.writers().contains(writer));
        !self.full && !other.full && usage && writers && !self.answers().iter().any(two_answers)
    }

    fn writers(&self) -> &[u64] {
        &self.writers[..self.writer_count]
    }

    fn answers(&self) -> &[(u32, u64)] {
        &self.answers[..self.answer_count]
    }
}

fn put<T: PartialEq>(set: &mut [T; MOST_OF_A_GROUP], count: &mut usize, value: T) -> bool {
    if set[..*count].contains(&value) {
        return true;
    }
    let room = *count < MOST_OF_A_GROUP;
    if room {
        set[*count] = value;
        *count += 1;
    }
    room
}

/// True for a span that, unless it is a sum, makes its group a call.
fn makes_call(held: &Held) -> bool {
    match held.role {
        Role::Call | Role::Companion | Role::Http => true,
        // The call that began the stream has a span of its own, perhaps counted long ago.
        Role::Continuation => held.has_tokens(),
        Role::Aggregate => held.flags.has(Flags::WITNESS),
        Role::Other => false,
    }
}

/// Spans that tell of the call come first, then what else tells, then wrappers.
pub(super) const fn rank(role: Role, sum: bool) -> u8 {
    match role {
        Role::Call | Role::Continuation if !sum => 0,
        Role::Companion => 1,
        Role::Http => 2,
        Role::Call | Role::Continuation | Role::Aggregate => 3,
        Role::Other => 4,
    }
}
