//! The calls of a view as a source of samples.

use std::sync::Arc;

use super::sample::{Labels, Samples, Source};
use crate::aggregate::CallView;
use crate::aggregate::cardinality::Replacement;
use crate::aggregate::measure::{Count, Dollars, Estimate, InputSize, Outcome, Spread};
use crate::aggregate::point::{Counter, DollarCounter, Exemplar};
use crate::aggregate::series::CallSeries;
use crate::call::{ErrorClass, PriceSource, TokenType};
use crate::metric::{CallMetric, Family, Metric, MetricType, TableMetric};

/// Label tuples of one piece of a document: a histogram has twenty lines and more for each.
const HISTOGRAMS_PER_PIECE: usize = 16;
const COUNTERS_PER_PIECE: usize = 256;

const fn piece_len(family: &Family) -> usize {
    match family.metric_type {
        MetricType::Histogram => HISTOGRAMS_PER_PIECE,
        MetricType::Counter | MetricType::Gauge => COUNTERS_PER_PIECE,
    }
}

impl Source for CallView {
    fn pieces(&self, family: &'static Family) -> usize {
        match family.metric {
            Metric::Call(_) => self.series.len().div_ceil(piece_len(family)),
            Metric::Table(_) => 1,
            Metric::Limit(_) | Metric::Ledger(_) | Metric::Receiver(_) => 0,
        }
    }

    fn unheld(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::new(Self { opened_unix_nano: u64::MAX, ..self.clone() }))
    }

    fn write(&self, family: &'static Family, piece: usize, writer: &mut dyn Samples) {
        match family.metric {
            Metric::Call(metric) => {
                let rows = self.series.chunks(piece_len(family)).nth(piece).unwrap_or_default();
                for series in rows {
                    SeriesWriter { series, writer, opened: self.opened_unix_nano }.write(metric);
                }
            }
            Metric::Table(metric) => self.write_own(metric, writer),
            Metric::Limit(_) | Metric::Ledger(_) | Metric::Receiver(_) => {}
        }
    }
}

impl CallView {
    fn write_own(&self, metric: TableMetric, writer: &mut dyn Samples) {
        let state = self.state;
        let mut count = |value: u64| writer.counter(&Labels::plain(&[]), value as f64, 0, None);
        match metric {
            TableMetric::CallSeries => writer.gauge(&[], state.call_series as f64),
            TableMetric::CallSeriesLimit => writer.gauge(&[], state.call_series_limit as f64),
            TableMetric::OverflowCalls => count(state.overflow_calls),
            TableMetric::ExpiredCallSeries => count(state.expired_call_series),
            TableMetric::ReplacedLabelValues => self.write_replaced(writer),
        }
    }

    fn write_replaced(&self, writer: &mut dyn Samples) {
        for replaced in &self.replaced {
            for reason in Replacement::ALL {
                let labels = [("label", replaced.label.as_str()), ("reason", reason.label())];
                writer.counter(&Labels::plain(&labels), replaced.calls[reason as usize] as f64, 0, None);
            }
        }
    }
}

/// Writes the samples of one label tuple, zero first.
struct SeriesWriter<'a> {
    series: &'a CallSeries,
    writer: &'a mut dyn Samples,
    opened: u64,
}

