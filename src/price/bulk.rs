//! `tollgate price -`: what-if questions, one JSON object a line, one answer a line.
//!
//! In: a line and the time that stands for "now". Out: a line of JSON, whatever the line was. Here
//! names mean exactly what the price data's publisher takes them for, but for the configuration's aliases, own
//! models and discounts; nothing is normalised. It reads and writes no file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::book::Meaning;
use super::{Catalogue, Context, Cost, Decimal, PriceBook, Units, Unpriced};
use crate::call::{PriceSource, TokenType, Tokens};

/// One question. Everything but the model may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question<'a> {
    #[serde(borrow, default)]
    provider: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow, default)]
    at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    context: Option<BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>>>,
    #[serde(default)]
    tokens: Option<BTreeMap<String, Option<Value>>>,
    #[serde(default)]
    units: Option<BTreeMap<String, Option<Value>>>,
}

/// Answers one line: the price, or `{"error": …}` that says what is wrong with the line.
#[must_use]
pub fn answer_line(book: &PriceBook, line: &str, now_unix_seconds: i64) -> String {
    let answer = answer(book, line, now_unix_seconds).unwrap_or_else(|problem| {
        let mut error = Map::new();
        error.insert("error".to_owned(), Value::String(problem));
        error
    });
    Value::Object(answer).to_string()
}

/// What was found, and what it costs.
#[derive(Debug)]
struct Answer<'a> {
    matched: Option<(&'a str, Option<&'a str>)>,
    /// No cost and no reason means that nothing was counted.
    cost: Result<Option<Cost>, Unpriced>,
    configured: bool,
}

fn answer(book: &PriceBook, line: &str, now_unix_seconds: i64) -> Result<Map<String, Value>, String> {
    let question: Question<'_> =
        serde_json::from_str(line).map_err(|error| format!("not a question: {error}"))?;
    let at = question.at.as_deref().map_or(Ok(now_unix_seconds), time)?;
    let context = context(&question)?;
    let tokens = tokens(&question)?;
    let units = units(book.catalogue(), &question)?;
    let provider = question.provider.as_deref().unwrap_or_default();
    let alias = book.overrides.alias(provider, "", &question.model).map(|(_, alias)| alias);
    let provider = alias.and_then(|alias| alias.priced_as.as_deref()).unwrap_or(provider);
    let model = alias.map_or(&*question.model, |alias| &alias.model);
    let stated = !(tokens.is_empty() && units.is_empty());
    let (meaning, mut answer) = match book.own(provider, &model.to_lowercase()) {
        Some(index) => (Meaning::Own(index), own(book, index, stated.then_some(&tokens))),
        None => {
            let found = book.catalogue().look_up(provider, model);
            let cost = found.map_err(Unpriced::from).and_then(|found| {
                context.check(book.catalogue())?;
                stated.then(|| found.cost(&tokens, &context, &units, at)).transpose()
            });
            let meaning = found
                .map_or_else(|error| Meaning::Unknown(error.into()), |found| Meaning::Catalogue(found.place));
            let matched = found.ok().map(|found| (found.model_id(), Some(found.provider_id())));
            (meaning, Answer { matched, cost: if stated { cost } else { Ok(None) }, configured: false })
        }
    };
    let mut discounts = book
        .discounts(meaning, (provider, "", model))
        .into_iter()
        .map(|index| &book.overrides.discounts[index]);
    if let Some(discount) = discounts.find(|discount| discount.seconds.contains(&at)) {
        answer.discount(discount.to_pay);
    }
    Ok(answer.report())
}

/// At the user's own prices.
fn own<'a>(book: &'a PriceBook, index: usize, tokens: Option<&Tokens>) -> Answer<'a> {
    let own = &book.overrides.models[index];
    let cost = tokens.map(|tokens| {
        let mut cost = Cost::default();
        own.cost_into(&mut cost, tokens);
        cost
    });
    Answer { matched: Some((&own.model, own.provider.as_deref())), cost: Ok(cost), configured: true }
}

