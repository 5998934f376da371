//! What a call costs: counts times rates, line by line, nothing else.
//!
//! In: a [`Found`] model, [`Tokens`], the [`Context`], other [`Units`] and the time. Out: a [`Cost`],
//! exact, or the reason why there is none. It allocates nothing and knows no names.
//!
//! A count is billed by the narrowest unit that has a price: reasoning tokens as output where they
//! have no price of their own. The tier is chosen by the whole prompt, cached or not.

use super::catalogue::{Found, MAX_RATES, Price, Rates};
use super::decimal::{Decimal, Dollars};
use super::unit::{Unit, UnitId, UnitSet, Units};
use super::{Context, Unpriced};
use crate::call::{TokenType, Tokens};

/// What a line of a cost is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKey {
    /// Tokens of one kind.
    Tokens(TokenType),
    /// Fees for the request, for tools and for whatever else is not tokens.
    Request,
}

/// One line of a cost.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What for.
    pub key: LineKey,
    /// How many tokens; for [`LineKey::Request`] 1.
    pub quantity: u64,
    /// Dollars for each [`Self::per`]; for [`LineKey::Request`] the fees themselves.
    pub rate: Decimal,
    /// How many the rate is for: a million tokens.
    pub per: u64,
    /// Dollars.
    pub amount: Dollars,
}

/// What a call costs: at most one line for each kind of token, and one for fees. It is large, so it is
/// filled in place and lent out.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    lines: [Option<Line>; TokenType::ALL.len() + 1],
    total: Dollars,
    unpriced: u16,
}

/// The rates that apply to one call, standard ones with those of the variants over them.
pub(super) struct Applied<'a> {
    list: [Option<(UnitId, &'a Price)>; MAX_RATES],
    pub(super) units: UnitSet,
}

// === impl LineKey ===

impl LineKey {
    /// The `type` label, and the key in `explain --json`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tokens(kind) => kind.label(),
            Self::Request => "request",
        }
    }
}

// === impl Cost ===

impl Cost {
    /// The lines, in the order of the contract, fees last.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().flatten()
    }

    /// All of it.
    #[must_use]
    pub const fn total(&self) -> Dollars {
        self.total
    }

    /// The kinds of tokens that were used and have no price in this catalogue.
    pub fn unpriced(&self) -> impl Iterator<Item = TokenType> + '_ {
        TokenType::ALL.into_iter().filter(|kind| self.unpriced >> *kind as u16 & 1 == 1)
    }

    /// Makes it the cost of a fee alone, or one that something else than the catalogue knows.
    pub(super) fn set_request(&mut self, amount: Dollars) {
        self.clear();
        self.add_fee(amount);
        self.total = amount;
    }

    /// Makes it nothing. Only what tells lines that are there from lines that are not is written.
    fn clear(&mut self) {
        self.lines.iter_mut().for_each(|line| *line = None);
        (self.total, self.unpriced) = (Dollars::ZERO, 0);
    }

    /// Makes it that of tokens at dollars per million by kind, and a fee for the request.
    pub(super) fn set_rates(
        &mut self,
        tokens: &Tokens,
        rates: &[Option<Decimal>; TokenType::ALL.len()],
        request: Option<Decimal>,
    ) {
        const PER: u64 = 1_000_000;
        self.clear();
        for (kind, quantity) in tokens.iter() {
            let Some(rate) = rates[kind as usize] else {
                self.unpriced |= u16::from(quantity > 0) << kind as u16;
                continue;
            };
            let amount = rate.times(quantity.into(), PER);
            self.total = self.total.plus(amount);
            self.lines[kind as usize] =
                Some(Line { key: LineKey::Tokens(kind), quantity, rate, per: PER, amount });
        }
        if let Some(fee) = request {
            self.total = self.total.plus(fee.into());
            self.add_fee(fee.into());
        }
    }

    /// Every amount times a percentage.
    pub(super) fn percent(&mut self, percent: Decimal) {
        for line in self.lines.iter_mut().flatten() {
            line.amount = line.amount.percent(percent);
        }
        self.total = self.total.percent(percent);
    }

    /// The amounts of tokens times a percentage; fees stay.
    pub(super) fn percent_of_tokens(&mut self, percent: Decimal) {
        let (fees, tokens) = (self.lines[TokenType::ALL.len()], &mut self.lines[..TokenType::ALL.len()]);
        self.total = fees.map_or(Dollars::ZERO, |line| line.amount);
        for line in tokens.iter_mut().flatten() {
            line.amount = line.amount.percent(percent);
            self.total = self.total.plus(line.amount);
        }
    }

    fn add_fee(&mut self, amount: Dollars) {
        let line = &mut self.lines[TokenType::ALL.len()];
        let amount = line.map_or(amount, |known| known.amount.plus(amount));
        *line = Some(Line { key: LineKey::Request, quantity: 1, rate: Decimal::ZERO, per: 1, amount });
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self { lines: [None; TokenType::ALL.len() + 1], total: Dollars::ZERO, unpriced: 0 }
    }
}

