//! Rate limits as rows of the document, and their changes as events.

use crate::expose::sample::{Samples, Source};
use crate::limits::{LimitChange, LimitSample};
use crate::metric::{Family, LimitMetric, Metric};
use crate::telemetry::Event;

/// What is true of every limit now.
pub(super) struct LimitRows(pub(super) Vec<LimitSample>);

impl Source for LimitRows {
    fn write(&self, family: &'static Family, _: usize, writer: &mut dyn Samples) {
        let Metric::Limit(metric) = family.metric else { return };
        for sample in &self.0 {
            if let Some(value) = value(sample, metric) {
                writer.gauge(
                    &[
                        ("provider", &sample.provider),
                        ("model", &sample.model),
                        ("account", &sample.account),
                        ("resource", sample.resource.label()),
                        ("window", sample.window.label()),
                        ("source", sample.source.label()),
                    ],
                    value,
                );
            }
        }
    }
}

fn value(sample: &LimitSample, metric: LimitMetric) -> Option<f64> {
    match metric {
        LimitMetric::Limit => sample.limit.map(|count| count as f64),
        LimitMetric::Remaining => sample.remaining.map(|count| count as f64),
        LimitMetric::UsedRatio => sample.used_ratio,
        LimitMetric::PeakUsedRatio => sample.peak_used_ratio,
        LimitMetric::ResetSeconds => sample.reset_seconds,
        LimitMetric::ExhaustionSeconds => sample.exhaustion_seconds,
    }
}

/// Tells of ceilings that are no more what they were.
pub(super) fn tell_changes(changes: &[LimitChange], tell: &mut dyn FnMut(&Event<'_>)) {
    for change in changes {
        tell(&Event::LimitChanged {
            provider: &change.provider,
            model: &change.model,
            account: &change.account,
            resource: change.resource.label(),
            window: change.window.label(),
            old: change.old,
            new: change.new,
        });
    }
}
