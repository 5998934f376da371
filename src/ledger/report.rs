//! A question as it is written in an address, and its answer as JSON, CSV and text.
//!
//! In: pairs of names and values, the ledger, the time. Out: a [`Report`], or what is wrong with the question.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::calendar::{Calendar, before};
use super::change::{Amount, Change};
use super::credit::Credit;
use super::entry::Column;
use super::forecast::Forecast;
use super::money::{Money, thousands};
use super::question::{Answer, MOST_COLUMNS, Question};
use super::sums::{Kind, Sums};
use super::{Ledger, attribution::Owner};

/// Rows of an answer unless it is asked for others.
const TOP: usize = 20;
/// What changed most: so many.
const MOVERS: usize = 5;
/// And at most.
const MOST_ROWS: usize = 100_000;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is wrong, and this would be right.
    #[error("{0}")]
    Wrong(String),
    /// It asks for persons, who are not shown here.
    #[error("`{0}` tells of persons: it is shown on loopback, or with a token (listen.metrics.tokens_file)")]
    Personal(&'static str),
}

/// Names, and how many dollars more they cost than before.
pub type Mover = (Vec<String>, Money);

/// An answer and all that is said beside it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub question: Question,
    /// Its answer.
    pub answer: Answer,
    /// Why it costs more than the period before; `None` when that is not known whole.
    pub change: Option<(Answer, Change)>,
    /// What rose or fell most, by its names, and by how much.
    pub movers: Vec<Mover>,
    /// What this month will have cost, of what was asked for.
    pub forecast: Forecast,
    /// Dollars of this month, of what was asked for.
    pub month: Money,
    /// Day by day, and what the first column splits it into.
    pub days: Vec<(Date, BTreeMap<String, Money>)>,
    /// Time zone of days.
    pub zone: String,
    /// The first hour that the ledger knows.
    pub since: u32,
    /// When it was asked, seconds since the Unix epoch.
    pub now: i64,
    /// Tuples that became `other` because there were too many.
    pub others: u64,
    /// Credits, beside what was asked.
    pub credits: Vec<Credit>,
}

/// Reads a question.
///
/// # Errors
/// When it is wrong, or asks for persons where they are not shown.
pub fn question(
    pairs: &[(String, String)],
    calendar: &Calendar,
    now: i64,
    persons: bool,
) -> Result<Question, Refusal> {
    let last = |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let hour =
        |name, default| calendar.hour_of(last(name).filter(|text| !text.is_empty()).unwrap_or(default), now);
    let (from, to) =
        (hour("from", "month").map_err(Refusal::Wrong)?, hour("to", "now").map_err(Refusal::Wrong)?);
    if from >= to {
        return Err(Refusal::Wrong("`from` is not before `to`".to_owned()));
    }
    let names = last("by").unwrap_or("").split(',').map(str::trim).filter(|name| !name.is_empty());
    let by: Vec<Column> = names.map(|name| column(name, persons)).collect::<Result<_, _>>()?;
    if by.len() > MOST_COLUMNS {
        return Err(Refusal::Wrong(format!(
            "`by` has {} columns; at most {MOST_COLUMNS} would be right",
            by.len()
        )));
    }
    let mut only = Vec::new();
    for (name, value) in pairs.iter().filter(|(name, _)| !OTHER_NAMES.contains(&name.as_str())) {
        only.push((column(name, persons)?, value.clone()));
    }
    let top = match last("top").filter(|text| !text.is_empty()) {
        None => TOP,
        Some("all") => MOST_ROWS,
        Some(text) => text.parse().ok().filter(|top| (1..=MOST_ROWS).contains(top)).ok_or_else(|| {
            Refusal::Wrong(format!("`top` is not `all` or a whole number from 1 to {MOST_ROWS}"))
        })?,
    };
    Ok(Question { from, to, by, only, top })
}

/// Names in an address that are no columns.
const OTHER_NAMES: [&str; 5] = ["from", "to", "by", "top", "format"];

fn column(name: &str, persons: bool) -> Result<Column, Refusal> {
    let column = Column::named(name).ok_or_else(|| {
        let known: Vec<&str> = Column::ALL.into_iter().map(Column::label).collect();
        Refusal::Wrong(format!("`{name}` is not a column; one of {} would be right", known.join(", ")))
    })?;
    if column.is_personal() && !persons { Err(Refusal::Personal(column.label())) } else { Ok(column) }
}

