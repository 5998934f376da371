//! The table as it is kept on disk: what has changed since the last time, and all of it back.
//!
//! In: a [`CallTable`]. Out: rows as bytes; exemplars, which are for a person who looks now, are not kept. A row is
//! written by whoever has the time: the table only shares it.

use std::sync::Arc;

use super::cardinality::{LabelGuard, Replacement};
use super::measure::{Count, Dollars, Estimate, Spread};
use super::point::{Counter, DollarCounter, Histogram};
use super::series::{CallSeries, ErrorRow, SUSPICIONS};
use super::table::{CallTable, END, Row};
use crate::call::ErrorClass;
use crate::compact::{Damaged, Reader, Writer, at};
use crate::exact::Exact;

/// What has changed.
#[derive(Debug, Default)]
pub struct TableChanges {
    /// Rows that are new or raised, with their keys: the label values, each ended by `0xFF`.
    pub rows: Vec<(Arc<[u8]>, Arc<CallSeries>)>,
    /// Keys of rows that are no more.
    pub gone: Vec<Arc<[u8]>>,
    /// Everything else.
    pub rest: Vec<u8>,
}

impl CallTable {
    /// From now on notes which rows go.
    pub fn keep(&mut self) {
        self.gone.get_or_insert_default();
    }

    /// True when rows went, or values are shown that were held back, since the last time.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        let opens = self.opened_unix_nano > self.kept_opened && self.kept_opened < self.recorded_unix_nano;
        opens || self.gone.as_ref().is_some_and(|gone| !gone.is_empty())
    }

    /// What has changed since the last time.
    pub fn changes(&mut self) -> TableChanges {
        self.kept_opened = self.opened_unix_nano;
        let changed = self.rows.iter_mut().filter_map(|row| {
            std::mem::take(&mut row.changed).then(|| (Arc::clone(&row.key), Arc::clone(&row.series)))
        });
        let rows = changed.collect();
        let gone = self.gone.as_mut().map(std::mem::take).unwrap_or_default();
        TableChanges { rows, gone, rest: self.rest() }
    }

    fn rest(&self) -> Vec<u8> {
        let mut out = Writer::default();
        for number in
            [self.viewed_unix_nano, self.opened_unix_nano, self.overflow_calls, self.expired_call_series]
        {
            out.number(number);
        }
        out.size(self.guards.len());
        for guard in &self.guards {
            out.text(&guard.name);
            out.size(guard.replaced.len());
            guard.replaced.iter().for_each(|count| out.number(*count));
        }
        out.into_bytes()
    }

    /// The labels of its rows.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.guards.iter().map(|guard| guard.name.as_str())
    }

    /// Takes a row back.
    ///
    /// # Errors
    /// It is none, or has other labels.
    pub fn restore(&mut self, key: &[u8], series: &[u8]) -> Result<(), Damaged> {
        let values: Vec<&str> = key
            .strip_suffix(&[END])
            .ok_or(Damaged)?
            .split(|byte| *byte == END)
            .map(std::str::from_utf8)
            .collect::<Result<_, _>>()
            .map_err(|_| Damaged)?;
        if values.len() != self.guards.len() {
            return Err(Damaged);
        }
        self.guards.iter_mut().zip(&values).for_each(|(guard, value)| guard.keep(value));
        let position = self.insert_values(values.iter().copied());
        let row = &mut self.rows[position];
        read_series(Arc::make_mut(&mut row.series), &mut Reader::new(series))?;
        row.changed = false;
        Ok(())
    }

    /// Takes everything else back.
    ///
    /// # Errors
    /// It is something else.
    pub fn restore_rest(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let mut from = Reader::new(bytes);
        self.viewed_unix_nano = from.number()?;
        self.opened_unix_nano = from.number()?;
        (self.kept_opened, self.recorded_unix_nano) = (self.opened_unix_nano, self.viewed_unix_nano);
        self.overflow_calls = from.number()?;
        self.expired_call_series = from.number()?;
        for _ in 0..from.size()? {
            let name = from.text()?;
            let counts = (0..from.size()?).map(|_| from.number()).collect::<Result<Vec<u64>, Damaged>>()?;
            let replaced: Option<[u64; Replacement::ALL.len()]> = counts.try_into().ok();
            let guard: Option<&mut LabelGuard> = self.guards.iter_mut().find(|guard| guard.name == name);
            if let (Some(guard), Some(replaced)) = (guard, replaced) {
                guard.replaced = replaced;
            }
        }
        Ok(())
    }

    /// Every series begins anew at 0: what was shown of it may have been more than what is known.
    pub fn begin_anew(&mut self, now: u64) {
        for Row { series, changed, .. } in &mut self.rows {
            *changed = true;
            Arc::make_mut(series).begin_anew(now);
        }
        (self.overflow_calls, self.expired_call_series) = (0, 0);
        self.guards.iter_mut().for_each(|guard| guard.replaced = [0; Replacement::ALL.len()]);
    }
}

