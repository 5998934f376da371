//! A story as text for a person: at most 100 columns, figures in columns, one call after another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Formatter, Write};

use super::{CallStory, LeftOutSpan, Story, Why, hex};
use crate::call::{ErrorClass, PriceSource, RateLimit};
use crate::classify::{Actor, meaning};
use crate::facts::{Role, SpanKey};
use crate::price::{Cost, Dollars, Line, LineKey};
use crate::recognise::signs::ENOUGH;
use crate::settle::Reason;

/// Columns of a line, at most.
const WIDTH: usize = 100;
/// Columns before the text of a line.
const INDENT: usize = 14;
/// Names of left-out spans that are listed for each reason, at most.
const MOST_NAMES: usize = 12;
/// Spans that are listed for each call, at most.
const MOST_SPANS: usize = 40;
/// Columns of a span's name.
const NAME_WIDTH: usize = 30;

/// Left-out spans by the call that they belong to.
type ByCall<'a> = BTreeMap<SpanKey, Vec<&'a LeftOutSpan>>;

impl fmt::Display for Story {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut by_call = ByCall::new();
        let mut of_none = Vec::new();
        let calls: BTreeSet<SpanKey> = self.calls.iter().map(|call| call.key).collect();
        for span in &self.left_out {
            match span.of.filter(|of| calls.contains(of)) {
                Some(of) => by_call.entry(of).or_default().push(span),
                None => of_none.push(span),
            }
        }
        for (place, call) in self.calls.iter().enumerate() {
            let others = by_call.get(&call.key).map_or(&[][..], Vec::as_slice);
            write_call(out, place + 1, call, others, &self.catalogue)?;
            writeln!(out)?;
        }
        write_left_out(out, &of_none)?;
        write_sum(out, self)
    }
}

// === one call ===

fn write_call(
    out: &mut Formatter<'_>,
    place: usize,
    call: &CallStory,
    others: &[&LeftOutSpan],
    catalogue: &str,
) -> fmt::Result {
    let cost = call.price.cost.map_or_else(|| "cost unknown".to_owned(), |cost| format!("${}", cost.total()));
    let title = format!("{} {}, {}", call.operation, call.model, call.provider);
    let rest = WIDTH.saturating_sub(cost.chars().count() + 1);
    let title = shorten(&format!("{place}. {title}"), rest);
    writeln!(out, "{title:<rest$} {cost}")?;
    field(out, "trace", &format!("{}  span {}", hex(&call.key.trace_id), hex(&call.key.span_id)))?;
    field(out, "service", &service(call))?;
    field(out, "time", &time(call))?;
    field(out, "model", &models(call))?;
    field(out, "recognised", &format!("dialect {}: {}", call.dialect, call.recognised))?;
    if !call.signs.is_empty() {
        field(out, "signs", &signs(call))?;
    }
    if !call.vocabulary.is_empty() {
        field(out, "vocabulary", &call.vocabulary.join(", "))?;
    }
    write_spans(out, call, others)?;
    write_tokens(out, call)?;
    write_price(out, call, catalogue)?;
    write_error(out, call)?;
    write_limits(out, call)
}

/// A name and a text that is wrapped to the width.
fn field(out: &mut Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    let mut name = name;
    for line in wrap(text, WIDTH - INDENT) {
        writeln!(out, "   {name:<width$}{line}", width = INDENT - 3)?;
        name = "";
    }
    Ok(())
}

/// What decided, the weightiest first.
fn signs(call: &CallStory) -> String {
    let mut rows: Vec<_> = call.signs.rows().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.weight.abs()));
    let told: Vec<String> = rows.iter().map(|row| format!("{} {:+}", row.words, row.weight)).collect();
    format!("{} = {} (a call from {ENOUGH} on)", told.join(", "), call.signs.weight())
}

