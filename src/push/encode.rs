//! A view as OTLP.
//!
//! In: a view and who we are. Out: encoded requests, one after the other, so that no more than a few thousand data
//! points are in memory at a time. Sums are cumulative, histograms have explicit buckets, `start_time` is the creation
//! time of each series: what `_created` is in `OpenMetrics`.

use prost::Message;

use super::semconv;
use super::settings::Names;
use crate::aggregate::point::{Exemplar, Histogram};
use crate::expose::sample::{Labels, Samples};
use crate::expose::view::{Place, View};
use crate::metric::{Family, MetricType, Unit};
use crate::receive::proto::metrics as otlp;

/// Data points of one request, about: a few hundred kilobytes.
const POINTS: usize = 2000;
/// The scope of everything that is sent.
const SCOPE: &str = "tollgate";

/// Who pushes.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `service.instance.id`: no two streams share it.
    pub instance: String,
    /// When this process began, nanoseconds since the Unix epoch: the start of what has no creation time of its own.
    pub started_unix_nano: u64,
}

impl Identity {
    /// The one that was born with the journal: over restarts it stays the same.
    #[must_use]
    pub fn kept(instance: &str, started_unix_nano: u64) -> Self {
        Self { instance: instance.to_owned(), started_unix_nano }
    }

    /// Of this process alone: the next one is another.
    #[must_use]
    pub fn of_process(started_unix_nano: u64) -> Self {
        use std::hash::{BuildHasher, RandomState};
        let half = || RandomState::new().hash_one(started_unix_nano);
        Self { instance: format!("{:016x}{:016x}", half(), half()), started_unix_nano }
    }
}

/// Requests that together are everything in the view.
pub fn requests<'a>(
    view: &'a View,
    identity: &'a Identity,
    names: Names,
    now_unix_nano: u64,
) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    let mut next = Some(Place::default());
    std::iter::from_fn(move || {
        let mut writer = OtlpWriter::new(identity.started_unix_nano, now_unix_nano);
        while let Some(place) = next.filter(|_| writer.points < POINTS) {
            next = view.write_to(place, &mut writer);
        }
        let metrics = match names {
            Names::Tollgate => writer.metrics,
            Names::Semconv => semconv::renamed(writer.metrics),
        };
        (!metrics.is_empty()).then(|| request(identity, metrics).encode_to_vec())
    })
}

