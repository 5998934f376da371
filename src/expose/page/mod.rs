//! Pages for people, made here: no part of another host, every name escaped, one style and one short script.
//!
//! In: what the engine and the ledger know. Out: HTML. `html` escapes and draws; the pages say what.

pub(super) mod home;
pub(super) mod html;
pub(super) mod spend;

pub(crate) use html::percent;

/// The style of both pages.
pub(super) const STYLE: &str = include_str!("style.css");
/// Renews a page while somebody looks at it.
pub(super) const SCRIPT: &str = include_str!("renew.js");
/// What a browser may load for a page: only what this port serves.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
