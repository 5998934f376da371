//! What calls cost that differ in nothing but their counts of tokens: found out once, multiplied often.
//!
//! In: one [`Request`]. Out: a [`Tariff`], good for prompts between two sizes and for a time, or `None` where a price
//! is not a whole number of 10^-18 dollars a token; then each call is priced by itself. It never says anything else
//! than [`PriceBook::price`] does.

use std::ops::Range;

use super::catalogue::{Force, Found};
use super::decimal::{Decimal, Dollars};
use super::overrides::PricedModel;
use super::{Context, PriceBook, Request};
use crate::call::{CostRecord, PriceSource, TokenType, Tokens};
use crate::exact::Exact;

const KINDS: usize = TokenType::ALL.len();
const DAY: i64 = 86_400;

/// Amounts of a call by kind of token, to be filled in.
pub(crate) type Lines = [(TokenType, Exact); KINDS];

/// Dollars for one token of each kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tariff {
    /// Whose price it is.
    pub(crate) source: PriceSource,
    /// In 10^-18 dollars.
    rates: [u64; KINDS],
    /// The kinds that have a price, one bit each.
    priced: u16,
    /// What a token from the cache would have cost more as a fresh one.
    saved: u64,
    request: Exact,
    /// Tokens of the whole prompt.
    prompts: Range<u64>,
    /// Seconds since the Unix epoch.
    seconds: Range<i64>,
}

/// What is to be paid for tokens, before it is known whether it makes a tariff.
#[derive(Debug)]
pub(super) struct List {
    /// Dollars, and for how many tokens.
    rates: [Option<(Decimal, u64)>; KINDS],
    request: Dollars,
    prompts: Range<u64>,
    seconds: Range<i64>,
}

impl Tariff {
    /// True when it is for a call of these tokens, at this time.
    pub(crate) fn holds(&self, tokens: &Tokens, at_unix_seconds: i64) -> bool {
        !tokens.is_empty()
            && tokens.stated() & !self.priced == 0
            && self.prompts.contains(&tokens.input_total())
            && self.seconds.contains(&at_unix_seconds)
    }

    /// What so many tokens of a kind cost; `None` without a price.
    pub(crate) fn of(&self, kind: TokenType, tokens: u64) -> Option<Exact> {
        let times = || Exact::from_atto(u128::from(self.rates[kind as usize]) * u128::from(tokens));
        (self.priced & (1 << kind as u16) != 0).then(times)
    }

    /// What so many tokens from the cache saved.
    pub(crate) fn saved(&self, tokens: u64) -> Exact {
        Exact::from_atto(u128::from(self.saved) * u128::from(tokens))
    }

    /// The fee of a call.
    pub(crate) const fn fee(&self) -> Exact {
        self.request
    }

    /// What a call costs for which it holds.
    pub(crate) fn cost<'l>(&self, tokens: &Tokens, lines: &'l mut Lines) -> CostRecord<'l> {
        let times = |rate: u64, count: u64| Exact::from_atto(u128::from(rate) * u128::from(count));
        let (mut count, mut total) = (0, self.request);
        for ((kind, tokens), line) in tokens.iter().zip(lines.iter_mut()) {
            *line = (kind, times(self.rates[kind as usize], tokens));
            total = total.plus(line.1);
            count += 1;
        }
        let cached = tokens.get(TokenType::CacheRead).filter(|_| tokens.get(TokenType::Input).is_some());
        let cache_savings = times(self.saved, cached.unwrap_or(0));
        CostRecord { tokens: &lines[..count], request: self.request, total, cache_savings }
    }
}

/// Calls that are to be priced together, though nobody knows them one by one any more.
#[derive(Clone, Debug)]
pub(crate) struct Together<'a> {
    /// As it was shown.
    pub(crate) provider: &'a str,
    /// The canonical name, or what spans wrote where there was no price.
    pub(crate) model: &'a str,
    /// How they were served.
    pub(crate) context: Context<'a>,
    /// Tokens of their prompts lie between these.
    pub(crate) prompts: Range<u64>,
    /// When they were, seconds since the Unix epoch.
    pub(crate) seconds: Range<i64>,
}

/// Why calls have no price in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoneInCommon {
    /// There is no price at all.
    Unknown,
    /// It depends on the size of a prompt in steps that lie between those of these.
    BySize,
    /// It changed between them.
    ByTime,
    /// It is no whole number of 1e-18 dollars a token.
    Fraction,
}

