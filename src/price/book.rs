//! The price book: the catalogue with the user's overrides over it, and a memory of what names mean.
//!
//! In: one [`Request`]. Out: [`Priced`]: dollars and where they come from, or why there are none, and
//! the canonical model either way. It is the one thing of this module that the engine asks. It keeps
//! no time; what it remembers is bounded, and a name that it remembers costs no allocation.

use super::catalogue::{Catalogue, Force, Found, Place};
use super::context::is_standard;
use super::cost::Cost;
use super::decimal::{Decimal, Dollars};
use super::name_table::{Name, NameTable};
use super::overrides::{Fault, Overrides, PricesConfig, ReadyDiscount, UseReported};
use super::tariff::List;
use super::{Context, Units, Unpriced, model_name, uplift};
use crate::call::{PriceSource, Tokens};

/// Where the names are that no discount is for.
const NONE: usize = 0;
/// Names whose meaning is remembered. Beyond it everything is forgotten and learned anew.
const MAX_REMEMBERED: usize = 4096;

/// Prices of everything, and what names were found to mean.
#[derive(Debug)]
pub struct PriceBook {
    catalogue: Shelf,
    pub(super) overrides: Overrides,
    stated: NameTable<Known>,
    /// Discounts that are for the same names, by their places in the configuration.
    fitting: Vec<Box<[usize]>>,
    forgotten: u64,
    /// Where the cost of the last call lies, to be lent out.
    cost: Box<Cost>,
}

/// One call to be priced.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The provider: the convention's name or the catalogue's id; empty when unknown.
    pub provider: &'a str,
    /// `server.address`; empty when unknown.
    pub server_address: &'a str,
    /// Names of the model, best first: the one that answered, the one asked for.
    pub models: &'a [&'a str],
    /// When the call ended, in seconds since the Unix epoch.
    pub at_unix_seconds: i64,
    /// Its tokens, or `None` when unknown.
    pub tokens: Option<&'a Tokens>,
    /// How it was served.
    pub context: Context<'a>,
    /// Searches and other things that are billed beside tokens.
    pub units: Units<'a>,
    /// The cost that the instrumentation itself stated.
    pub reported: Option<Dollars>,
}

/// What is known of the price of one call.
#[derive(Clone, Copy, Debug)]
pub struct Priced<'a> {
    /// Where the dollars come from.
    pub source: PriceSource,
    /// The canonical model, also when there is no price.
    pub model: Option<&'a str>,
    /// The catalogue's id of the provider.
    pub provider: Option<&'a str>,
    /// The dollars; `None` when there is no price or no usage.
    pub cost: Option<&'a Cost>,
    /// Why there is no price of our own; also set when the reported cost stands in for it.
    pub unpriced: Option<Unpriced>,
    /// Since when, or at what time of day, the standard price is in force.
    pub force: Option<Force>,
    /// The provider's price page.
    pub url: Option<&'a str>,
    /// Its endpoint has prices of its own.
    pub regional: bool,
}

/// The embedded catalogue is shared, a loaded one is owned.
#[derive(Debug)]
enum Shelf {
    Embedded(&'static Catalogue),
    Loaded(Box<Catalogue>),
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Own model, by place in the configuration.
    Own(usize),
    Catalogue(Place),
    Unknown(Unpriced),
}

/// All that is to know of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    meaning: Meaning,
    /// Which discounts are for it: a place among those that are for the same names.
    discounts: usize,
}

// === impl PriceBook ===

impl PriceBook {
    /// A book on the embedded catalogue.
    ///
    /// # Errors
    /// Every mistake of the configuration.
    pub fn new(config: &PricesConfig) -> Result<Self, Vec<Fault>> {
        Ok(Self::on(Shelf::Embedded(Catalogue::embedded()), Overrides::new(config)?))
    }

    /// A book on a catalogue that was loaded at run time.
    ///
    /// # Errors
    /// Every mistake of the configuration.
    pub fn with_catalogue(catalogue: Catalogue, config: &PricesConfig) -> Result<Self, Vec<Fault>> {
        Ok(Self::on(Shelf::Loaded(Box::new(catalogue)), Overrides::new(config)?))
    }

    fn on(catalogue: Shelf, overrides: Overrides) -> Self {
        Self {
            catalogue,
            overrides,
            stated: NameTable::default(),
            fitting: vec![Box::default()],
            forgotten: 0,
            cost: Box::default(),
        }
    }

