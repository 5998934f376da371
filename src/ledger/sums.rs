//! What is added up in a row: calls, failures by class, tokens and dollars by type.

use super::money::Money;
use crate::call::{ErrorClass, TokenType};

/// What a line of tokens or dollars is for: a kind of token, or fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(u8);

impl Kind {
    /// Fees for requests, searches and tools.
    pub const REQUEST: Self = Self(TokenType::ALL.len() as u8);

    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=Self::REQUEST.0).map(Self)
    }

    /// The `type` label of metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        TokenType::ALL.get(usize::from(self.0)).map_or("request", |kind| kind.label())
    }
}

impl From<TokenType> for Kind {
    fn from(kind: TokenType) -> Self {
        Self(kind as u8)
    }
}

/// Tokens and dollars of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub kind: Kind,
    /// How many tokens; 0 for fees.
    pub tokens: u64,
    /// What they cost.
    pub cost: Money,
}

/// Kinds of tokens and classes of failures for which a row has room.
const LINES: usize = 5;
const CLASSES: usize = 4;

/// See the module. Whatever is added in whatever order, the sums are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Calls, failed ones included.
    pub calls: u64,
    /// Failed calls by class, in the order of classes.
    pub failures: Vec<(ErrorClass, u64)>,
    /// Tokens and dollars, in the order of kinds.
    pub lines: Vec<Line>,
    /// What the cache saved. Not part of the cost.
    pub saved: Money,
    /// Part of the cost that was spent on failures.
    pub failed_cost: Money,
    /// Tokens without a price.
    pub unpriced_tokens: u64,
    /// Calls of which the tokens are unknown.
    pub unknown_usage: u64,
}

impl Sums {
    /// Nothing again; the memory stays.
    pub fn clear(&mut self) {
        let (mut failures, mut lines) = (std::mem::take(&mut self.failures), std::mem::take(&mut self.lines));
        failures.clear();
        lines.clear();
        *self = Self { failures, lines, ..Self::default() };
    }

    /// The same, with room for the kinds and classes that most rows come to have: so that adding takes no memory later.
    #[must_use]
    pub fn with_room(&self) -> Self {
        let (mut lines, mut failures) = (Vec::with_capacity(LINES), Vec::with_capacity(CLASSES));
        lines.extend_from_slice(&self.lines);
        failures.extend_from_slice(&self.failures);
        Self { lines, failures, ..*self }
    }

    /// All dollars.
    #[must_use]
    pub fn cost(&self) -> Money {
        self.lines.iter().map(|line| line.cost).sum()
    }

    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.tokens))
    }

    /// Failed calls.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|(_, count)| count).sum()
    }

    /// Adds a line.
    pub fn add_line(&mut self, kind: Kind, tokens: u64, cost: Money) {
        let at = self.lines.partition_point(|line| line.kind < kind);
        match self.lines.get_mut(at).filter(|line| line.kind == kind) {
            Some(line) => {
                line.tokens = line.tokens.saturating_add(tokens);
                line.cost.0 += cost.0;
            }
            None => self.lines.insert(at, Line { kind, tokens, cost }),
        }
    }

    /// Adds failures of a class.
    pub fn add_failures(&mut self, class: ErrorClass, count: u64) {
        let at = self.failures.partition_point(|(known, _)| *known < class);
        match self.failures.get_mut(at).filter(|(known, _)| *known == class) {
            Some((_, known)) => *known += count,
            None => self.failures.insert(at, (class, count)),
        }
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        other.failures.iter().for_each(|&(class, count)| self.add_failures(class, count));
        other.lines.iter().for_each(|line| self.add_line(line.kind, line.tokens, line.cost));
        self.saved.0 += other.saved.0;
        self.failed_cost.0 += other.failed_cost.0;
        self.unpriced_tokens = self.unpriced_tokens.saturating_add(other.unpriced_tokens);
        self.unknown_usage += other.unknown_usage;
    }
}