impl Report {
    /// Asks the ledger.
    #[must_use]
    pub fn of(ledger: &Ledger, mut question: Question, now: i64) -> Self {
        for (column, name) in &mut question.only {
            *name = ledger.kept_name(*column, name).into_owned();
        }
        let (sheet, calendar, since) =
            (ledger.sheet_for(&question), ledger.calendar(), ledger.since_for(&question));
        let answer = question.ask(sheet);
        let (forecast, month) = foresee(ledger, &question, now);
        let (change, movers) = change(ledger, &question)
            .map_or((None, Vec::new()), |(before, change, movers)| (Some((before, change)), movers));
        Self {
            change,
            movers,
            days: question.days(sheet, calendar),
            forecast,
            month,
            answer,
            question,
            zone: calendar.name().to_owned(),
            since,
            now,
            others: sheet.others(),
            credits: ledger.credits(),
        }
    }

    /// The object of the contract.
    #[must_use]
    pub fn json(&self) -> String {
        let rows: Vec<Value> =
            self.answer.parts.iter().map(|part| self.row(&part.names, &part.sums)).collect();
        let mut object = Map::new();
        object.insert("rows".to_owned(), rows.into());
        object.insert("total".to_owned(), numbers(&self.answer.total).into());
        if self.answer.rest.0 > 0 {
            let mut rest = numbers(&self.answer.rest.1);
            rest.insert("rows".to_owned(), self.answer.rest.0.into());
            object.insert("rest".to_owned(), rest.into());
        }
        let parts = |change: &Change| -> Map<String, Value> {
            change
                .parts()
                .iter()
                .map(|(name, money)| ((*name).to_owned(), money.to_string().into()))
                .collect()
        };
        if let Some((before, change)) = &self.change {
            let before = before.total.cost().to_string();
            let movers: Vec<Value> = self
                .movers
                .iter()
                .map(|(names, more)| json!({"names": names, "change_usd": more.to_string()}))
                .collect();
            let change = json!({"before_usd": before, "parts_usd": parts(change), "most": movers});
            object.insert("change".to_owned(), change);
        }
        for (name, value) in [
            ("from", json!(moment(self.question.from))),
            ("to", json!(moment(self.question.to))),
            ("known_since", json!(moment(self.since))),
            ("time_zone", json!(self.zone)),
            ("month_usd", json!(self.month.to_string())),
            ("forecast_usd", json!(self.forecast.money().map(|money| money.to_string()))),
            ("forecast_method", json!(self.forecast.method())),
        ] {
            object.insert(name.to_owned(), value);
        }
        if !self.credits.is_empty() {
            object.insert("credits".to_owned(), self.credits.iter().map(credit).collect());
        }
        Value::from(object).to_string() + "\n"
    }