impl SeriesWriter<'_> {
    fn write(mut self, metric: CallMetric) {
        match metric {
            CallMetric::Requests => self.requests(),
            CallMetric::Duration => {
                for outcome in Outcome::ALL {
                    self.histogram(Spread::Duration(outcome), &[("outcome", outcome.label())]);
                }
            }
            CallMetric::TimeToFirstToken => self.histogram(Spread::FirstToken, &[]),
            CallMetric::TimePerOutputToken => self.histogram(Spread::PerToken, &[]),
            CallMetric::DurationByInput => {
                for size in InputSize::ALL {
                    self.histogram(Spread::ByInput(size), &[("input_size", size.label())]);
                }
            }
            CallMetric::Errors => self.errors(),
            CallMetric::RetryableErrors => {
                TOLD.into_iter().for_each(|it| self.count(Count::Retryable(it), &[("retryable", told(it))]));
            }
            CallMetric::ErrorCost => {
                for class in ErrorClass::ALL {
                    self.dollars(Dollars::ErrorCost(class), &[("error_class", class.label())]);
                }
            }
            CallMetric::Retries => self.count(Count::Retries, &[]),
            CallMetric::Streaming => self.streaming(),
            CallMetric::Tokens => {
                TokenType::ALL
                    .into_iter()
                    .for_each(|it| self.count(Count::Tokens(it), &[("type", it.label())]));
            }
            CallMetric::InputTokens => self.histogram(Spread::InputTokens, &[]),
            CallMetric::WithoutUsage => self.count(Count::WithoutUsage, &[]),
            CallMetric::SuspiciousUsage => self.suspicious(),
            CallMetric::EstimatedTokens => {
                TokenType::ALL
                    .into_iter()
                    .for_each(|it| self.count(Count::Estimated(it), &[("type", it.label())]));
            }
            CallMetric::SampledRequests => self.estimated_requests(),
            CallMetric::SampledTokens => self.estimated_tokens(),
            CallMetric::SampledCost => {
                kinds().for_each(|(it, label)| self.estimate(Estimate::Cost(it), ("type", label)));
            }
            CallMetric::Cost => {
                kinds().for_each(|(it, label)| self.dollars(Dollars::Cost(it), &[("type", label)]));
            }
            CallMetric::RequestCost => self.histogram(Spread::RequestCost, &[]),
            CallMetric::CacheSavings => self.dollars(Dollars::CacheSavings, &[]),
            CallMetric::ReportedCost => self.dollars(Dollars::Reported, &[]),
            CallMetric::ReportedForeign => self.foreign(),
            CallMetric::Priced => {
                for source in PriceSource::ALL {
                    self.count(Count::Priced(source), &[("price_source", source.label())]);
                }
            }
        }
    }

    fn requests(&mut self) {
        // All classes begin with the first call, so that the first failure of one is an increase.
        let none = Counter { value: 0, created_unix_nano: self.series.began_unix_nano };
        for class in ErrorClass::ALL {
            let counter = self.series.count(Count::Requests(class)).unwrap_or(&none);
            self.counter(&[("error_class", class.label())], counter, self.series.last(class));
        }
    }

    fn errors(&mut self) {
        for row in &self.series.errors {
            let mut buffer = itoa::Buffer::new();
            let status = row.status.map_or("", |status| buffer.format(status));
            let labels =
                [("error_class", row.class.label()), ("error_code", &*row.code), ("status_code", status)];
            self.counter(&labels, &row.counter, Some(&row.last));
        }
    }

    fn streaming(&mut self) {
        for (streaming, long) in TOLD.into_iter().flat_map(|it| [(it, false), (it, true)]) {
            let labels = [("streaming", told(streaming)), ("over_10s", told(Some(long)))];
            self.count(Count::Streaming(streaming, long), &labels);
        }
    }

    fn suspicious(&mut self) {
        for (reason, counter) in &self.series.suspicious {
            self.counter(&[("reason", reason)], counter, None);
        }
    }

    fn count(&mut self, which: Count, further: &[(&str, &str)]) {
        if let Some(counter) = self.series.count(which) {
            self.counter(further, counter, None);
        }
    }

    fn counter(&mut self, further: &[(&str, &str)], counter: &Counter, last: Option<&Exemplar>) {
        let open = counter.created_unix_nano <= self.opened;
        let value = if open { counter.value as f64 } else { 0.0 };
        let labels = Labels { rendered: &self.series.rendered, further };
        self.writer.counter(&labels, value, counter.created_unix_nano, last.filter(|_| open));
    }

    fn dollars(&mut self, which: Dollars, further: &[(&str, &str)]) {
        if let Some(counter) = self.series.dollars(which) {
            self.amount(further, counter);
        }
    }

    fn estimated_requests(&mut self) {
        for class in ErrorClass::ALL {
            self.estimate(Estimate::Requests(class), ("error_class", class.label()));
        }
    }

    fn estimated_tokens(&mut self) {
        for kind in TokenType::ALL {
            self.estimate(Estimate::Tokens(kind), ("type", kind.label()));
        }
    }

    fn estimate(&mut self, which: Estimate, further: (&str, &str)) {
        if let Some(counter) = self.series.estimated(which) {
            self.amount(&[further], counter);
        }
    }

    fn foreign(&mut self) {
        for (currency, counter) in &self.series.foreign {
            self.amount(&[("currency", currency)], counter);
        }
    }

    fn amount(&mut self, further: &[(&str, &str)], counter: &DollarCounter) {
        let open = counter.created_unix_nano <= self.opened;
        let value = if open { counter.value.to_f64() } else { 0.0 };
        let labels = Labels { rendered: &self.series.rendered, further };
        self.writer.counter(&labels, value, counter.created_unix_nano, None);
    }

    fn histogram(&mut self, which: Spread, further: &[(&str, &str)]) {
        let Some(histogram) = self.series.histogram(which) else { return };
        let open = histogram.created_unix_nano <= self.opened;
        let labels = Labels { rendered: &self.series.rendered, further };
        self.writer.histogram(&labels, Some(histogram).filter(|_| open), histogram.created_unix_nano);
    }
}

/// What dollars are spent on, with its label.
fn kinds() -> impl Iterator<Item = (Option<TokenType>, &'static str)> {
    TokenType::ALL.into_iter().map(|kind| (Some(kind), kind.label())).chain([(None, "request")])
}

/// What spans tell of a yes or no.
const TOLD: [Option<bool>; 3] = [Some(true), Some(false), None];

const fn told(fact: Option<bool>) -> &'static str {
    match fact {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    }
}