    /// The catalogue that the book stands on.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        self.catalogue.get()
    }

    /// True when the catalogue was loaded and is not the embedded one.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        matches!(self.catalogue, Shelf::Loaded(_))
    }

    /// How many remembered names were forgotten because there was no room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Dollars for an amount of a currency at a time; none without a rate. Without a code they are dollars.
    #[must_use]
    pub fn dollars(&self, amount: Decimal, currency: Option<&str>, at_unix_seconds: i64) -> Option<Dollars> {
        match currency {
            None => Some(amount.into()),
            Some(code) => {
                self.overrides.currencies.rate(code, at_unix_seconds).map(|rate| rate.times(amount, 1))
            }
        }
    }

    /// Prices one call.
    pub fn price(&mut self, request: &Request<'_>) -> Priced<'_> {
        let known = self.first_known(request);
        let tokens = request.tokens.filter(|tokens| !tokens.is_empty());
        let cost = match tokens {
            Some(tokens) => Some(self.cost(known, tokens, request)),
            None => self.cost_of_pieces(known, request).map(Ok),
        };
        // A library without a price list reports 0, which says nothing.
        let stated = request.reported.filter(|amount| !amount.is_zero());
        let reported = stated.filter(|_| self.wants_reported(matches!(cost, Some(Ok(_)))));
        if let Some(reported) = reported {
            self.cost.set_request(reported);
        }
        let regional = self.is_regional(known.meaning, request);
        let mut priced = self.describe(known.meaning, request.at_unix_seconds);
        priced.regional = regional;
        priced.source = match cost {
            Some(Ok(source)) => source,
            Some(Err(reason)) => {
                priced.unpriced = Some(reason);
                PriceSource::Unpriced
            }
            None => PriceSource::UnknownUsage,
        };
        if reported.is_some() {
            priced.source = PriceSource::Reported;
        }
        if reported.is_some() || matches!(cost, Some(Ok(_))) {
            priced.cost = Some(&self.cost);
        }
        priced
    }

    /// Whether a cost that the instrumentation stated is to stand, where there is one of our own or not.
    const fn wants_reported(&self, priced: bool) -> bool {
        match self.overrides.use_reported {
            UseReported::WhenUnpriced => !priced,
            UseReported::Always => true,
            UseReported::Never => false,
        }
    }

    /// The meaning of the first name that has one, else why the first has none.
    fn first_known(&mut self, request: &Request<'_>) -> Known {
        let mut first = Known { meaning: Meaning::Unknown(Unpriced::UnknownModel), discounts: NONE };
        for (index, name) in request.models.iter().enumerate() {
            let known = self.stated((request.provider, request.server_address, name));
            if !known.is_unknown() {
                return known;
            }
            if index == 0 {
                first = known;
            }
        }
        first
    }

    /// What a name means by the configuration or the catalogue, remembered.
    fn stated(&mut self, name: Name<'_>) -> Known {
        if let Some(known) = self.stated.get(name) {
            return known;
        }
        let known = self.known(self.look_up(name), name);
        if self.stated.len() >= MAX_REMEMBERED {
            self.forgotten += self.stated.len() as u64;
            self.stated.clear();
        }
        self.stated.put(name, known);
        known
    }

    fn known(&mut self, meaning: Meaning, name: Name<'_>) -> Known {
        let fitting: Box<[usize]> = self.discounts(meaning, name).into();
        let known = self.fitting.iter().position(|known| *known == fitting);
        let discounts = known.unwrap_or_else(|| {
            self.fitting.push(fitting);
            self.fitting.len() - 1
        });
        Known { meaning, discounts }
    }

    /// The discounts that fit, in order.
    pub(super) fn discounts(&self, meaning: Meaning, (provider, _, _): Name<'_>) -> Vec<usize> {
        let of = match meaning {
            Meaning::Unknown(_) => None,
            Meaning::Own(index) => Some((provider, &*self.overrides.models[index].model)),
            Meaning::Catalogue(place) => {
                let found = Found { catalogue: self.catalogue(), place };
                Some((found.provider_id(), found.model_id()))
            }
        };
        let fits = |discount: &ReadyDiscount| {
            of.is_some_and(|(provider, model)| {
                let same = |wanted| self.same(wanted, provider);
                discount.fits(model) && discount.provider.as_deref().is_none_or(same)
            })
        };
        let all = self.overrides.discounts.iter().enumerate();
        all.filter(|(_, discount)| fits(discount)).map(|(index, _)| index).collect()
    }

    /// Per cent that the first of its discounts in force leaves to pay.
    fn to_pay(&self, known: Known, at_unix_seconds: i64) -> Option<Decimal> {
        let fitting = self.fitting[known.discounts].iter().map(|index| &self.overrides.discounts[*index]);
        let mut fitting = fitting.filter(|discount| discount.seconds.contains(&at_unix_seconds));
        fitting.next().map(|discount| discount.to_pay)
    }

    /// When other discounts come into force.
    fn turns(&self, known: Known) -> impl Iterator<Item = i64> + '_ {
        let fitting = self.fitting[known.discounts].iter().map(|index| &self.overrides.discounts[*index]);
        let turns = fitting.flat_map(|discount| [discount.seconds.start, discount.seconds.end]);
        turns.filter(|turn| !matches!(*turn, i64::MIN | i64::MAX))
    }

    /// What a name means: an alias stands for its model, an own model wins over the catalogue, and
    /// a name that is not found as it stands is read in other ways.
    pub(super) fn look_up(&self, (provider, server_address, name): Name<'_>) -> Meaning {
        let alias = self.overrides.alias(provider, server_address, name).map(|(_, alias)| alias);
        let provider = alias.and_then(|alias| alias.priced_as.as_deref()).unwrap_or(provider);
        let name = alias.map_or(name, |alias| alias.model.as_str()).to_lowercase();
        let catalogue = self.catalogue();
        let id = catalogue.provider_id(provider);
        if let Some(index) = self.own(provider, &name) {
            return Meaning::Own(index);
        }
        let known = id.is_some() || provider.is_empty();
        let mut reason = if known { Unpriced::UnknownModel } else { Unpriced::UnknownProvider };
        for reading in model_name::readings(id.unwrap_or(provider), &name) {
            match catalogue.look_up(reading.provider.unwrap_or(provider), &reading.model) {
                Ok(found) => return Meaning::Catalogue(found.place),
                Err(_) if known => {}
                Err(error) => reason = error.into(),
            }
        }
        Meaning::Unknown(reason)
    }

    /// The first of the user's own models that a name, in lower case, means.
    pub(super) fn own(&self, provider: &str, name: &str) -> Option<usize> {
        self.overrides.models.iter().position(|own| {
            own.matches(name) && own.provider.as_deref().is_none_or(|wanted| self.same(wanted, provider))
        })
    }

    /// True when two names are of one provider.
    pub(super) fn same(&self, wanted: &str, provider: &str) -> bool {
        let id = |name: &str| self.catalogue().provider_id(name);
        wanted.eq_ignore_ascii_case(provider) || id(wanted).is_some_and(|wanted| id(provider) == Some(wanted))
    }

    /// The list that a call is priced by, what per cent of it tokens cost and all is to be paid, and whose prices these are.
    pub(super) fn list(
        &mut self,
        request: &Request<'_>,
    ) -> Option<(List, [Option<Decimal>; 2], PriceSource)> {
        let known = self.first_known(request);
        self.list_of(known, request)
    }

    /// The same of an own model by its canonical name, which may be none by which spans mean it.
    pub(super) fn list_of_own(
        &mut self,
        request: &Request<'_>,
    ) -> Option<(List, [Option<Decimal>; 2], PriceSource)> {
        let name = *request.models.first()?;
        let index = self.overrides.models.iter().position(|own| {
            own.model.eq_ignore_ascii_case(name)
                && own.provider.as_deref().is_none_or(|wanted| self.same(wanted, request.provider))
        })?;
        let known = self.known(Meaning::Own(index), (request.provider, "", name));
        self.list_of(known, request)
    }

    fn list_of(
        &self,
        known: Known,
        request: &Request<'_>,
    ) -> Option<(List, [Option<Decimal>; 2], PriceSource)> {
        let prompt = request.tokens?.input_total();
        let (list, uplift, source) = match known.meaning {
            Meaning::Unknown(_) => return None,
            Meaning::Own(index) => {
                (List::configured(&self.overrides.models[index], prompt), None, PriceSource::Configured)
            }
            Meaning::Catalogue(place) => {
                let found = Found { catalogue: self.catalogue(), place };
                let (context, at) = (request.context.in_catalogue_words(), request.at_unix_seconds);
                check_variants(&found, &context, at).ok()?;
                (
                    List::published(&found, &context, at, prompt),
                    uplift_of(&found, request),
                    PriceSource::Catalogue,
                )
            }
        };
        let (at, mut list) = (request.at_unix_seconds, list);
        list.narrow(self.turns(known), at);
        let to_pay = self.to_pay(known, at);
        let source = if to_pay.is_some() { PriceSource::Configured } else { source };
        Some((list, [uplift, to_pay], source))
    }

    /// True where it is the endpoint that makes a call dearer.
    fn is_regional(&self, meaning: Meaning, request: &Request<'_>) -> bool {
        let Meaning::Catalogue(place) = meaning else { return false };
        let found = Found { catalogue: self.catalogue(), place };
        let anywhere = Request { server_address: "", ..*request };
        !request.server_address.is_empty() && uplift_of(&found, request) != uplift_of(&found, &anywhere)
    }

    /// The canonical name of a model, where there is one.
    pub(super) fn canonical(&mut self, request: &Request<'_>) -> Option<&str> {
        let known = self.first_known(request);
        self.describe(known.meaning, request.at_unix_seconds).model
    }

    fn describe(&self, meaning: Meaning, at_unix_seconds: i64) -> Priced<'_> {
        let mut priced = Priced {
            source: PriceSource::Unpriced,
            model: None,
            provider: None,
            cost: None,
            unpriced: None,
            force: None,
            url: None,
            regional: false,
        };
        match meaning {
            Meaning::Own(index) => {
                let own = &self.overrides.models[index];
                priced.model = Some(&own.model);
                priced.provider = own.provider.as_deref();
            }
            Meaning::Catalogue(place) => {
                let found = Found { catalogue: self.catalogue(), place };
                priced.model = Some(found.model_id());
                priced.provider = Some(found.provider_id());
                priced.force = Some(found.standard(at_unix_seconds).force);
                priced.url = found.urls().first().map(|url| &**url);
            }
            Meaning::Unknown(reason) => priced.unpriced = Some(reason),
        }
        priced
    }

    /// The cost of a call of which only pieces are known, where the model is billed by them: seconds, characters, pages. A
    /// search beside tokens that nobody told is a part of a cost, and a part is none.
    fn cost_of_pieces(&mut self, known: Known, request: &Request<'_>) -> Option<PriceSource> {
        let Meaning::Catalogue(place) = known.meaning else { return None };
        let found = Found { catalogue: self.catalogue.get(), place };
        if request.units.is_empty() || !found.is_billed_by_pieces(request.at_unix_seconds) {
            return None;
        }
        let source = self.cost(known, &Tokens::default(), request).ok()?;
        self.cost.lines().next().is_some().then_some(source)
    }

    /// Works out the cost of tokens, in the place where it lies, and says whose price it is.
    fn cost(
        &mut self,
        known: Known,
        tokens: &Tokens,
        request: &Request<'_>,
    ) -> Result<PriceSource, Unpriced> {
        let to_pay = self.to_pay(known, request.at_unix_seconds);
        let cost = &mut *self.cost;
        let source = match known.meaning {
            Meaning::Unknown(reason) => return Err(reason),
            Meaning::Own(index) => {
                self.overrides.models[index].cost_into(cost, tokens);
                PriceSource::Configured
            }
            Meaning::Catalogue(place) => {
                let found = Found { catalogue: self.catalogue.get(), place };
                catalogue_cost(cost, &found, tokens, request)?;
                if let Some(percent) = uplift_of(&found, request) {
                    cost.percent_of_tokens(percent);
                }
                PriceSource::Catalogue
            }
        };
        Ok(match to_pay {
            Some(percent) => {
                cost.percent(percent);
                PriceSource::Configured
            }
            None => source,
        })
    }
}

