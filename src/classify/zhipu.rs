//! Z.ai (Zhipu): four-digit codes that mean this here and nothing elsewhere.

use super::rule::Sign::Code;
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Overloaded, Permission,
    QuotaExhausted, RateLimit,
};

const DOCS: &str = "docs.z.ai/api-reference/api-code; open.bigmodel.cn/dev/api/error-code";

/// Z.ai.
pub(super) static TABLE: Table = Table {
    title: "Z.ai (Zhipu)",
    names: &["z_ai", "zai", "zhipu", "zhipuai", "bigmodel"],
    hosts: &["api.z.ai", "bigmodel.cn"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["1000", "1001", "1002", "1003", "1004"]), Authentication, DOCS).local(),
        Rule::new(Code(&["1110", "1111", "1112", "1121"]), Permission, DOCS)
            .local()
            .why("The account is locked, inactive or under review."),
        Rule::new(Code(&["1113"]), QuotaExhausted, DOCS)
            .local()
            .why("Arrears, or no resource package that covers the model.")
            .act(Actor::AccountOwner, "Recharge the account, or buy a package that covers the model."),
        Rule::new(Code(&["1211", "1212", "1221", "1222"]), ModelNotFound, DOCS).local(),
        Rule::new(Code(&["1220"]), Permission, DOCS).local(),
        Rule::new(Code(&["1261"]), ContextLength, DOCS).local(),
        Rule::new(Code(&["1210", "1213", "1214", "1215"]), InvalidRequest, DOCS).local(),
        Rule::new(Code(&["1301"]), ContentFilter, DOCS)
            .local()
            .why("A 400 that is the safety check of prompt or answer."),
        Rule::new(Code(&["1302", "1303"]), RateLimit, DOCS).local().why("Calls at once, or calls per time."),
        Rule::new(Code(&["1304", "1308", "1309", "1310", "1316", "1317"]), QuotaExhausted, DOCS)
            .local()
            .why("The allotment of a day, of a plan's five hours or of its week, or the plan has ended.")
            .act(Actor::AccountOwner, "Wait for the plan's reset, or take a larger plan."),
        Rule::new(Code(&["1305", "1312"]), Overloaded, DOCS)
            .local()
            .why("The model's own traffic, not yours."),
        Rule::new(Code(&["1311"]), Permission, DOCS).local().why("The plan does not include this model."),
    ],
};
