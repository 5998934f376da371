//! Tollgate: OTLP traces of LLM calls in, Prometheus metrics out.
//!
//! # The way of a span, from socket to scrape
//!
//! | stage | module | in | out |
//! |---|---|---|---|
//! | receive | [`receive`] | HTTP and gRPC requests | the bytes of one export request, an OTLP answer |
//! | decode | [`otlp`] | bytes | calls on a visitor that borrows |
//! | read loosely | [`loose`] | JSON, Python `repr` and prose inside attributes | scalars with their paths |
//! | recognise | [`recognise`], by the tables of [`dialect`] | attributes | [`facts`] of a span |
//! | normalise | [`normalise`] | what was written | the convention's names, tokens as a partition |
//! | settle | [`settle`] | facts of many spans | one [`call`] each, however many spans told of it |
//! | price | [`price`] | model, tokens, context | exact dollars, line by line |
//! | classify | [`classify`] | error evidence | a class, a bounded code, what to do |
//! | limits | [`limits`] | headers, messages | how full each rate limit is |
//! | judge | [`judge`] asks the three above | one call | its verdict |
//! | aggregate | [`aggregate`] | one record a call | series |
//! | account | [`ledger`] | one entry a call | who spent what, budgets |
//! | expose | [`expose`] | series | Prometheus text and OpenMetrics |
//! | push | [`push`] | the same, at an interval | OTLP metrics |
//!
//! What cannot be seen is told, too: [`advice`] is the table of it.
//!
//! [`metric`] is the table of every family: `aggregate` and `telemetry` fill it, `expose` writes it. [`engine`] owns all from settle to expose in one thread behind a queue; [`explain`] walks the same way
//! for a person.
//!
//! Around them: [`config`] (what the user wrote, checked), [`command`] (one file per subcommand),
//! [`demo`] (traffic to look at), [`telemetry`] (Tollgate's own events), [`exact`] (numbers that add up), [`store`]
//! (what outlives the process, on disk, written by [`compact`]) and [`clock`], the only module that reads the time; `regular_file` reads the files that the configuration names.

pub mod call;
pub mod clock;
pub mod compact;
pub mod exact;

pub mod advice;
pub mod aggregate;
pub mod classify;
pub mod dialect;
pub mod engine;
pub mod explain;
pub mod expose;
pub mod facts;
pub mod judge;
pub mod ledger;
pub mod limits;
pub mod loose;
pub mod metric;
pub mod normalise;
pub mod otlp;
pub mod price;
pub mod push;
pub mod receive;
pub mod recognise;
pub mod record;
pub mod settle;
pub mod store;

pub mod command;
pub mod config;
pub mod demo;
pub mod telemetry;

mod regular_file;