/// What per cent of the list price tokens cost where they were served.
fn uplift_of(found: &Found<'_>, request: &Request<'_>) -> Option<Decimal> {
    let (provider, host) = (request.provider, request.server_address);
    let geography = request.context.inference_geo.unwrap_or("");
    uplift::percent(&uplift::Place { model: found.model_id(), provider, host, geography })
}

/// The catalogue's cost; none when not one of the tokens has a price.
fn catalogue_cost(
    cost: &mut Cost,
    found: &Found<'_>,
    tokens: &Tokens,
    request: &Request<'_>,
) -> Result<(), Unpriced> {
    let context = request.context.in_catalogue_words();
    check_variants(found, &context, request.at_unix_seconds)?;
    found.cost_into(cost, tokens, &context, &request.units, request.at_unix_seconds)?;
    let nothing = cost.unpriced().next().is_some() && cost.lines().next().is_none();
    if nothing && !found.is_free() { Err(Unpriced::NoRate) } else { Ok(()) }
}

/// A tier that is not the standard one must have a price of this model: billing it as standard would
/// be a wrong number.
fn check_variants(found: &Found<'_>, context: &Context<'_>, at_unix_seconds: i64) -> Result<(), Unpriced> {
    let unknown = |(key, value): &(&'static str, &str)| {
        Context::is_decisive(key)
            && !is_standard(key, value)
            && !found
                .variants(at_unix_seconds, context)
                .any(|variant| variant.when.iter().any(|(known, _)| **known == **key))
    };
    context.iter().find(unknown).map_or(Ok(()), |(key, _)| Err(Unpriced::UnknownContext(key)))
}

