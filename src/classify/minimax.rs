//! `MiniMax`: numbers in `base_resp.status_code`, in `error.code`, or in brackets behind the text.

use super::rule::Sign::{Code, Text, TextUnless};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, InvalidRequest, QuotaExhausted, RateLimit, Timeout,
};

const DOCS: &str = "platform.minimax.io/docs/api-reference/errorcode";

/// `MiniMax`.
pub(super) static TABLE: Table = Table {
    title: "MiniMax",
    names: &["minimax"],
    hosts: &["api.minimax.", "api.minimaxi."],
    marks: &[],
    rules: &[
        Rule::new(Text(&["(1008)"]), QuotaExhausted, DOCS).local(),
        Rule::new(Text(&["(2056)"]), QuotaExhausted, DOCS)
            .local()
            .why("The five hours' or week's allotment of a token plan, typed `rate_limit_error`.")
            .act(Actor::AccountOwner, "Wait for the plan's reset, or take a larger plan."),
        Rule::new(Code(&["1008", "2056"]), QuotaExhausted, DOCS).local(),
        Rule::new(Code(&["1002", "1039", "1041", "2045"]), RateLimit, DOCS).local(),
        Rule::new(Code(&["1026", "1027"]), ContentFilter, DOCS).local(),
        Rule::new(TextUnless(&["sensitive"], &["case sensitive", "case-sensitive"]), ContentFilter, DOCS)
            .local(),
        Rule::new(Text(&["context window exceeds limit"]), ContextLength, DOCS)
            .why("Code 2013, that of any bad parameter."),
        Rule::new(Code(&["2013", "1042", "20132"]), InvalidRequest, DOCS).local(),
        Rule::new(Code(&["1004", "2049"]), Authentication, DOCS).local(),
        Rule::new(Code(&["1001"]), Timeout, DOCS).local(),
    ],
};