fn request(identity: &Identity, metrics: Vec<otlp::Metric>) -> otlp::ExportMetricsServiceRequest {
    let attributes = vec![
        key_value("service.name", "tollgate"),
        key_value("service.version", env!("CARGO_PKG_VERSION")),
        key_value("service.instance.id", &identity.instance),
    ];
    let scope =
        otlp::InstrumentationScope { name: SCOPE.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scope_metrics = vec![otlp::ScopeMetrics { scope: Some(scope), metrics }];
    let resource = Some(otlp::Resource { attributes });
    otlp::ExportMetricsServiceRequest {
        resource_metrics: vec![otlp::ResourceMetrics { resource, scope_metrics }],
    }
}

/// Writes samples as metrics.
struct OtlpWriter {
    metrics: Vec<otlp::Metric>,
    points: usize,
    family: Option<&'static Family>,
    started_unix_nano: u64,
    now_unix_nano: u64,
    foreign: ForeignHistogram,
}

impl OtlpWriter {
    fn new(started_unix_nano: u64, now_unix_nano: u64) -> Self {
        Self {
            metrics: Vec::new(),
            points: 0,
            family: None,
            started_unix_nano,
            now_unix_nano,
            foreign: ForeignHistogram::default(),
        }
    }

    /// The data of the current family, announced with its first sample.
    fn data(&mut self) -> Option<&mut otlp::metric::Data> {
        let family = self.family?;
        if self.metrics.last().is_none_or(|metric| metric.name != family.name) {
            self.metrics.push(announced(family));
        }
        self.points += 1;
        self.metrics.last_mut()?.data.as_mut()
    }

    fn number(
        &mut self,
        attributes: Vec<otlp::KeyValue>,
        value: f64,
        created: u64,
        exemplar: Option<&Exemplar>,
    ) {
        let is_gauge = self.family.is_some_and(|family| family.metric_type == MetricType::Gauge);
        let point = otlp::NumberDataPoint {
            start_time_unix_nano: if is_gauge { 0 } else { self.since(created) },
            time_unix_nano: self.now_unix_nano,
            exemplars: exemplar.map(exemplar_of).into_iter().collect(),
            attributes,
            value: Some(otlp::number_data_point::Value::AsDouble(value)),
        };
        match self.data() {
            Some(otlp::metric::Data::Gauge(gauge)) => gauge.data_points.push(point),
            Some(otlp::metric::Data::Sum(sum)) => sum.data_points.push(point),
            Some(otlp::metric::Data::Histogram(_)) | None => debug_assert!(false, "a number in a histogram"),
        }
    }

    fn buckets(&mut self, point: otlp::HistogramDataPoint) {
        match self.data() {
            Some(otlp::metric::Data::Histogram(histogram)) => histogram.data_points.push(point),
            Some(otlp::metric::Data::Gauge(_) | otlp::metric::Data::Sum(_)) | None => {
                debug_assert!(false, "buckets in a number");
            }
        }
    }

    const fn since(&self, created: u64) -> u64 {
        if created == 0 { self.started_unix_nano } else { created }
    }
}

impl Samples for OtlpWriter {
    fn family(&mut self, family: &'static Family) {
        self.family = Some(family);
    }

    fn gauge(&mut self, labels: &[(&str, &str)], value: f64) {
        self.number(attributes(&Labels::plain(labels)), value, 0, None);
    }

    fn counter(&mut self, labels: &Labels<'_>, value: f64, created: u64, exemplar: Option<&Exemplar>) {
        self.number(attributes(labels), value, created, exemplar);
    }

    fn histogram(&mut self, labels: &Labels<'_>, histogram: Option<&Histogram>, created: u64) {
        let Some(family) = self.family else { return };
        let buckets: Vec<_> = (0..=family.edges.len())
            .map(|place| histogram.and_then(|histogram| histogram.buckets.get(place)))
            .collect();
        let bucket_counts: Vec<u64> =
            buckets.iter().map(|bucket| bucket.map_or(0, |bucket| bucket.calls)).collect();
        self.buckets(otlp::HistogramDataPoint {
            start_time_unix_nano: self.since(created),
            time_unix_nano: self.now_unix_nano,
            count: bucket_counts.iter().sum(),
            sum: Some(histogram.map_or(0.0, |histogram| histogram.sum.to_f64())),
            bucket_counts,
            explicit_bounds: family.edges.to_vec(),
            exemplars: buckets.iter().flatten().map(|bucket| exemplar_of(&bucket.exemplar)).collect(),
            attributes: attributes(labels),
        });
    }

    /// The receiver's own metrics come as lines of text: see [`crate::telemetry`].
    fn foreign_line(&mut self, line: &str) {
        let (Some(family), Some((series, value))) = (self.family, line.rsplit_once(' ')) else { return };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.strip_suffix('}').unwrap_or(labels);
        let Ok(value) = value.parse::<f64>() else { return };
        if family.metric_type != MetricType::Histogram {
            return self.number(pairs(labels), value, 0, None);
        }
        if let Some(done) = self.foreign.take(name, labels, value) {
            self.buckets(otlp::HistogramDataPoint {
                start_time_unix_nano: self.started_unix_nano,
                time_unix_nano: self.now_unix_nano,
                explicit_bounds: family.edges.to_vec(),
                ..done
            });
        }
    }
}

/// A histogram that comes line by line: buckets, sum, count.
#[derive(Default)]
struct ForeignHistogram {
    /// Cumulative, as the text has them.
    buckets: Vec<u64>,
    sum: f64,
}

impl ForeignHistogram {
    /// The histogram, once its last line has come.
    fn take(&mut self, name: &str, labels: &str, value: f64) -> Option<otlp::HistogramDataPoint> {
        if name.ends_with("_bucket") {
            self.buckets.push(value as u64);
        } else if name.ends_with("_sum") {
            self.sum = value;
        } else {
            let cumulative = std::mem::take(&mut self.buckets);
            let below = std::iter::once(0).chain(cumulative.iter().copied());
            return Some(otlp::HistogramDataPoint {
                count: value as u64,
                sum: Some(std::mem::take(&mut self.sum)),
                bucket_counts: cumulative.iter().zip(below).map(|(upto, below)| upto - below).collect(),
                attributes: pairs(labels),
                ..otlp::HistogramDataPoint::default()
            });
        }
        None
    }
}

fn announced(family: &'static Family) -> otlp::Metric {
    let cumulative = otlp::AggregationTemporality::Cumulative.into();
    let data = match family.metric_type {
        MetricType::Gauge => otlp::metric::Data::Gauge(otlp::Gauge::default()),
        MetricType::Counter => otlp::metric::Data::Sum(otlp::Sum {
            aggregation_temporality: cumulative,
            is_monotonic: true,
            data_points: Vec::new(),
        }),
        MetricType::Histogram => otlp::metric::Data::Histogram(otlp::Histogram {
            aggregation_temporality: cumulative,
            data_points: Vec::new(),
        }),
    };
    otlp::Metric {
        name: family.name.to_owned(),
        description: family.help.to_owned(),
        unit: ucum(family.unit).to_owned(),
        data: Some(data),
    }
}

/// The unit as OTLP writes it. In braces: of no system, which exporters to Prometheus leave out of the name.
const fn ucum(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "",
        Unit::Seconds => "s",
        Unit::Usd => "{USD}",
        Unit::Tokens => "{token}",
        Unit::Bytes => "By",
        Unit::Ratio => "1",
    }
}