// === impl Known ===

impl Known {
    const fn is_unknown(&self) -> bool {
        matches!(self.meaning, Meaning::Unknown(_))
    }
}

// === impl Shelf ===

impl Shelf {
    fn get(&self) -> &Catalogue {
        match self {
            Self::Embedded(catalogue) => catalogue,
            Self::Loaded(catalogue) => catalogue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::TokenType;

    fn book(json: &str) -> PriceBook {
        PriceBook::new(&serde_json::from_str(json).expect(json)).expect(json)
    }

    fn thousand() -> Tokens {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, 1000);
        tokens
    }

    fn request<'a>(provider: &'a str, models: &'a [&'a str], tokens: &'a Tokens) -> Request<'a> {
        Request {
            provider,
            models,
            at_unix_seconds: 1_795_000_000,
            tokens: Some(tokens),
            ..Request::default()
        }
    }

    fn dollars(priced: &Priced<'_>) -> Option<String> {
        priced.cost.map(|cost| cost.total().to_string())
    }

    #[test]
    fn the_model_that_answered_decides_else_the_one_asked_for() {
        let (mut book, tokens) = (book("{}"), thousand());
        let priced = book.price(&request("openai", &["gpt-4o-2024-08-06", "gpt-4o-mini"], &tokens));
        assert_eq!((priced.model, dollars(&priced).as_deref()), (Some("gpt-4o"), Some("0.0025")));
        let priced = book.price(&request("openai", &["prod-smart-alias", "openai/gpt-4o-mini"], &tokens));
        assert_eq!((priced.model, dollars(&priced).as_deref()), (Some("gpt-4o-mini"), Some("0.00015")));
    }