impl PriceBook {
    /// The tariff that all of some calls have, and the canonical model.
    pub(crate) fn in_common(&mut self, calls: &Together<'_>) -> Result<(Tariff, String), NoneInCommon> {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, calls.prompts.start.max(1));
        let models = [calls.model];
        let request = Request {
            provider: calls.provider,
            models: &models,
            at_unix_seconds: calls.seconds.start,
            tokens: Some(&tokens),
            context: calls.context,
            ..Request::default()
        };
        let canonical = self.canonical(&request).map(str::to_owned);
        let list = self.list(&request).or_else(|| self.list_of_own(&request));
        let (list, per_cent, source) = list.ok_or(NoneInCommon::Unknown)?;
        if !(list.prompts.contains(&tokens.input_total()) && list.prompts.end >= calls.prompts.end) {
            return Err(NoneInCommon::BySize);
        }
        if list.seconds.end < calls.seconds.end {
            return Err(NoneInCommon::ByTime);
        }
        let tariff = list.tariff(per_cent, source).ok_or(NoneInCommon::Fraction)?;
        if tariff.priced == 0 {
            return Err(NoneInCommon::Unknown);
        }
        Ok((tariff, canonical.unwrap_or_else(|| calls.model.to_owned())))
    }

    /// The tariff of calls like this one.
    pub(crate) fn tariff(&mut self, request: &Request<'_>) -> Option<Tariff> {
        let (list, per_cent, source) = self.list(request)?;
        list.tariff(per_cent, source)
    }
}

// === impl List ===

impl List {
    /// `per_cent`: what is to be paid of tokens, and of everything.
    fn tariff(self, per_cent: [Option<Decimal>; 2], source: PriceSource) -> Option<Tariff> {
        let [of_tokens, of_all] = per_cent;
        let all = |amount: Dollars| of_all.map_or(amount, |part| amount.percent(part));
        let of_tokens = |amount: Dollars| all(of_tokens.map_or(amount, |part| amount.percent(part)));
        let (mut rates, mut priced) = ([0; KINDS], 0);
        for (kind, listed) in self.rates.iter().enumerate() {
            if let Some((dollars, per)) = listed {
                rates[kind] = atto(of_tokens(dollars.times(1.into(), *per)))?;
                priced |= 1 << kind;
            }
        }
        let listed = |kind: TokenType| self.rates[kind as usize];
        let apart = listed(TokenType::Input)
            .zip(listed(TokenType::CacheRead))
            .and_then(|(fresh, read)| fresh.0.checked_sub(read.0).map(|apart| apart.times(1.into(), read.1)));
        Some(Tariff {
            source,
            rates,
            priced,
            saved: apart.map_or(Some(0), atto)?,
            request: all(self.request).exactly()?,
            prompts: self.prompts,
            seconds: self.seconds,
        })
    }

    /// Holds only until something turns.
    pub(super) fn narrow(&mut self, turns: impl Iterator<Item = i64>, at: i64) {
        let between = between(turns, at);
        self.seconds = self.seconds.start.max(between.start)..self.seconds.end.min(between.end);
    }

    /// What a model of the configuration costs.
    pub(super) fn configured(own: &PricedModel, prompt: u64) -> Self {
        const PER: u64 = 1_000_000;
        let prices = own.prices_of(prompt);
        Self {
            rates: prices.tokens.map(|rate| rate.map(|rate| (rate, PER))),
            request: prices.request.map_or(Dollars::ZERO, Dollars::from),
            prompts: band(own.tier_edges(), prompt),
            seconds: i64::MIN..i64::MAX,
        }
    }

    /// What a model of the catalogue costs.
    pub(super) fn published(found: &Found<'_>, context: &Context<'_>, at: i64, prompt: u64) -> Self {
        let applied = found.applied(context, at);
        let (mut rates, mut request) = ([None; KINDS], Dollars::ZERO);
        for (id, price) in applied.iter() {
            let (unit, rate) = (found.catalogue.unit(id), price.rate(prompt));
            if &*unit.usage == "requests" {
                request = request.plus(rate.times(1.into(), unit.per));
            }
            for kind in TokenType::ALL.into_iter().filter(|kind| found.owns(unit, *kind, applied.units)) {
                rates[kind as usize] = Some((rate, unit.per));
            }
        }
        let edges = applied.iter().flat_map(|(_, price)| price.above.iter().map(|(above, _)| *above));
        let model = found.model();
        let standard = model.schedule.iter().map(|dated| dated.force);
        let forces = standard.chain(model.variants.iter().map(|variant| variant.dated.force));
        let seconds = between(forces.flat_map(|force| turns(force, at)), at);
        Self { rates, request, prompts: band(edges, prompt), seconds }
    }
}

fn atto(amount: Dollars) -> Option<u64> {
    amount.exactly().and_then(|exact| u64::try_from(exact.atto()).ok())
}

/// Prompts that are not told apart from this one: a tier is for prompts above its edge.
fn band(edges: impl Iterator<Item = u64>, prompt: u64) -> Range<u64> {
    let after = |edge: u64| edge.saturating_add(1);
    edges.fold(0..u64::MAX, |band, edge| {
        if prompt > edge {
            band.start.max(after(edge))..band.end
        } else {
            band.start..band.end.min(after(edge))
        }
    })
}