fn attributes(labels: &Labels<'_>) -> Vec<otlp::KeyValue> {
    let mut attributes = pairs(labels.rendered);
    attributes.extend(labels.further.iter().map(|(key, value)| key_value(key, value)));
    attributes
}

/// Label pairs as the text formats write them: `a="b",c="d"`.
fn pairs(rendered: &str) -> Vec<otlp::KeyValue> {
    let (mut pairs, mut rest) = (Vec::new(), rendered);
    while let Some((key, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next() {
                Some((end, '"')) => break end + 1,
                Some((_, '\\')) => {
                    value.extend(letters.next().map(|(_, letter)| if letter == 'n' { '\n' } else { letter }));
                }
                Some((_, letter)) => value.push(letter),
                None => break after.len(),
            }
        };
        if key != "le" {
            pairs.push(key_value(key.trim_start_matches(','), &value));
        }
        rest = &after[end..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    pairs
}

pub(super) fn key_value(key: &str, value: &str) -> otlp::KeyValue {
    let value = otlp::AnyValue { value: Some(otlp::any_value::Value::StringValue(value.to_owned())) };
    otlp::KeyValue { key: key.to_owned(), value: Some(value) }
}

fn exemplar_of(exemplar: &Exemplar) -> otlp::Exemplar {
    otlp::Exemplar {
        time_unix_nano: exemplar.unix_nano(),
        value: Some(otlp::exemplar::Value::AsDouble(f64::from(exemplar.value))),
        span_id: exemplar.span_id.to_vec(),
        trace_id: exemplar.trace_id.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_back_as_they_were() {
        let wanted = [
            ("a", "plain"),
            ("b", "quo\"te"),
            ("c", "back\\slash"),
            ("d", "line\nfeed"),
            ("e", ""),
            ("f", "x=\"y\",z"),
        ];
        let rendered = crate::metric::render_labels(wanted);
        assert_eq!(pairs(&rendered), wanted.map(|(key, value)| key_value(key, value)));
    }

    #[test]
    fn a_histogram_of_lines_is_one_point() {
        let mut histogram = ForeignHistogram::default();
        assert_eq!(histogram.take("x_bucket", "l=\"a\",le=\"1.0\"", 2.0), None);
        assert_eq!(histogram.take("x_bucket", "l=\"a\",le=\"+Inf\"", 5.0), None);
        assert_eq!(histogram.take("x_sum", "l=\"a\"", 9.5), None);
        let point = histogram.take("x_count", "l=\"a\"", 5.0).unwrap();
        assert_eq!((point.count, point.sum, point.bucket_counts), (5, Some(9.5), vec![2, 3]));
        assert_eq!(point.attributes, [key_value("l", "a")]);
    }
}