    /// One line a row, after RFC 4180, with a head.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let columns = self.question.by.iter().map(|column| column.label());
        let fixed = ["calls", "failed", "tokens", "cost_usd", "saved_usd", "failed_usd", "unpriced_tokens"];
        let head: Vec<&str> = columns.chain(fixed).collect();
        let _ = writeln!(out, "{}\r", head.join(","));
        for part in &self.answer.parts {
            let names = part.names.iter().map(|name| quoted(name));
            let sums = &part.sums;
            let numbers = [
                sums.calls.to_string(),
                sums.failed().to_string(),
                sums.tokens().to_string(),
                sums.cost().to_string(),
                sums.saved.to_string(),
                sums.failed_cost.to_string(),
                sums.unpriced_tokens.to_string(),
            ];
            let _ = writeln!(out, "{}\r", names.chain(numbers).collect::<Vec<_>>().join(","));
        }
        out
    }

    /// For a person at a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let total = &self.answer.total;
        let _ = writeln!(
            out,
            "{} to {} ({}): {} in {} calls, {} failed",
            moment(self.question.from),
            moment(self.question.to),
            self.zone,
            total.cost().short(),
            thousands(&total.calls.to_string()),
            thousands(&total.failed().to_string()),
        );
        let forecast =
            self.forecast.money().map_or_else(String::new, |money| format!("{}, by ", money.short()));
        let _ = writeln!(
            out,
            "this month: {}; forecast {forecast}{}",
            self.month.short(),
            self.forecast.method()
        );
        if let Some((before, change)) = &self.change {
            let parts: Vec<String> =
                change.parts().iter().map(|(name, money)| format!("{name} {}", money.short())).collect();
            let _ = writeln!(
                out,
                "the period before: {}; change {} = {}",
                before.total.cost().short(),
                change.total().short(),
                parts.join(" + ")
            );
        }
        for credit in &self.credits {
            let Credit { name, amount, used, .. } = credit;
            let (amount, used, left) = (amount.short(), used.short(), credit.left().short());
            let _ = writeln!(out, "credit {name}: {used} of {amount} used, {left} left");
        }
        for (names, more) in &self.movers {
            let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
            let _ = writeln!(
                out,
                "  {}{}  {}",
                if more.0 > 0 { "+" } else { "" },
                more.short(),
                names.join(" / ")
            );
        }
        let _ = writeln!(out, "{}", self.warnings().join("\n"));
        if !self.question.by.is_empty() {
            out.push_str(&self.table());
        }
        out
    }

    /// What is not in the numbers.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let total = &self.answer.total;
        let mut lines = Vec::new();
        if self.question.from < self.since {
            lines.push(format!("nothing is known before {}", moment(self.since)));
        }
        if total.unpriced_tokens > 0 {
            let tokens = thousands(&total.unpriced_tokens.to_string());
            lines.push(format!("{tokens} tokens have no price and are not in the dollars"));
        }
        if total.unknown_usage > 0 {
            let calls = thousands(&total.unknown_usage.to_string());
            lines.push(format!("{calls} calls tell no tokens and are not in the dollars"));
        }
        if self.others > 0 {
            lines.push(format!(
                "{} combinations of names are one of `other`: there were too many",
                self.others
            ));
        }
        lines
    }

    fn table(&self) -> String {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let heads = self.question.by.iter().map(|column| column.label().to_owned());
        rows.push(heads.chain(["dollars", "calls", "failed", "tokens"].map(str::to_owned)).collect());
        let line = |names: Vec<String>, sums: &Sums| {
            let numbers =
                [sums.calls, sums.failed(), sums.tokens()].map(|count| thousands(&count.to_string()));
            names.into_iter().chain([sums.cost().short()]).chain(numbers).collect::<Vec<_>>()
        };
        for part in &self.answer.parts {
            let names = part.names.iter().map(|name| printable(name)).collect();
            rows.push(line(names, &part.sums));
        }
        if self.answer.rest.0 > 0 {
            let mut names = vec![String::new(); self.question.by.len()];
            names[0] = format!("{} more", self.answer.rest.0);
            rows.push(line(names, &self.answer.rest.1));
        }
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        let mut out = String::new();
        for row in &rows {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let is_name = at < self.question.by.len();
                let _ =
                    if is_name { write!(out, "{cell:<width$}  ") } else { write!(out, "{cell:>width$}  ") };
            }
            out.truncate(out.trim_end().len());
            out.push('\n');
        }
        out
    }

    fn row(&self, names: &[String], sums: &Sums) -> Value {
        let mut row = numbers(sums);
        for (column, name) in self.question.by.iter().zip(names) {
            row.insert(column.label().to_owned(), name.clone().into());
        }
        row.into()
    }
}

