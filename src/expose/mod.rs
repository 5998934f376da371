//! Series out: the two text formats and the HTTP server of the scraper.
//!
//! In: [`sample::Source`]s at one moment: a [`crate::aggregate::CallView`], rate limits, the receiver itself.
//! Out: Prometheus text 0.0.4 and OpenMetrics 1.0 on `/metrics`, beside `/healthz`, `/readyz` and a page for
//! people. It knows neither spans nor prices.
//!
//! | part | does |
//! |---|---|
//! | [`sample`] | what has samples, and what writes them |
//! | [`text`] | writes samples of one family after the other |
//! | `calls`, `own` | what has samples |
//! | [`view`] | one moment of everything, in parts that readers share |
//! | `document` | a view as the body of an answer |
//! | `account` | the ledger over HTTP |
//! | `page` | pages for people |
//! | [`http`], `negotiate`, [`status`] | the server |
//! | [`scrapers`] | who reads regularly, and what all of them have seen |

mod account;
mod calls;
mod document;
pub mod http;
mod negotiate;
mod own;
mod page;
pub mod sample;
pub mod scrapers;
pub mod status;
pub mod text;
pub mod view;

pub(crate) use page::percent;