// === impl Found ===

impl Found<'_> {
    /// What a call of this model costs.
    ///
    /// # Errors
    /// When the counts contradict each other or a wider count is missing: see [`Unpriced`].
    pub fn cost(
        &self,
        tokens: &Tokens,
        context: &Context<'_>,
        units: &Units<'_>,
        at_unix_seconds: i64,
    ) -> Result<Cost, Unpriced> {
        let mut cost = Cost::default();
        self.cost_into(&mut cost, tokens, context, units, at_unix_seconds).map(|()| cost)
    }

    /// The same, in place of what `cost` was.
    pub(super) fn cost_into(
        &self,
        cost: &mut Cost,
        tokens: &Tokens,
        context: &Context<'_>,
        units: &Units<'_>,
        at_unix_seconds: i64,
    ) -> Result<(), Unpriced> {
        let applied = self.applied(context, at_unix_seconds);
        let prompt = tokens.input_total();
        cost.clear();
        for (id, price) in applied.iter() {
            let unit = self.catalogue.unit(id);
            let rate = price.rate(prompt);
            if unit.tokens == 0 {
                let quantity = self.fee_quantity(unit, id, &applied, units)?;
                let amount = rate.times(quantity, unit.per);
                cost.total = cost.total.plus(amount);
                if !quantity.is_zero() {
                    cost.add_fee(amount);
                }
                continue;
            }
            let mut quantity = 0u64;
            for (kind, count) in tokens.iter().filter(|(kind, _)| self.owns(unit, *kind, applied.units)) {
                quantity = quantity.saturating_add(count);
                let amount = rate.times(count.into(), unit.per);
                let key = LineKey::Tokens(kind);
                cost.lines[kind as usize] = Some(Line { key, quantity: count, rate, per: unit.per, amount });
            }
            cost.total = cost.total.plus(rate.times(quantity.into(), unit.per));
        }
        let without = |(kind, count): &(TokenType, u64)| *count > 0 && cost.lines[*kind as usize].is_none();
        cost.unpriced = tokens.iter().filter(without).fold(0, |bits, (kind, _)| bits | 1 << kind as u16);
        Ok(())
    }

    /// True when no kind of token has a price.
    pub(super) fn is_billed_by_pieces(&self, at_unix_seconds: i64) -> bool {
        let rates = &self.standard(at_unix_seconds).rates;
        rates.list.iter().all(|(id, _)| self.catalogue.unit(*id).tokens == 0)
    }

    /// The rates in force: for each unit the first variant that has one, else the standard.
    pub(super) fn applied<'a>(&'a self, context: &'a Context<'a>, at_unix_seconds: i64) -> Applied<'a> {
        let standard: &Rates = &self.standard(at_unix_seconds).rates;
        let mut applied = Applied { list: [None; MAX_RATES], units: 0 };
        applied.extend(standard);
        if !context.is_empty() {
            let mut replaced = 0;
            for variant in self.variants(at_unix_seconds, context) {
                applied.replace(&variant.dated.rates, replaced);
                replaced |= variant.dated.rates.units();
            }
        }
        applied
    }

    /// True when `unit` is the narrowest priced one that covers this kind of token.
    pub(super) fn owns(&self, unit: &Unit, kind: TokenType, priced: UnitSet) -> bool {
        let covers = |unit: &Unit| unit.tokens >> kind as u16 & 1 == 1;
        covers(unit) && !ids(unit.narrower & priced).any(|id| covers(self.catalogue.unit(id)))
    }

    /// The stated count of something else than tokens, less what narrower units bill.
    fn fee_quantity(
        &self,
        unit: &Unit,
        id: UnitId,
        applied: &Applied<'_>,
        units: &Units<'_>,
    ) -> Result<Decimal, Unpriced> {
        if &*unit.usage == "requests" {
            return Ok(1.into());
        }
        let whole = self.stated(unit, units)?;
        let mut rest = whole;
        for inner in ids(unit.narrower & applied.units).filter(|inner| *inner != id) {
            let inner = self.catalogue.unit(inner);
            let part = self.stated(inner, units)?;
            rest = rest.checked_sub(part).ok_or(Unpriced::Contradiction)?;
        }
        Ok(rest.as_float())
    }

    /// A stated count, at least the model's minimum; 0 when nothing of it is stated at all.
    fn stated(&self, unit: &Unit, units: &Units<'_>) -> Result<Decimal, Unpriced> {
        if let Some(minimum) = self.minimum_seconds()
            && let "audio_seconds" | "input_audio_seconds" = &*unit.usage
        {
            let stated = ["audio_seconds", "input_audio_seconds"]
                .into_iter()
                .filter_map(|usage| units.get(usage))
                .find(|seconds| !seconds.is_zero());
            return Ok(stated.map_or(Decimal::ZERO, |seconds| seconds.max(minimum)));
        }
        if let Some(count) = units.get(&unit.usage) {
            return Ok(count);
        }
        let narrower = |usage: &str| ids(unit.narrower).any(|id| &*self.catalogue.unit(id).usage == usage);
        match units.iter().find(|(usage, count)| !count.is_zero() && narrower(usage)) {
            Some(_) => Err(Unpriced::Contradiction),
            None => Ok(Decimal::ZERO),
        }
    }

    /// The least that is billed of a transcription; only where the provider itself was asked for.
    fn minimum_seconds(&self) -> Option<Decimal> {
        self.model().minimum_seconds.filter(|_| self.place.owner == self.place.provider)
    }
}

// === impl Applied ===

impl<'a> Applied<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, &'a Price)> + '_ {
        self.list.iter().map_while(|entry| *entry)
    }

    fn extend(&mut self, rates: &'a Rates) {
        for ((id, price), place) in rates.list.iter().zip(&mut self.list) {
            *place = Some((*id, price));
            self.units |= 1 << id;
        }
    }

    /// Puts the rates in place of those that are there, save the units in `kept`.
    fn replace(&mut self, rates: &'a Rates, kept: UnitSet) {
        for (id, price) in rates.list.iter().filter(|(id, _)| kept >> id & 1 == 0) {
            let there =
                |place: &&mut Option<_>| place.is_none_or(|(known, _): (UnitId, &Price)| known == *id);
            if let Some(place) = self.list.iter_mut().find(there) {
                *place = Some((*id, price));
                self.units |= 1 << id;
            }
        }
    }
}

fn ids(mut set: UnitSet) -> impl Iterator<Item = UnitId> {
    std::iter::from_fn(move || {
        let id = (set != 0).then(|| set.trailing_zeros() as UnitId);
        set &= set.wrapping_sub(1);
        id
    })
}
