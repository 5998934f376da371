//! The writer of both text formats.
//!
//! In: families of the catalogue and their samples, from any number of [`Source`]s. Out: one
//! document, each family once and in the order of the catalogue, as Prometheus text 0.0.4 or
//! OpenMetrics 1.0. It knows neither where values come from nor who asks.

use super::sample::{Labels, Samples, Source};
use crate::aggregate::point::{Exemplar, Histogram};
use crate::metric::{FAMILIES, Family, MetricType, bucket_edge, escape_into, label_into};

/// One of the two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0: with exemplars and creation times.
    OpenMetrics,
}

/// Renders one document of everything that the sources have, and announces every family.
#[must_use]
pub fn render(format: Format, sources: &[&dyn Source]) -> Vec<u8> {
    let mut writer = Writer::new(format);
    for family in FAMILIES {
        writer.begin(family);
        for source in sources {
            (0..source.pieces(family)).for_each(|piece| source.write(family, piece, &mut writer));
        }
    }
    writer.end();
    writer.into_bytes()
}

/// Writes samples of the current family.
#[derive(Debug)]
pub struct Writer {
    format: Format,
    out: Vec<u8>,
    family: &'static Family,
    /// How the lines of a histogram's buckets go on, up to their values.
    edges: Vec<String>,
}

impl Writer {
    /// An empty document.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, out: Vec::with_capacity(64 * 1024), family: &FAMILIES[0], edges: Vec::new() }
    }

    /// Announces a family; the samples that follow are its.
    pub fn begin(&mut self, family: &'static Family) {
        self.family(family);
        let name = match self.format {
            Format::Text => family.name,
            Format::OpenMetrics => family.base_name(),
        };
        let unit = family.unit.label();
        self.push(&["# TYPE ", name, " ", family.metric_type.label(), "\n"]);
        if self.format == Format::OpenMetrics && !unit.is_empty() {
            self.push(&["# UNIT ", name, " ", unit, "\n"]);
        }
        self.push(&["# HELP ", name, " "]);
        escape_into(&mut self.out, family.help, self.format == Format::OpenMetrics);
        self.out.push(b'\n');
    }

    /// Ends the document.
    pub fn end(&mut self) {
        if self.format == Format::OpenMetrics {
            self.push(&["# EOF\n"]);
        }
    }

    /// How much is written, bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// True when nothing is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What is written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    /// Name and labels of a sample, up to the blank before its value.
    fn sample(&mut self, suffix: &str, labels: &Labels<'_>) {
        let open = self.labels(suffix, labels);
        self.out.extend_from_slice(if open == b'{' { b" " } else { b"} " });
    }

    /// The same without the end; what stands before another label.
    fn labels(&mut self, suffix: &str, labels: &Labels<'_>) -> u8 {
        let out = &mut self.out;
        out.extend_from_slice(self.family.base_name().as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        let mut open = b'{';
        if !labels.rendered.is_empty() {
            out.push(open);
            out.extend_from_slice(labels.rendered.as_bytes());
            open = b',';
        }
        for (name, value) in labels.further {
            out.push(open);
            label_into(out, name, value);
            open = b',';
        }
        open
    }

    fn created(&mut self, labels: &Labels<'_>, unix_nano: u64) {
        if self.format == Format::OpenMetrics && unix_nano > 0 {
            self.sample("_created", labels);
            self.seconds(unix_nano);
            self.out.push(b'\n');
        }
    }

    fn exemplar(&mut self, exemplar: Option<&Exemplar>) {
        let told = |exemplar: &&Exemplar| self.format == Format::OpenMetrics && exemplar.trace_id != [0; 16];
        let Some(exemplar) = exemplar.filter(told) else { return };
        self.push(&[" # {trace_id=\""]);
        hex_into(&mut self.out, &exemplar.trace_id);
        self.push(&["\",span_id=\""]);
        hex_into(&mut self.out, &exemplar.span_id);
        self.push(&["\"} "]);
        single_into(&mut self.out, exemplar.value);
        self.out.push(b' ');
        self.seconds(exemplar.unix_nano());
    }

    fn seconds(&mut self, unix_nano: u64) {
        let millis = unix_nano / 1_000_000;
        let fraction = 1000 + millis % 1000;
        self.integer(millis / 1000);
        self.out.push(b'.');
        self.out.extend_from_slice(&itoa::Buffer::new().format(fraction).as_bytes()[1..]);
    }

    fn integer(&mut self, value: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn value(&mut self, value: f64) {
        value_into(&mut self.out, value);
    }
}

impl Samples for Writer {
    fn family(&mut self, family: &'static Family) {
        self.family = family;
        self.edges.clear();
        let edges = family.edges.iter().map(|edge| bucket_edge(*edge)).chain(["+Inf".to_owned()]);
        self.edges.extend(edges.map(|edge| edge + "\"} "));
    }

    fn gauge(&mut self, labels: &[(&str, &str)], value: f64) {
        self.sample("", &Labels::plain(labels));
        self.value(value);
        self.out.push(b'\n');
    }

    fn counter(
        &mut self,
        labels: &Labels<'_>,
        value: f64,
        created_unix_nano: u64,
        exemplar: Option<&Exemplar>,
    ) {
        debug_assert_eq!(self.family.metric_type, MetricType::Counter, "{}", self.family.name);
        self.sample("_total", labels);
        self.value(value);
        self.exemplar(exemplar);
        self.out.push(b'\n');
        self.created(labels, created_unix_nano);
    }

    fn histogram(&mut self, labels: &Labels<'_>, histogram: Option<&Histogram>, created_unix_nano: u64) {
        debug_assert_eq!(self.family.metric_type, MetricType::Histogram, "{}", self.family.name);
        let mut count = 0;
        // All lines begin as the first does.
        let start = self.out.len();
        let open = self.labels("_bucket", labels);
        self.out.extend_from_slice(&[open, b'l', b'e', b'=', b'"']);
        let beginning = start..self.out.len();
        for position in 0..self.edges.len() {
            let bucket = histogram.and_then(|histogram| histogram.buckets.get(position));
            count += bucket.map_or(0, |bucket| bucket.calls);
            if position > 0 {
                self.out.extend_from_within(beginning.clone());
            }
            self.out.extend_from_slice(self.edges[position].as_bytes());
            self.integer(count);
            self.exemplar(bucket.map(|bucket| &bucket.exemplar));
            self.out.push(b'\n');
        }
        self.sample("_sum", labels);
        self.value(histogram.map_or(0.0, |histogram| histogram.sum.to_f64()));
        self.out.push(b'\n');
        self.sample("_count", labels);
        self.integer(count);
        self.out.push(b'\n');
        self.created(labels, created_unix_nano);
    }

    fn foreign_line(&mut self, line: &str) {
        self.push(&[line, "\n"]);
    }
}

fn hex_into<const LENGTH: usize>(out: &mut Vec<u8>, bytes: &[u8; LENGTH]) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    out.extend_from_slice(bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)]).as_flattened());
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number below 2^53"
)]
fn value_into(out: &mut Vec<u8>, value: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if (0.0..EXACT).contains(&value) && value.fract() == 0.0 {
        out.extend_from_slice(itoa::Buffer::new().format(value as u64).as_bytes());
    } else if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
}

/// A finite number of single precision, as few digits as tell it apart from others.
fn single_into(out: &mut Vec<u8>, value: f32) {
    if value.fract() == 0.0 {
        value_into(out, f64::from(value));
    } else {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    }
}