// === a series ===

impl CallSeries {
    /// The series as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(512);
        out.number(self.used_unix_nano);
        out.number(self.began_unix_nano);
        list(
            &mut out,
            Count::all().filter_map(|(code, which)| Some((code, self.count(which)?))),
            |out, it| {
                out.number(it.value);
                out.number(it.created_unix_nano);
            },
        );
        let dollars = Dollars::all().filter_map(|(code, which)| Some((code, self.dollars(which)?)));
        list(&mut out, dollars, write_amount);
        let histograms =
            Spread::all().filter_map(|(code, which)| Some((code, (which, self.histogram(which)?))));
        list(&mut out, histograms, |out, (which, it)| write_histogram(out, which, it));
        out.size(self.errors.len());
        for row in &self.errors {
            out.byte(row.class as u8);
            out.text(&row.code);
            out.option(row.status, |out, status| out.number(u64::from(status)));
            out.number(row.counter.value);
            out.number(row.counter.created_unix_nano);
        }
        out.size(self.suspicious.len());
        for (reason, counter) in &self.suspicious {
            out.text(reason);
            out.number(counter.value);
            out.number(counter.created_unix_nano);
        }
        out.size(self.foreign.len());
        for (currency, counter) in &self.foreign {
            out.text(currency);
            out.wide(counter.value.atto());
            out.number(counter.created_unix_nano);
        }
        let estimates = Estimate::all().filter_map(|(code, which)| Some((code, self.estimated(which)?)));
        list(&mut out, estimates, write_amount);
        out.into_bytes()
    }

    fn begin_anew(&mut self, now: u64) {
        self.began_unix_nano = now;
        let zero = Counter { value: 0, created_unix_nano: now };
        self.counts.values_mut().for_each(|counter| *counter = zero);
        let zero_dollars = DollarCounter { value: Exact::ZERO, created_unix_nano: now };
        self.dollars.values_mut().for_each(|counter| *counter = zero_dollars);
        self.histograms.values_mut().for_each(|histogram| *histogram = Histogram::new(now));
        self.errors.iter_mut().for_each(|row| row.counter = zero);
        self.suspicious.iter_mut().for_each(|(_, counter)| *counter = zero);
        self.foreign.iter_mut().for_each(|(_, counter)| *counter = zero_dollars);
        self.estimated.values_mut().for_each(|counter| *counter = zero_dollars);
    }
}

fn list<T>(out: &mut Writer, items: impl Iterator<Item = (u16, T)>, mut write: impl FnMut(&mut Writer, T)) {
    let items: Vec<(u16, T)> = items.collect();
    out.size(items.len());
    for (code, item) in items {
        out.number(u64::from(code));
        write(out, item);
    }
}

fn write_amount(out: &mut Writer, counter: &DollarCounter) {
    out.wide(counter.value.atto());
    out.number(counter.created_unix_nano);
}

fn write_histogram(out: &mut Writer, which: Spread, histogram: &Histogram) {
    out.raw(&edges_sum(which).to_le_bytes());
    out.number(histogram.created_unix_nano);
    out.wide(histogram.sum.atto());
    let buckets = histogram.buckets.iter().map(|(number, bucket)| (number as u16, bucket.calls));
    list(out, buckets, Writer::number);
}

/// Tells whether buckets have the same edges.
fn edges_sum(which: Spread) -> u32 {
    let bytes: Vec<u8> = which.edges().iter().flat_map(|edge| edge.to_bits().to_le_bytes()).collect();
    crate::compact::sum(&bytes)
}