fn numbers(sums: &Sums) -> Map<String, Value> {
    let kinds = || sums.lines.iter();
    let tokens: Map<String, Value> = kinds()
        .filter(|line| line.kind != Kind::REQUEST)
        .map(|line| (line.kind.label().to_owned(), line.tokens.into()))
        .collect();
    let cost: Map<String, Value> =
        kinds().map(|line| (line.kind.label().to_owned(), line.cost.to_string().into())).collect();
    let failures: Map<String, Value> =
        sums.failures.iter().map(|(class, count)| (class.label().to_owned(), (*count).into())).collect();
    let object = json!({
        "calls": sums.calls,
        "failed": sums.failed(),
        "failures": failures,
        "tokens": tokens,
        "cost_usd": sums.cost().to_string(),
        "cost": cost,
        "cache_savings_usd": sums.saved.to_string(),
        "failed_cost_usd": sums.failed_cost.to_string(),
        "unpriced_tokens": sums.unpriced_tokens,
        "calls_without_usage": sums.unknown_usage,
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn credit(credit: &Credit) -> Value {
    let hour = |hour: u32| (hour > 0 && hour < u32::MAX).then(|| moment(hour));
    json!({
        "name": credit.name,
        "amount_usd": credit.amount.to_string(),
        "used_usd": credit.used.to_string(),
        "left_usd": credit.left().to_string(),
        "from": hour(credit.hours.0),
        "to": hour(credit.hours.1),
    })
}

/// A UTC hour as RFC 3339.
#[must_use]
pub fn moment(hour: u32) -> String {
    Timestamp::from_second(i64::from(hour) * 3600).map_or_else(|_| String::new(), |moment| moment.to_string())
}

fn quoted(name: &str) -> String {
    // A cell that a spreadsheet would compute begins with one of these.
    let name = if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name.to_owned() };
    if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name }
}

fn printable(name: &str) -> String {
    let name: String = name.chars().map(|letter| if letter.is_control() { '_' } else { letter }).collect();
    if name.is_empty() { "(not told)".to_owned() } else { name }
}

/// This month's forecast and dollars of what was asked for.
fn foresee(ledger: &Ledger, question: &Question, now: i64) -> (Forecast, Money) {
    let (calendar, moment) = (ledger.calendar(), ledger.moment(now));
    let (today, passed) = moment.today(calendar);
    let known = moment.known_days(calendar);
    let first = known.first().copied().unwrap_or(today).min(today.first_of_month());
    let all = Question {
        from: calendar.begin(first),
        to: calendar.begin(super::calendar::after(today)),
        by: Vec::new(),
        ..question.clone()
    };
    let days: Vec<(Date, Money)> = all
        .days(ledger.sheet_for(&all), calendar)
        .into_iter()
        .map(|(date, parts)| (date, parts.into_values().sum()))
        .collect();
    let of_month = days.iter().filter(|(date, _)| *date >= today.first_of_month());
    let month = of_month.map(|(_, cost)| *cost).sum();
    let today = days.last().copied().unwrap_or((today, Money::ZERO));
    let whole: Vec<(Date, Money)> = days.into_iter().filter(|(date, _)| known.contains(date)).collect();
    (Forecast::of(&whole, today, passed), month)
}

/// Against the period before: as long, or the same part of the month before.
fn change(ledger: &Ledger, question: &Question) -> Option<(Answer, Change, Vec<Mover>)> {
    let calendar = ledger.calendar();
    let date = calendar.date(question.from);
    let is_month = calendar.begin(date.first_of_month()) == question.from;
    let from = if is_month { calendar.begin(before(date).first_of_month()) } else { 0 };
    let length = question.to - question.from;
    let from = if is_month { from } else { question.from.checked_sub(length)? };
    let to = (from + length).min(question.from);
    let earlier = Question { from, to, top: 0, ..question.clone() };
    if ledger.since_for(question) > earlier.from {
        return None;
    }
    let (was, is) = (amounts(ledger, &earlier), amounts(ledger, question));
    Some((earlier.ask(ledger.sheet_for(&earlier)), Change::between(&was, &is), movers(&was, &is)))
}

type Amounts = BTreeMap<(Vec<String>, Kind), Amount>;

/// Names of which dollars have changed, those that did most first.
fn movers(was: &Amounts, is: &Amounts) -> Vec<Mover> {
    let mut sums: BTreeMap<&[String], i128> = BTreeMap::new();
    for (period, sign) in [(was, -1), (is, 1)] {
        for ((names, _), amount) in period {
            *sums.entry(names).or_default() += sign * amount.cost.0;
        }
    }
    let mut movers: Vec<_> = sums.into_iter().filter(|(_, more)| *more != 0).collect();
    movers.sort_by_key(|(_, more)| std::cmp::Reverse(more.abs()));
    movers.into_iter().take(MOVERS).map(|(names, more)| (names.to_vec(), Money(more))).collect()
}

fn amounts(ledger: &Ledger, question: &Question) -> Amounts {
    let mut by = question.by.clone();
    for column in [Column::Model, Column::Provider, Column::Of(Owner::Team)] {
        if by.len() < MOST_COLUMNS && !by.contains(&column) {
            by.push(column);
        }
    }
    let all = Question { by, top: 0, ..question.clone() };
    let all = all.ask(ledger.sheet_for(question));
    let mut amounts = Amounts::new();
    for part in all.parts {
        for line in &part.sums.lines {
            let quantity = if line.kind == Kind::REQUEST { part.sums.calls } else { line.tokens };
            amounts.insert((part.names.clone(), line.kind), Amount { cost: line.cost, quantity });
        }
    }
    amounts
}