    /// Guarantees: of several discounts the first that is in force at the time of the call holds, and one below 0 is a
    /// mark-up.
    #[test]
    fn discounts_have_their_days() {
        let (mut book, tokens) = (
            book(
                r#"{"discounts":[{"provider":"openai","percent":20,"from":"2026-11-01","to":"2026-12-01"},
                    {"model":{"equals":["gpt-4o"]},"percent":-10}]}"#,
            ),
            thousand(),
        );
        let mut at = |day: &str| {
            let at_unix_seconds = super::super::overrides::begin_of(day).unwrap();
            let models = ["gpt-4o"];
            dollars(&book.price(&Request { at_unix_seconds, ..request("openai", &models, &tokens) }))
        };
        let days = ["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01"].map(|day| at(day).unwrap());
        assert_eq!(days, ["0.00275", "0.002", "0.002", "0.00275"]);
    }

    #[test]
    fn what_is_not_known_is_unpriced_and_says_why() {
        let (mut book, tokens) = (book("{}"), thousand());
        let cases: [(&str, &str, Unpriced); 4] = [
            ("acme-gateway", "openai/gpt-4o", Unpriced::UnknownProvider),
            ("openai", "gpt-99", Unpriced::UnknownModel),
            ("azure.ai.openai", "my-prod-gpt4o", Unpriced::UnknownModel),
            ("openai", "whisper-1", Unpriced::NoRate),
        ];
        for (provider, model, reason) in cases {
            let priced = book.price(&request(provider, &[model], &tokens));
            assert_eq!(priced.source, PriceSource::Unpriced, "{model}");
            assert_eq!(priced.unpriced, Some(reason), "{model}");
            assert!(priced.cost.is_none(), "{model}");
        }
    }

    #[test]
    fn a_tier_without_a_price_of_this_model_is_unpriced() {
        let (mut book, tokens) = (book("{}"), thousand());
        let mut tier = |provider, model, service_tier| {
            let context = Context { service_tier: Some(service_tier), ..Context::default() };
            let models = [model];
            let priced = book.price(&Request { context, ..request(provider, &models, &tokens) });
            (dollars(&priced), priced.unpriced)
        };
        assert_eq!(tier("openai", "gpt-5", "default").0.as_deref(), Some("0.00125"));
        assert_eq!(tier("openai", "gpt-5", "flex").0.as_deref(), Some("0.000625"));
        assert_eq!(tier("openai", "gpt-4o", "flex"), (None, Some(Unpriced::UnknownContext("service_tier"))));
        assert_eq!(tier("azure", "gpt-5", "flex"), (None, Some(Unpriced::UnknownContext("service_tier"))));
        assert_eq!(tier("anthropic", "claude-sonnet-4-5", "standard").0.as_deref(), Some("0.003"));
        assert_eq!(tier("anthropic", "claude-sonnet-4-5", "priority").0, None);
        assert_eq!(tier("anthropic", "claude-sonnet-4-5", "batch").0.as_deref(), Some("0.0015"));
    }

    #[test]
    fn own_models_aliases_and_discounts_are_configured_prices() {
        let mut book = book(
            r#"{"models":[{"provider":"acme","model":"llama-at-home","match":{"starts_with":["llama-"]},"prices":{"input":1}}],
                "discounts":[{"provider":"aws.bedrock","percent":10}],
                "aliases":[{"name":"my-prod","provider":"azure.ai.openai","model":"gpt-4o-mini"}]}"#,
        );
        let tokens = thousand();
        let cases = [
            ("acme", "llama-70b", "0.001", PriceSource::Configured),
            ("aws.bedrock", "amazon.nova-pro-v1:0", "0.00072", PriceSource::Configured),
            ("azure.ai.openai", "my-prod", "0.00015", PriceSource::Catalogue),
        ];
        for (provider, model, amount, source) in cases {
            let priced = book.price(&request(provider, &[model], &tokens));
            assert_eq!((dollars(&priced).as_deref(), priced.source), (Some(amount), source), "{model}");
        }
        assert_eq!(book.price(&request("other", &["llama-70b"], &tokens)).cost.map(|_| ()), None);
    }

    #[test]
    fn a_reported_cost_stands_in_as_configured_and_a_reported_zero_never_does() {
        let tokens = thousand();
        let cases = [
            ("when_unpriced", "gpt-4o", "7", PriceSource::Catalogue),
            ("when_unpriced", "gpt-99", "7", PriceSource::Reported),
            ("when_unpriced", "gpt-99", "0", PriceSource::Unpriced),
            ("always", "gpt-4o", "7", PriceSource::Reported),
            ("always", "gpt-4o", "0", PriceSource::Catalogue),
            ("never", "gpt-99", "7", PriceSource::Unpriced),
        ];
        for (use_reported, model, reported, source) in cases {
            let mut book = book(&format!(r#"{{"use_reported":"{use_reported}"}}"#));
            let models = [model];
            let request =
                Request { reported: Dollars::parse(reported), ..request("openai", &models, &tokens) };
            assert_eq!(book.price(&request).source, source, "{use_reported} {model} {reported}");
        }
    }

    #[test]
    fn a_failure_without_usage_has_the_same_model_as_a_success() {
        let mut book = book("{}");
        let priced =
            book.price(&Request { tokens: None, ..request("openai", &["gpt-4o-2024-08-06"], &thousand()) });
        assert_eq!((priced.model, priced.source), (Some("gpt-4o"), PriceSource::UnknownUsage));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut book, tokens) = (book("{}"), thousand());
        for number in 0..2 * MAX_REMEMBERED {
            let name = format!("gpt-{number}-x");
            book.price(&request("openai", &[&name], &tokens));
            assert!(book.stated.len() <= MAX_REMEMBERED);
        }
        assert_eq!(book.forgotten(), MAX_REMEMBERED as u64);
    }
}