impl Answer<'_> {
    fn discount(&mut self, to_pay: Decimal) {
        if let Ok(Some(cost)) = &mut self.cost {
            cost.percent(to_pay);
            self.configured = true;
        }
    }

    fn report(&self) -> Map<String, Value> {
        let text = |text: &str| Value::String(text.to_owned());
        let or_null = |value: Option<&str>| value.map_or(Value::Null, text);
        let source = match (&self.cost, self.configured) {
            (Ok(Some(_)), true) => PriceSource::Configured,
            (Ok(Some(_)), false) => PriceSource::Catalogue,
            (Ok(None), _) => PriceSource::UnknownUsage,
            (Err(_), _) => PriceSource::Unpriced,
        };
        let known = self.cost.as_ref().ok().and_then(Option::as_ref);
        let total = known.map(|cost| cost.total().to_string());
        let mut answer = Map::new();
        answer.insert("matched_model".to_owned(), or_null(self.matched.map(|(model, _)| model)));
        answer
            .insert("matched_provider".to_owned(), or_null(self.matched.and_then(|(_, provider)| provider)));
        answer.insert("cost_usd".to_owned(), or_null(total.as_deref()));
        answer.insert("cost".to_owned(), known.map_or(Value::Null, lines));
        answer.insert("price_source".to_owned(), text(source.label()));
        if let Err(reason) = &self.cost {
            answer.insert("reason".to_owned(), text(&reason.to_string()));
        }
        answer
    }
}

/// The lines of a cost as an object of exact decimal strings.
#[must_use]
pub fn lines(cost: &Cost) -> Value {
    let lines =
        cost.lines().map(|line| (line.key.label().to_owned(), Value::String(line.amount.to_string())));
    Value::Object(lines.collect())
}

/// Seconds since the Unix epoch of an RFC 3339 time; without an offset it is UTC.
fn time(text: &str) -> Result<i64, String> {
    let naive = |text: &str| {
        let time: jiff::civil::DateTime = text.parse().ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| naive(text))
        .map(|time| time.as_nanosecond().div_euclid(1_000_000_000) as i64)
        .ok_or_else(|| format!("at is {text:?}; expected RFC 3339 such as 2026-01-31T12:00:00Z"))
}

fn context<'a>(question: &'a Question<'_>) -> Result<Context<'a>, String> {
    let mut context = Context::default();
    for (key, value) in question.context.iter().flatten() {
        let Some((_, place)) = Context::KEYS.into_iter().find(|(known, _)| known == key) else {
            let known = Context::KEYS.map(|(known, _)| known).join(", ");
            return Err(format!("context has the key {key:?}; expected any of {known}"));
        };
        *place(&mut context) = value.as_deref();
    }
    Ok(context)
}

fn tokens(question: &Question<'_>) -> Result<Tokens, String> {
    let mut tokens = Tokens::default();
    for (key, value) in question.tokens.iter().flatten() {
        let kind = TokenType::from_label(key).ok_or_else(|| {
            let known = TokenType::ALL.map(TokenType::label).join(", ");
            format!("tokens has the key {key:?}; expected any of {known}")
        })?;
        let Some(value) = value else { continue };
        let count = whole(value)
            .ok_or_else(|| format!("tokens.{key} is {value}; expected a whole number of 0 or more"))?;
        tokens.set(kind, count);
    }
    Ok(tokens)
}

/// A count, also when it is written as `12.0`.
fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|float| float.fract() == 0.0 && (0.0..9e15).contains(float));
    value.as_u64().or_else(|| float().map(|float| float as u64))
}

