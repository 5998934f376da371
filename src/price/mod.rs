//! What a call costs.
//!
//! In: provider and model as spans name them, tokens, context, time. Out: exact dollars line by
//! line with their source, or the reason why there is no price. It knows no span, no clock and no
//! network; unknown is never 0.
//!
//! | module | knows |
//! |---|---|
//! | [`decimal`] | exact arithmetic |
//! | `unit` | what is billed: kinds of tokens, searches, seconds |
//! | `matcher` | rules that recognise a name |
//! | [`catalogue`] | providers, models, prices; finding |
//! | `context` | tiers and other ways of being served |
//! | `load` | the file format |
//! | `provider_name`, `model_name` | what spans call them |
//! | [`cost`] | counts times rates |
//! | `overrides` | what the user says of prices |
//! | `name_table` | a memory of names |
//! | `tariff` | the same for many calls, found out once |
//! | `book` | all of it together: [`PriceBook`] is what the engine asks |
//! | [`bulk`] | `tollgate price -` |
//! | [`describe`](mod@describe) | `tollgate price MODEL` |
//! | `questions` | what a check of the configuration asks |

mod book;
pub mod bulk;
pub mod catalogue;
mod context;
pub mod cost;
mod currency;
pub mod decimal;
pub mod describe;
mod load;
mod matcher;
mod model_name;
mod name_table;
mod overrides;
mod provider_name;
mod questions;
mod tariff;
mod unit;
mod uplift;

pub use book::{PriceBook, Priced, Request};
pub use catalogue::{About, Catalogue, Force, Found, NotFound};
pub use context::Context;
pub use cost::{Cost, Line, LineKey};
pub use currency::{CurrencyConfig, DatedRate, foreign};
pub use decimal::{Decimal, Dollars};
pub use describe::{Change, Description, PriceList, RateLine, describe};
pub use matcher::Rule;
pub use overrides::{Alias, Discount, Fault, OwnModel, OwnTier, PricesConfig, UseReported};
pub(crate) use tariff::{NoneInCommon, Tariff, Together};
pub use unit::Units;

use std::fmt;

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpriced {
    /// The provider is not in the catalogue.
    UnknownProvider,
    /// The provider is, the model is not.
    UnknownModel,
    /// This key of the context has a value for which there is no price.
    UnknownContext(&'static str),
    /// Tokens were used, and the catalogue has no price for any of them.
    NoRate,
    /// The counts contradict each other.
    Contradiction,
}

/// Why a catalogue could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON, or not of this shape.
    #[error("not a price catalogue: {0}")]
    Syntax(String),
    /// Of another version.
    #[error("the catalogue has format {found}; this program reads format {expected}")]
    Format {
        /// What the file says.
        found: u32,
        /// What would be right.
        expected: u32,
    },
    /// One row is wrong.
    #[error("{row}: {problem}")]
    Row {
        /// Which.
        row: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

// === impl Unpriced ===

impl fmt::Display for Unpriced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProvider => formatter.write_str("the provider is not in the price catalogue"),
            Self::UnknownModel => formatter.write_str("the provider's price list has no such model"),
            Self::UnknownContext(key) => write!(formatter, "no price is known for this {key}"),
            Self::NoRate => formatter.write_str("the price list has no price for these tokens"),
            Self::Contradiction => formatter.write_str("the counts contradict each other"),
        }
    }
}

impl From<NotFound> for Unpriced {
    fn from(reason: NotFound) -> Self {
        match reason {
            NotFound::Provider => Self::UnknownProvider,
            NotFound::Model => Self::UnknownModel,
        }
    }
}
