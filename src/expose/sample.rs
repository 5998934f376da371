//! One sample, whatever format it is written in.
//!
//! In: values of [`Source`]s. Out: calls on [`Samples`], of which the text formats and OTLP are writers. It knows no
//! format.

use crate::aggregate::point::{Exemplar, Histogram};
use crate::metric::Family;

/// The labels of one sample.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Already rendered pairs: `a="b",c="d"`, or empty.
    pub rendered: &'a str,
    /// Further pairs, not yet escaped.
    pub further: &'a [(&'a str, &'a str)],
}

impl<'a> Labels<'a> {
    /// Labels of which nothing was rendered before.
    #[must_use]
    pub const fn plain(further: &'a [(&'a str, &'a str)]) -> Self {
        Self { rendered: "", further }
    }
}

/// Whatever has samples for some families, as they were at one moment.
pub trait Source: Send + Sync {
    /// In how many pieces it writes this family: a large one is written a few rows at a time.
    fn pieces(&self, _: &'static Family) -> usize {
        1
    }

    /// The same without any value held back, where some are.
    fn unheld(&self) -> Option<std::sync::Arc<dyn Source>> {
        None
    }

    /// Writes one piece of this family, if it has any samples.
    fn write(&self, family: &'static Family, piece: usize, to: &mut dyn Samples);
}

/// Takes the samples of one family after the other: a writer of some format.
pub trait Samples {
    /// The samples that follow are of this family.
    fn family(&mut self, family: &'static Family);

    /// A gauge, or any other sample that is one number.
    fn gauge(&mut self, labels: &[(&str, &str)], value: f64);

    /// A counter. `created_unix_nano` 0 = not known.
    fn counter(
        &mut self,
        labels: &Labels<'_>,
        value: f64,
        created_unix_nano: u64,
        exemplar: Option<&Exemplar>,
    );

    /// A histogram, or one that reads 0. `created_unix_nano` 0 = not known.
    fn histogram(&mut self, labels: &Labels<'_>, histogram: Option<&Histogram>, created_unix_nano: u64);

    /// A line that another writer of the text format made, without its end. It must belong to the
    /// current family.
    fn foreign_line(&mut self, line: &str);
}