fn service(call: &CallStory) -> String {
    let name = if call.service_name.is_empty() { "(no service.name)" } else { &call.service_name };
    let environment = match call.environment.as_str() {
        "" => String::new(),
        environment => format!(", {environment}"),
    };
    printable(&format!("{name}{environment}"))
}

fn time(call: &CallStory) -> String {
    let nanos = i128::from(call.end_unix_nano);
    let end = jiff::Timestamp::from_nanosecond(nanos)
        .map_or_else(|_| nanos.to_string(), |time| time.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string());
    let mut text = format!("ended {end} after {:.3} s", call.duration_seconds);
    if call.streaming == Some(true) {
        text.push_str(", streamed");
    }
    if let Some(first) = call.time_to_first_token_seconds {
        let _ = write!(text, ", first token after {first:.3} s");
    }
    match call.retries {
        0 => {}
        1 => text.push_str(", 1 retry inside"),
        retries => {
            let _ = write!(text, ", {retries} retries inside");
        }
    }
    text
}

fn models(call: &CallStory) -> String {
    let told = [
        ("asked for", &call.request_model),
        ("answered", &call.response_model),
        ("behind the alias", &call.routed_model),
    ];
    let told: Vec<String> = told
        .into_iter()
        .filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")))
        .collect();
    let host =
        if call.server_address.is_empty() { String::new() } else { format!("; at {}", call.server_address) };
    let told = if told.is_empty() { "no span names it".to_owned() } else { told.join(", ") };
    printable(&format!("{told}{host}"))
}

// === its spans ===

fn write_spans(out: &mut Formatter<'_>, call: &CallStory, others: &[&LeftOutSpan]) -> fmt::Result {
    let counted = if call.merged_spans.is_empty() { "counted" } else { "counted: nearest the wire" };
    span_line(out, "spans", Some(call.key.span_id), &call.span_name, counted)?;
    for span in others.iter().take(MOST_SPANS) {
        span_line(out, "", span.key.map(|key| key.span_id), &span.name, &reason(span))?;
    }
    match others.len().saturating_sub(MOST_SPANS) {
        0 => Ok(()),
        more => field(out, "", &format!("and {more} more")),
    }
}

fn span_line(
    out: &mut Formatter<'_>,
    title: &str,
    id: Option<[u8; 8]>,
    name: &str,
    why: &str,
) -> fmt::Result {
    let id = id.map_or_else(|| "-".repeat(16), |id| hex(&id));
    let name = shorten(&printable(name), NAME_WIDTH);
    let start = INDENT + 18 + NAME_WIDTH + 2;
    for (place, line) in wrap(why, WIDTH - start).into_iter().enumerate() {
        if place == 0 {
            writeln!(out, "   {title:<width$}{id}  {name:<NAME_WIDTH$}  {line}", width = INDENT - 3)?;
        } else {
            writeln!(out, "{:start$}{line}", "")?;
        }
    }
    Ok(())
}

/// Why a span is left out, in words.
fn reason(span: &LeftOutSpan) -> String {
    match &span.why {
        Why::Unconcerned => "not a call: nothing on it is about a model".to_owned(),
        Why::Malformed(fault) => format!("malformed: {fault}"),
        Why::Settled { again: true, .. } => "duplicate: this span came twice".to_owned(),
        Why::Settled { reason, role, status_code, late, again: false } => {
            let late = if *late { ", came late" } else { "" };
            let words = match (reason, role) {
                (Reason::Duplicate, Role::Continuation) => "reports the end of its stream",
                (Reason::Duplicate, Role::Companion) => "repeats the raw request",
                (Reason::Duplicate, _) => "tells of the same call",
                (Reason::Aggregate, _) if span.of.is_some() => "wraps the call",
                (Reason::Aggregate, _) => "sums up the calls inside it",
                (Reason::NotACall, Role::Http) => {
                    let status = status_code.map_or_else(String::new, |status| format!(", {status}"));
                    return format!("not_a_call: HTTP request{status}{late}");
                }
                (Reason::NotACall, _) if span.of.is_some() => "part of it, no call",
                (Reason::NotACall, _) => "of an LLM library, but no call of a model",
            };
            format!("{}: {words}{late}", reason.label())
        }
    }
}