fn read_counter(from: &mut Reader<'_>) -> Result<Counter, Damaged> {
    Ok(Counter { value: from.number()?, created_unix_nano: from.number()? })
}

fn read_amount(from: &mut Reader<'_>) -> Result<DollarCounter, Damaged> {
    Ok(DollarCounter { value: Exact::from_atto(from.wide()?), created_unix_nano: from.number()? })
}

fn read_series(series: &mut CallSeries, from: &mut Reader<'_>) -> Result<(), Damaged> {
    series.used_unix_nano = from.number()?;
    series.began_unix_nano = from.number()?;
    for _ in 0..from.size()? {
        let (which, counter) = (Count::coded(from.small()?), read_counter(from)?);
        which.into_iter().for_each(|which| *series.counts.entry(which.number(), || counter) = counter);
    }
    for _ in 0..from.size()? {
        let which = Dollars::coded(from.small()?);
        let counter = read_amount(from)?;
        which.into_iter().for_each(|which| *series.dollars.entry(which.number(), || counter) = counter);
    }
    for _ in 0..from.size()? {
        read_histogram(series, from)?;
    }
    for _ in 0..from.size()? {
        let class = at(&ErrorClass::ALL, from.byte()?)?;
        let (code, status) = (from.text()?.into(), from.option(Reader::small)?);
        let counter = read_counter(from)?;
        series.errors.push(ErrorRow { class, code, status, counter, last: Default::default() });
    }
    for _ in 0..from.size()? {
        let (reason, counter) = (from.text()?, read_counter(from)?);
        let known = SUSPICIONS.into_iter().find(|known| *known == reason);
        series.suspicious.extend(known.map(|reason| (reason, counter)));
    }
    // Files of version 1 end here.
    let currencies = if from.is_at_end() { 0 } else { from.size()? };
    for _ in 0..currencies {
        let currency = crate::price::foreign(from.text()?);
        let counter = read_amount(from)?;
        series.foreign.extend(currency.map(|currency| (currency, counter)));
    }
    // And those from before estimates here.
    let estimates = if from.is_at_end() { 0 } else { from.size()? };
    for _ in 0..estimates {
        let which = Estimate::coded(from.small()?);
        let counter = read_amount(from)?;
        which.into_iter().for_each(|which| *series.estimated.entry(which.number(), || counter) = counter);
    }
    if from.is_at_end() { Ok(()) } else { Err(Damaged) }
}