fn units<'a>(catalogue: &Catalogue, question: &'a Question<'_>) -> Result<Units<'a>, String> {
    let mut units = Units::default();
    for (key, value) in question.units.iter().flatten() {
        if !catalogue.has_fee(key) {
            let known = catalogue.fees().collect::<Vec<_>>().join(", ");
            return Err(format!("units has the key {key:?}; expected any of {known}"));
        }
        let Some(value) = value else { continue };
        let count = value.as_u64().map(Decimal::from).or_else(|| value.as_f64().and_then(Decimal::from_f64));
        let count = count.ok_or_else(|| format!("units.{key} is {value}; expected a number of 0 or more"))?;
        if !units.set(key, count) {
            return Err("units has too many keys; at most 16 are possible".to_owned());
        }
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn book(json: &str) -> PriceBook {
        PriceBook::new(&serde_json::from_str(json).expect(json)).expect(json)
    }

    fn ask(line: &str) -> Value {
        ask_of(&book("{}"), line)
    }

    fn ask_of(book: &PriceBook, line: &str) -> Value {
        serde_json::from_str(&answer_line(book, line, NOW)).expect("an answer is JSON")
    }

    #[test]
    fn aliases_own_models_and_discounts_hold_here_too() {
        let book = book(
            r#"{"aliases":[{"name":"prod-smart","model":"gpt-4o"}],"models":[{"model":"acme-7b","prices":{"input":3}}],
                "discounts":[{"model":{"equals":["gpt-4o"]},"percent":20}]}"#,
        );
        let asked = |model: &str| {
            let line = format!(r#"{{"provider":"openai","model":"{model}","tokens":{{"input":1000000}}}}"#);
            let answer = ask_of(&book, &line);
            [&answer["matched_model"], &answer["cost_usd"], &answer["price_source"]].map(ToString::to_string)
        };
        assert_eq!(asked("prod-smart"), [r#""gpt-4o""#, r#""2""#, r#""configured""#]);
        assert_eq!(asked("acme-7b"), [r#""acme-7b""#, r#""3""#, r#""configured""#]);
        assert_eq!(asked("gpt-4o-mini"), [r#""gpt-4o-mini""#, r#""0.15""#, r#""catalogue""#]);
    }

    #[test]
    fn a_question_is_answered_line_by_line() {
        let answer = ask(r#"{"provider":"openai","model":"gpt-4o-2024-08-06","at":"2026-01-01T00:00:00Z",
                "tokens":{"input":1000,"cache_read":2000,"output":100,"reasoning":10}}"#);
        let expected = serde_json::json!({
            "matched_model": "gpt-4o", "matched_provider": "openai", "cost_usd": "0.0061",
            "cost": {"input": "0.0025", "cache_read": "0.0025", "output": "0.001", "reasoning": "0.0001"},
            "price_source": "catalogue"
        });
        assert_eq!(answer, expected);
    }

    #[test]
    fn what_is_not_in_the_catalogue_has_no_price() {
        for line in [
            r#"{"provider":"acme-gateway","model":"gpt-4o","tokens":{"input":1}}"#,
            r#"{"provider":"openai","model":"gpt-99","tokens":{"input":1}}"#,
            r#"{"provider":"openai","model":"gpt-4o","context":{"service_tier":"platinum"},"tokens":{"input":1}}"#,
        ] {
            let answer = ask(line);
            assert_eq!((&answer["cost_usd"], &answer["cost"]), (&Value::Null, &Value::Null), "{line}");
            assert_eq!(answer["price_source"], "unpriced", "{line}");
        }
    }

    #[test]
    fn no_counts_is_unknown_usage_not_zero() {
        for line in [
            r#"{"model":"gpt-4o"}"#,
            r#"{"model":"gpt-4o","tokens":{}}"#,
            r#"{"model":"gpt-4o","tokens":null}"#,
        ] {
            assert_eq!(ask(line)["price_source"], "unknown_usage", "{line}");
            assert_eq!(ask(line)["cost_usd"], Value::Null, "{line}");
        }
    }

    #[test]
    fn a_malformed_line_gets_an_answer_that_says_what_is_wrong() {
        let cases = [
            ("", "not a question"),
            ("[]", "not a question"),
            (r#"{"provider":"openai"}"#, "missing field `model`"),
            (r#"{"model":"gpt-4o","tokens":{"input":-1}}"#, "tokens.input is -1; expected a whole number"),
            (r#"{"model":"gpt-4o","tokens":{"input":"3"}}"#, "tokens.input is \"3\""),
            (r#"{"model":"gpt-4o","tokens":{"prompt":1}}"#, "tokens has the key \"prompt\""),
            (r#"{"model":"gpt-4o","units":{"gold":1}}"#, "units has the key \"gold\""),
            (r#"{"model":"gpt-4o","context":{"tier":"flex"}}"#, "context has the key \"tier\""),
            (r#"{"model":"gpt-4o","at":"yesterday"}"#, "expected RFC 3339"),
        ];
        for (line, problem) in cases {
            let answer = ask(line);
            let text = answer["error"].as_str().unwrap_or_default();
            assert!(text.contains(problem), "{line}: {answer}");
        }
    }

    proptest::proptest! {
        /// Whatever the line, there is an answer, and it is one line of JSON.
        #[test]
        fn no_line_is_too_strange(
            noise in ".*",
            model in "\\PC*",
            provider in "[a-z./_@-]{0,20}",
            input in proptest::prelude::any::<u64>(),
            seconds in proptest::prelude::any::<f64>(),
        ) {
            let units = if seconds.is_finite() { serde_json::json!({"audio_seconds": seconds}) } else { Value::Null };
            let question = serde_json::json!({
                "model": model, "provider": provider, "tokens": {"input": input, "output": u64::MAX}, "units": units,
            });
            let book = book("{}");
            for line in [noise, question.to_string()] {
                let answer = answer_line(&book, &line, NOW);
                proptest::prop_assert!(!answer.contains('\n'));
                proptest::prop_assert!(serde_json::from_str::<Value>(&answer).is_ok());
            }
        }
    }
}