fn between(turns: impl Iterator<Item = i64>, at: i64) -> Range<i64> {
    turns.fold(i64::MIN..i64::MAX, |time, turn| {
        if at >= turn { time.start.max(turn)..time.end } else { time.start..time.end.min(turn) }
    })
}

/// When prices around this time come into force, and cease to be.
fn turns(force: Force, at: i64) -> Vec<i64> {
    let midnight = at - at.rem_euclid(DAY);
    match force {
        Force::Always => Vec::new(),
        Force::From(start) => vec![start],
        Force::Daily(start, end) => {
            vec![midnight, midnight + i64::from(start), midnight + i64::from(end), midnight + DAY]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::LineKey;

    /// Models with all that prices have: tiers by the prompt, prices by the time of day and from a day on, priority,
    /// fees for the request, regions.
    const MODELS: &[(&str, &str, &str)] = &[
        ("openai", "gpt-4o", ""),
        ("openai", "gpt-5.4", "eu.api.openai.com"),
        ("openai", "gpt-5", ""),
        ("anthropic", "claude-sonnet-4-5", ""),
        ("anthropic", "claude-opus-4-6", ""),
        ("gcp.gemini", "gemini-2.5-pro", ""),
        ("gcp.vertex_ai", "claude-sonnet-4-5", "europe-west1-aiplatform.googleapis.com"),
        ("deepseek", "deepseek-chat", ""),
        ("deepseek", "deepseek-reasoner", ""),
        ("perplexity", "sonar-pro", ""),
        ("groq", "llama-3.3-70b-versatile", ""),
        ("x_ai", "grok-4", ""),
        ("aws.bedrock", "amazon.nova-pro-v1:0", ""),
        ("acme", "llama-at-home", ""),
    ];
    const CONFIGURED: &str = r#"{"models":[{"provider":"acme","model":"llama-at-home","prices":{"input":1,"output":2.5,"cache_read":0.1},
        "tiers":[{"above_prompt_tokens":500,"prices":{"input":2,"output":5,"cache_read":0.2}}]}],
        "discounts":[{"provider":"aws.bedrock","percent":12.5},{"provider":"groq","percent":-5,"to":"2026-11-19"},
            {"provider":"groq","percent":20,"from":"2026-11-19"}]}"#;

    /// Guarantees: a tariff that was made for one call says of another what the book says of it.
    #[test]
    fn a_tariff_says_what_the_book_says() {
        let config = serde_json::from_str(CONFIGURED).expect("JSON");
        let mut book = PriceBook::new(&config).expect("prices");
        let counts = [0_u64, 1, 499, 501, 199_999, 200_000, 200_001, 1_000_000];
        let times = [1_700_000_000_i64, 1_740_000_000, 1_795_000_000, 1_795_034_000, 1_795_070_000];
        let (mut held, mut refused) = (0_u64, 0_u64);
        for &(provider, model, server_address) in MODELS {
            for service_tier in [None, Some("default"), Some("priority"), Some("flex")] {
                let context = Context { service_tier, ..Context::default() };
                let models = [model];
                let calls = counts.iter().flat_map(|&count| times.iter().map(move |&at| (count, at)));
                let calls: Vec<(Tokens, i64)> = calls.map(|(count, at)| (tokens(count, at), at)).collect();
                let ask = |tokens, at| Request {
                    provider,
                    server_address,
                    models: &models,
                    at_unix_seconds: at,
                    tokens: Some(tokens),
                    context,
                    ..Request::default()
                };
                for (made_for, at) in &calls {
                    let Some(tariff) = book.tariff(&ask(made_for, *at)) else { continue };
                    for (tokens, at) in &calls {
                        let holds = tariff.holds(tokens, *at);
                        (held, refused) = (held + u64::from(holds), refused + u64::from(!holds));
                        if holds {
                            agrees(&mut book, &ask(tokens, *at), &tariff);
                        }
                    }
                }
            }
        }
        assert!(held > 10_000 && refused > 1000, "{held} priced, {refused} out of reach");
    }

    fn tokens(count: u64, at: i64) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, count);
        tokens.set(TokenType::Output, count / 3);
        if at % 3 == 0 {
            tokens.set(TokenType::CacheRead, count / 2);
        }
        tokens
    }

    fn agrees(book: &mut PriceBook, request: &Request<'_>, tariff: &Tariff) {
        let mut lines = [(TokenType::Input, Exact::ZERO); KINDS];
        let cost = tariff.cost(request.tokens.expect("tokens"), &mut lines);
        let priced = book.price(request);
        assert_eq!(priced.source, tariff.source, "{request:?}");
        let known = priced.cost.expect("a cost");
        assert_eq!(known.total().exact(), cost.total, "{request:?}");
        let lines = known.lines().filter_map(|line| match line.key {
            LineKey::Tokens(kind) => Some((kind, line.amount.exact())),
            LineKey::Request => None,
        });
        assert_eq!(lines.collect::<Vec<_>>(), cost.tokens, "{request:?}");
    }
}
