//! The series table as a source of samples.

use super::catalogue::{CallMetric, Family, Metric, TableMetric};
use super::text::{HistogramSample, Labels, Source, Writer};
use crate::aggregate::CallTable;
use crate::aggregate::cardinality::Replacement;
use crate::aggregate::point::{Counter, Exemplar, Histogram};
use crate::aggregate::series::CallSeries;
use crate::call::TokenType;

impl CallTable {
    /// The table as a source of one document that is rendered now.
    pub fn at(&mut self, now_unix_nano: u64) -> &mut Self {
        self.render_unix_nano = now_unix_nano;
        self
    }

    fn write_own(&self, metric: TableMetric, writer: &mut Writer) {
        let state = self.state();
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
        for guard in &self.guards {
            for reason in Replacement::ALL {
                let labels = [("label", guard.name.as_str()), ("reason", reason.label())];
                writer.counter(&Labels::plain(&labels), guard.replaced[reason as usize] as f64, 0, None);
            }
        }
    }
}

impl Source for CallTable {
    fn write(&mut self, family: &'static Family, writer: &mut Writer) {
        match family.metric {
            Metric::Call(metric) => {
                let (now, hold) = (self.render_unix_nano, self.hold_nanos());
                for row in &mut self.rows {
                    SeriesWriter::write(metric, &mut row.series, &mut *writer, now, hold);
                }
            }
            Metric::Table(metric) => self.write_own(metric, writer),
            Metric::Limit(_) | Metric::Receiver(_) => {}
        }
    }
}

/// Writes the samples of one label tuple, zero first.
struct SeriesWriter<'a> {
    rendered: &'a str,
    writer: &'a mut Writer,
    now: u64,
    hold: u64,
}

impl<'a> SeriesWriter<'a> {
    fn write(metric: CallMetric, series: &'a mut CallSeries, writer: &'a mut Writer, now: u64, hold: u64) {
        let CallSeries { rendered, .. } = series;
        let mut to = SeriesWriter { rendered, writer, now, hold };
        match metric {
            CallMetric::Requests => series.requests.iter_mut().for_each(|(class, traced)| {
                to.counter(&[("error_class", class.label())], &mut traced.counter, traced.exemplar);
            }),
            CallMetric::Duration => series.duration.iter_mut().for_each(|(outcome, histogram)| {
                to.histogram(&[("outcome", outcome.label())], histogram);
            }),
            CallMetric::TimeToFirstToken => to.histogram_if(series.first_token.as_mut()),
            CallMetric::TimePerOutputToken => to.histogram_if(series.per_token.as_mut()),
            CallMetric::DurationByInput => {
                series.duration_by_input.iter_mut().for_each(|(size, histogram)| {
                    to.histogram(&[("input_size", size.label())], histogram);
                });
            }
            CallMetric::Errors => to.errors(&mut series.errors),
            CallMetric::RetryableErrors => series.retryable.iter_mut().for_each(|(retryable, counter)| {
                to.counter(&[("retryable", told(*retryable))], counter, None);
            }),
            CallMetric::ErrorCost => series.error_cost.iter_mut().for_each(|(class, counter)| {
                to.counter(&[("error_class", class.label())], counter, None);
            }),
            CallMetric::Retries => to.counter_if(series.retries.as_mut()),
            CallMetric::Streaming => series.streaming.iter_mut().for_each(|((streaming, long), counter)| {
                to.counter(
                    &[("streaming", told(*streaming)), ("over_10s", told(Some(*long)))],
                    counter,
                    None,
                );
            }),
            CallMetric::Tokens => series.tokens.iter_mut().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.label())], counter, None);
            }),
            CallMetric::InputTokens => to.histogram_if(series.input_tokens.as_mut()),
            CallMetric::WithoutUsage => to.counter_if(series.without_usage.as_mut()),
            CallMetric::SuspiciousUsage => series.suspicious.iter_mut().for_each(|(reason, counter)| {
                to.counter(&[("reason", reason)], counter, None);
            }),
            CallMetric::EstimatedTokens => series.estimated.iter_mut().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.label())], counter, None);
            }),
            CallMetric::Cost => series.cost.iter_mut().for_each(|(kind, counter)| {
                to.counter(&[("type", kind.map_or("request", TokenType::label))], counter, None);
            }),
            CallMetric::RequestCost => to.histogram_if(series.request_cost.as_mut()),
            CallMetric::CacheSavings => to.counter_if(series.cache_savings.as_mut()),
            CallMetric::ReportedCost => to.counter_if(series.reported_cost.as_mut()),
            CallMetric::Priced => series.priced.iter_mut().for_each(|(source, counter)| {
                to.counter(&[("price_source", source.label())], counter, None);
            }),
        }
    }

    fn errors(&mut self, rows: &mut [crate::aggregate::series::ErrorRow]) {
        for row in rows {
            let mut buffer = itoa::Buffer::new();
            let status = row.status.map_or("", |status| buffer.format(status));
            let labels =
                [("error_class", row.class.label()), ("error_code", &*row.code), ("status_code", status)];
            self.counter(&labels, &mut row.counter.counter, row.counter.exemplar);
        }
    }

    fn counter(&mut self, further: &[(&str, &str)], counter: &mut Counter, exemplar: Option<Exemplar>) {
        let labels = Labels { rendered: self.rendered, further };
        let created = counter.birth.created_unix_nano;
        if counter.birth.rendered(self.now, self.hold) {
            self.writer.counter(&labels, counter.value, created, exemplar.as_ref());
        } else {
            self.writer.counter(&labels, 0.0, created, None);
        }
    }

    fn counter_if(&mut self, counter: Option<&mut Counter>) {
        if let Some(counter) = counter {
            self.counter(&[], counter, None);
        }
    }

    fn histogram<const BUCKETS: usize>(
        &mut self,
        further: &[(&str, &str)],
        histogram: &mut Histogram<BUCKETS>,
    ) {
        let labels = Labels { rendered: self.rendered, further };
        let created = histogram.birth.created_unix_nano;
        let sample = if histogram.birth.rendered(self.now, self.hold) {
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

    fn histogram_if<const BUCKETS: usize>(&mut self, histogram: Option<&mut Box<Histogram<BUCKETS>>>) {
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