/// A histogram with other edges than it has today begins anew.
fn read_histogram(series: &mut CallSeries, from: &mut Reader<'_>) -> Result<(), Damaged> {
    let which = Spread::coded(from.small()?);
    let edges = from.array().map(u32::from_le_bytes)?;
    let mut histogram = Histogram::new(from.number()?);
    histogram.sum = Exact::from_atto(from.wide()?);
    for _ in 0..from.size()? {
        let number: usize = from.small()?;
        let calls = from.number()?;
        if number >= 64 {
            return Err(Damaged);
        }
        histogram.buckets.entry(number, Default::default).calls = calls;
    }
    if let Some(which) = which.filter(|which| edges_sum(*which) == edges) {
        *series.histograms.entry(which.number(), || Histogram::new(0)) = histogram;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::AggregateOptions;
    use crate::call::{CallLabels, CallRecord, CostRecord, PriceSource, TokenType, Tokens};

    fn record(table: &mut CallTable, model: &str, class: ErrorClass, now: u64) {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, 1000);
        tokens.set(TokenType::Output, 7);
        let dollars = Exact::from_f64(0.1).unwrap();
        table.record(
            &CallRecord {
                labels: CallLabels {
                    service_name: "shop",
                    environment: "prod",
                    provider: "openai",
                    model,
                    operation: "chat",
                    dimensions: &[],
                },
                trace_id: [1; 16],
                span_id: [2; 8],
                end_unix_nano: now,
                duration_seconds: 1.25,
                time_to_first_token_seconds: Some(0.5),
                time_per_output_token_seconds: None,
                error_class: class,
                error_code: (class != ErrorClass::None).then_some("rate_limit_exceeded"),
                status_code: None,
                retryable: None,
                streaming: Some(true),
                retries: 1,
                tokens: Some(tokens),
                suspicious_usage: Some(SUSPICIONS[0]),
                estimated_tokens: None,
                reported_cost_usd: Some(0.3),
                reported_cost_foreign: Some(("EUR", 0.7)),
                cost: Some(CostRecord {
                    tokens: &[(TokenType::Input, dollars)],
                    request: dollars,
                    total: dollars.plus(dollars),
                    cache_savings: Exact::ZERO,
                }),
                price_source: PriceSource::Catalogue,
                weight: Some(4.0),
            },
            now,
        );
    }

    fn shown(table: &mut CallTable, now: u64) -> String {
        use crate::expose::{text::Format, view::View};
        let view = View::new(vec![Arc::new(table.view(now))], crate::telemetry::snapshot());
        let text = String::from_utf8(view.document(Format::OpenMetrics)).unwrap();
        let calls = text.lines().filter(|line| line.starts_with("llm_"));
        calls.map(|line| line.split(" # {").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }

    /// Guarantees: every series comes back with its value and its beginning; only what has changed is written again.
    #[test]
    fn a_table_comes_back() {
        let options =
            AggregateOptions { hold_nanos: Some(0), estimates_sampled: true, ..AggregateOptions::default() };
        let mut table = CallTable::new(options.clone());
        table.keep();
        record(&mut table, "gpt-4o", ErrorClass::None, 1_000);
        record(&mut table, "gpt-4o", ErrorClass::RateLimit, 2_000);
        record(&mut table, "o3", ErrorClass::None, 3_000);
        shown(&mut table, 4_000);
        let before = shown(&mut table, 5_000);
        assert!(before.contains("llm_cost_usd_total{") && before.contains(" 0.2"), "{before}");
        let changes = table.changes();
        assert_eq!((changes.rows.len(), changes.gone.len()), (2, 0));
        let mut back = CallTable::new(options);
        for (key, series) in &changes.rows {
            back.restore(key, &series.to_bytes()).unwrap();
        }
        back.restore_rest(&changes.rest).unwrap();
        assert_eq!(shown(&mut back, 5_000), before);
        assert!(back.changes().rows.is_empty());
        record(&mut table, "o3", ErrorClass::None, 6_000);
        assert_eq!(table.changes().rows.len(), 1);
    }

    /// Guarantees: a table that begins anew shows zeros that began now.
    #[test]
    fn a_table_begins_anew() {
        let mut table =
            CallTable::new(AggregateOptions { hold_nanos: Some(0), ..AggregateOptions::default() });
        record(&mut table, "gpt-4o", ErrorClass::RateLimit, 1_000);
        table.begin_anew(7_000_000_000);
        shown(&mut table, 8_000_000_000);
        let text = shown(&mut table, 9_000_000_000);
        for line in text.lines() {
            let value = line.rsplit(' ').next().unwrap();
            let began = line.contains("_created") && ["7", "7.0", "7.000"].contains(&value);
            assert!(began || ["0", "0.0"].contains(&value), "{line}");
        }
    }

    /// Guarantees: rows that are written once are read for ever: a code keeps its meaning, and new ones come last.
    #[test]
    fn codes_keep_their_meaning() {
        let labels = |labels: Vec<&str>| labels.join(" ");
        assert!(labels(ErrorClass::ALL.map(ErrorClass::label).to_vec()).starts_with(
            "none rate_limit quota_exhausted overloaded context_length content_filter authentication permission \
             model_not_found invalid_request timeout server_error connection cancelled unknown"
        ));
        assert!(labels(TokenType::ALL.map(TokenType::label).to_vec()).starts_with(
            "input input_audio input_image input_video cache_read cache_read_audio cache_read_image cache_write \
             cache_write_1h output output_audio output_image output_video reasoning"
        ));
        assert!(
            labels(PriceSource::ALL.map(PriceSource::label).to_vec())
                .starts_with("catalogue configured reported unpriced unknown_usage")
        );
        for (code, which) in Count::all() {
            assert_eq!(Count::coded(code), Some(which));
        }
        assert_eq!(Count::coded(1 << 8 | 1), Some(Count::Retryable(Some(false))));
        assert_eq!(Spread::coded(6), Some(Spread::ByInput(crate::aggregate::measure::InputSize::To8k)));
    }
}
