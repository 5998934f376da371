//! The calls of a view as a source of samples.

use super::text::{HistogramSample, Labels, Source, Writer};
use crate::aggregate::CallView;
use crate::aggregate::cardinality::Replacement;
use crate::aggregate::point::{Counter, Exemplar, Histogram};
use crate::aggregate::series::{CallSeries, ErrorRow};
use crate::call::TokenType;
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
            Metric::Limit(_) | Metric::Receiver(_) => 0,
        }
    }

    fn write(&self, family: &'static Family, piece: usize, writer: &mut Writer) {
        match family.metric {
            Metric::Call(metric) => {
                let rows = self.series.chunks(piece_len(family)).nth(piece).unwrap_or_default();
                for series in rows {
                    SeriesWriter::write(metric, series, &mut *writer, self.opened_unix_nano);
                }
            }
            Metric::Table(metric) => self.write_own(metric, writer),
            Metric::Limit(_) | Metric::Receiver(_) => {}
        }
    }
}

impl CallView {
    fn write_own(&self, metric: TableMetric, writer: &mut Writer) {
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

    fn write_replaced(&self, writer: &mut Writer) {
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
    rendered: &'a str,
    writer: &'a mut Writer,
    opened: u64,
}

impl<'a> SeriesWriter<'a> {
    fn write(metric: CallMetric, series: &'a CallSeries, writer: &'a mut Writer, opened: u64) {
        let mut to = SeriesWriter { rendered: &series.rendered, writer, opened };
        match metric {
            CallMetric::Requests => series.requests.iter().for_each(|(class, traced)| {
                to.counter(&[("error_class", class.label())], &traced.counter, traced.exemplar);
            }),
            CallMetric::Duration => series.duration.iter().for_each(|(outcome, histogram)| {
                to.histogram(&[("outcome", outcome.label())], histogram);
            }),
            CallMetric::TimeToFirstToken => to.histogram_if(series.first_token.as_deref()),
            CallMetric::TimePerOutputToken => to.histogram_if(series.per_token.as_deref()),
            CallMetric::DurationByInput => {
                series.duration_by_input.iter().for_each(|(size, histogram)| {
                    to.histogram(&[("input_size", size.label())], histogram);
                });
            }
            CallMetric::Errors => to.errors(&series.errors),
            CallMetric::RetryableErrors => series.retryable.iter().for_each(|(retryable, counter)| {
                to.counter(&[("retryable", told(*retryable))], counter, None);
            }),
            CallMetric::ErrorCost => series.error_cost.iter().for_each(|(class, counter)| {
                to.counter(&[("error_class", class.label())], counter, None);
            }),
            CallMetric::Retries => to.counter_if(series.retries.as_ref()),
            CallMetric::Streaming => series.streaming.iter().for_each(|((streaming, long), counter)| {
                to.counter(
                    &[("streaming", told(*streaming)), ("over_10s", told(Some(*long)))],
                    counter,
                    None,
                );
            }),
            CallMetric::Tokens => series.tokens.iter().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.label())], counter, None);
            }),
            CallMetric::InputTokens => to.histogram_if(series.input_tokens.as_deref()),
            CallMetric::WithoutUsage => to.counter_if(series.without_usage.as_ref()),
            CallMetric::SuspiciousUsage => series.suspicious.iter().for_each(|(reason, counter)| {
                to.counter(&[("reason", reason)], counter, None);
            }),
            CallMetric::EstimatedTokens => series.estimated.iter().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.label())], counter, None);
            }),
            CallMetric::Cost => series.cost.iter().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.map_or("request", TokenType::label))], counter, None);
            }),
            CallMetric::RequestCost => to.histogram_if(series.request_cost.as_deref()),
            CallMetric::CacheSavings => to.counter_if(series.cache_savings.as_ref()),
            CallMetric::ReportedCost => to.counter_if(series.reported_cost.as_ref()),
            CallMetric::Priced => series.priced.iter().for_each(|(source, counter)| {
                to.counter(&[("price_source", source.label())], counter, None);
            }),
        }
    }

    fn errors(&mut self, rows: &[ErrorRow]) {
        for row in rows {
            let mut buffer = itoa::Buffer::new();
            let status = row.status.map_or("", |status| buffer.format(status));
            let labels =
                [("error_class", row.class.label()), ("error_code", &*row.code), ("status_code", status)];
            self.counter(&labels, &row.counter.counter, row.counter.exemplar);
        }
    }

    fn counter(&mut self, further: &[(&str, &str)], counter: &Counter, exemplar: Option<Exemplar>) {
        let labels = Labels { rendered: self.rendered, further };
        let created = counter.created_unix_nano;
        if created <= self.opened {
            self.writer.counter(&labels, counter.value, created, exemplar.as_ref());
        } else {
            self.writer.counter(&labels, 0.0, created, None);
        }
    }

    fn counter_if(&mut self, counter: Option<&Counter>) {
        if let Some(counter) = counter {
            self.counter(&[], counter, None);
        }
    }

    fn histogram<const BUCKETS: usize>(&mut self, further: &[(&str, &str)], histogram: &Histogram<BUCKETS>) {
        let labels = Labels { rendered: self.rendered, further };
        let created = histogram.created_unix_nano;
        let sample = if created <= self.opened {
            HistogramSample {
                buckets: &histogram.buckets,
                sum: histogram.sum,
                exemplars: &histogram.exemplars,
            }
        } else {
            HistogramSample { buckets: &[0; BUCKETS], sum: 0.0, exemplars: &[] }
        };
        self.writer.histogram(&labels, &sample, created);
    }

    fn histogram_if<const BUCKETS: usize>(&mut self, histogram: Option<&Histogram<BUCKETS>>) {
        if let Some(histogram) = histogram {
            self.histogram(&[], histogram);
        }
    }
}

const fn told(fact: Option<bool>) -> &'static str {
    match fact {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    }
}