// === tokens and dollars ===

fn write_pieces(out: &mut Formatter<'_>, call: &CallStory) -> fmt::Result {
    let told = call.pieces.iter().filter_map(|(piece, count)| {
        let count = f64::from(count) / f64::from(piece.per_unit());
        Some(format!("{} {count}", piece.units().first()?))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { Ok(()) } else { field(out, "by piece", &told.join(", ")) }
}

fn write_tokens(out: &mut Formatter<'_>, call: &CallStory) -> fmt::Result {
    write_pieces(out, call)?;
    let Some(tokens) = &call.tokens else {
        return field(out, "tokens", "unknown: no span states what was used");
    };
    let kinds: Vec<String> = tokens.iter().map(|(kind, count)| format!("{} {count}", kind.label())).collect();
    let sums = format!("prompt {}, answer {}", tokens.input_total(), tokens.output_total());
    field(out, "tokens", &format!("{} ({sums})", kinds.join(", ")))
}

fn write_price(out: &mut Formatter<'_>, call: &CallStory, catalogue: &str) -> fmt::Result {
    let price = &call.price;
    let mut title = "price";
    if let Some(cost) = &price.cost {
        for line in cost.lines() {
            field(out, title, &price_line(line))?;
            title = "";
        }
        field(out, title, &format!("{:>53} ${}", "total =", cost.total()))?;
        title = "";
        if let Some(without) = without_price(cost) {
            field(out, title, &without)?;
        }
    }
    field(out, title, &price_source(call, catalogue))?;
    if let Some(reported) = &price.reported {
        let used = if price.source == PriceSource::Reported { "" } else { ", not used" };
        field(out, "", &format!("the instrumentation itself states {reported}{used}"))?;
    }
    Ok(())
}

fn price_line(line: &Line) -> String {
    match line.key {
        LineKey::Tokens(kind) => {
            let rate = format!("${}", line.rate);
            let per =
                if line.per == 1_000_000 { "a million".to_owned() } else { format!("per {}", line.per) };
            format!("{:<16} {:>10} x {rate:>8} {per:<9}    = ${}", kind.label(), line.quantity, line.amount)
        }
        LineKey::Request => format!("{:<16} {:>36} ${}", "request", "fees =", line.amount),
    }
}

fn without_price(cost: &Cost) -> Option<String> {
    let kinds: Vec<&str> = cost.unpriced().map(crate::call::TokenType::label).collect();
    (!kinds.is_empty()).then(|| format!("no price for {}: left out of the total", kinds.join(", ")))
}

fn price_source(call: &CallStory, catalogue: &str) -> String {
    let price = &call.price;
    let why = price.unpriced.map_or_else(String::new, |why| format!(": {why}"));
    let mut text = match price.source {
        PriceSource::Catalogue => format!("from the catalogue, {catalogue}"),
        PriceSource::Configured => "from the configuration".to_owned(),
        PriceSource::Reported => format!("as the instrumentation states it{why}"),
        PriceSource::Unpriced => format!("unpriced{why}"),
        PriceSource::UnknownUsage => "none: without tokens there is no cost".to_owned(),
    };
    if price.source == PriceSource::Catalogue {
        for part in price.in_force.iter().map(|force| format!("in force {force}")).chain(price.url.clone()) {
            let _ = write!(text, ", {part}");
        }
    }
    for part in &price.served {
        let _ = write!(text, "; {}", printable(part));
    }
    text
}

// === error and limits ===

fn write_error(out: &mut Formatter<'_>, call: &CallStory) -> fmt::Result {
    let error = &call.error;
    if error.class == ErrorClass::None {
        return Ok(());
    }
    let status = call.status_code.map(|status| format!("HTTP {status}"));
    let code = error.code.map(|code| format!("code {code}"));
    let seen: Vec<String> = status.into_iter().chain(code).collect();
    let seen = if seen.is_empty() { String::new() } else { format!(" ({})", seen.join(", ")) };
    let retry = match error.retryable {
        Some(true) => "can succeed later",
        Some(false) => "fails again when repeated as it is",
        None => "nobody can tell whether a retry helps",
    };
    field(out, "error", &format!("{}{seen}: {retry}", error.class.label()))?;
    field(out, "", meaning(error.class))?;
    let Some(rule) = error.rule else {
        return field(out, "", "the spans carry no code, status or text that says more");
    };
    if !rule.why.is_empty() {
        field(out, "", rule.why)?;
    }
    let who = match rule.actor {
        Actor::Application => "whoever writes the application",
        Actor::Operator => "whoever runs it",
        Actor::AccountOwner => "whoever owns the account",
        Actor::Provider => "the provider",
    };
    field(out, "first", &format!("for {who}: {}", rule.action))
}

fn write_limits(out: &mut Formatter<'_>, call: &CallStory) -> fmt::Result {
    for (place, limit) in call.limits.iter().enumerate() {
        field(out, if place == 0 { "limits" } else { "" }, &limit_line(limit))?;
    }
    Ok(())
}

fn limit_line(limit: &RateLimit) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let mut text = format!("{} per {}", limit.resource.label(), limit.window.label());
    if !limit.scope.is_empty() {
        let _ = write!(text, " ({})", limit.scope);
    }
    let _ = write!(text, ": {} of {} left", number(limit.remaining), number(limit.limit));
    if let Some(used) = limit.used_ratio {
        let _ = write!(text, ", {:.1} % used", used * 100.0);
    }
    if let Some(reset) = limit.reset_seconds {
        let _ = write!(text, ", refilled in {reset} s");
    }
    if let Some(account) = &limit.account {
        let _ = write!(text, ", account {}", printable(account));
    }
    let _ = write!(text, " ({})", limit.evidence.label());
    text
}

// === what is left out, and the sum ===

fn write_left_out(out: &mut Formatter<'_>, spans: &[&LeftOutSpan]) -> fmt::Result {
    let mut groups: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for span in spans {
        *groups.entry(reason(span)).or_default().entry(&span.name).or_default() += 1;
    }
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "Spans of no call")?;
    for (reason, names) in &groups {
        field(out, "", reason)?;
        for (name, count) in names.iter().take(MOST_NAMES) {
            writeln!(out, "{:>10} x {}", count, shorten(&printable(name), WIDTH - 13))?;
        }
        if let Some(more) = names.len().checked_sub(MOST_NAMES + 1) {
            writeln!(out, "{:>10}   and {} more names", "", more + 1)?;
        }
    }
    writeln!(out)
}

fn write_sum(out: &mut Formatter<'_>, story: &Story) -> fmt::Result {
    let dollars = story.calls.iter().filter_map(|call| call.price.cost);
    let total = dollars.map(|cost| cost.total()).fold(Dollars::ZERO, Dollars::plus);
    let unknown = story.calls.iter().filter(|call| call.price.cost.is_none()).count();
    let calls = story.calls.len();
    let without = if unknown == 0 { String::new() } else { format!(", {unknown} of them without a cost") };
    let others = story.left_out.len();
    writeln!(out, "{}{without}, ${total}; {}", counted(calls, "call"), counted(others, "other span"))
}

// === lines ===

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Without characters that would break a line or move the cursor.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Broken at spaces into lines of at most `width`; a longer word is broken too.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let Some((end, _)) = rest.char_indices().nth(width) else {
            lines.push(rest.to_owned());
            return lines;
        };
        let at = rest[..end].rfind(' ').filter(|&at| at > 0).unwrap_or(end);
        lines.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
}
