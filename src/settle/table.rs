//! The spans at hand, who is above whom, and which are joined to one call.
//!
//! In: waiting spans. Out: look-ups and joins for the rules of `resolve`. It knows no rules.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::Settler;
use super::held::{Held, Number};
use crate::facts::Role;

/// Most steps up that are taken: a chain of parents may be long, or a circle.
const HEIGHT: usize = 64;

/// One span at hand.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) number: Number,
    pub(super) held: &'a Held,
    /// Nearest span at hand above this one.
    parent: Option<usize>,
    /// Nearest span above that tells of a call.
    pub(super) above: Option<usize>,
    /// The node that stands for its group.
    root: usize,
    /// Left out as the sum of what is inside.
    pub(super) sum: bool,
}

/// All spans at hand, and their groups.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) settler: &'a Settler,
    pub(super) nodes: Vec<Node<'a>>,
    /// Members of each group, at the place of the node that stands for it; empty elsewhere.
    groups: Vec<Vec<usize>>,
}

/// True for the spans that tell of a call themselves.
pub(super) const fn tells_of_call(role: Role) -> bool {
    matches!(role, Role::Call | Role::Companion | Role::Continuation)
}

impl<'a> Table<'a> {
    /// Each span in a group of its own.
    pub(super) fn new(settler: &'a Settler, component: &[Number]) -> Self {
        let mut places: HashMap<Number, usize, FixedState> = HashMap::default();
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(component.len());
        for (number, held) in
            component.iter().filter_map(|&number| Some((number, settler.waiting.get(number)?)))
        {
            places.insert(number, nodes.len());
            nodes.push(Node { number, held, parent: None, above: None, root: nodes.len(), sum: false });
        }
        for node in &mut nodes {
            let above = node.held.parent_key().into_iter().flat_map(|parent| settler.ancestors(parent));
            let mut waiting = above.filter_map(|key| settler.waiting.by_key(&key));
            node.parent = waiting.find_map(|number| places.get(&number).copied());
        }
        let groups = (0..nodes.len()).map(|index| vec![index]).collect();
        let mut table = Self { settler, nodes, groups };
        for index in 0..table.nodes.len() {
            table.nodes[index].above = table.nearest_above(index, |role| role == Role::Call);
        }
        table
    }

    pub(super) fn role(&self, index: usize) -> Role {
        self.nodes[index].held.role
    }

    pub(super) fn with_role(&self, wanted: fn(Role) -> bool) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&index| wanted(self.role(index))).collect()
    }

    /// The spans at hand above this one, the nearest first.
    pub(super) fn above(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.nodes[index].parent, |&other| self.nodes[other].parent).take(HEIGHT)
    }

    pub(super) fn nearest_above(&self, index: usize, wanted: fn(Role) -> bool) -> Option<usize> {
        self.above(index).find(|&other| wanted(self.role(other)))
    }

    /// The group of a span.
    pub(super) fn group_of(&self, index: usize) -> usize {
        self.nodes[index].root
    }

    /// Makes one group of two.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.group_of(one), self.group_of(other));
        let (kept, gone) = (one.min(other), one.max(other));
        if kept == gone {
            return;
        }
        for member in std::mem::take(&mut self.groups[gone]) {
            self.nodes[member].root = kept;
            self.groups[kept].push(member);
        }
    }

    /// The spans of a group.
    pub(super) fn members_of(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        self.groups[self.group_of(group)].iter().copied()
    }

    /// The spans of a group that tell of the call themselves.
    pub(super) fn calls_of(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        self.members_of(group).filter(|&index| tells_of_call(self.role(index)))
    }

    /// The nodes that stand for groups.
    pub(super) fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.nodes.len()).filter(|&index| !self.groups[index].is_empty())
    }
}
