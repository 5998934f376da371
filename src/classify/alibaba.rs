//! Alibaba Model Studio (DashScope): codes are words, written as `DataInspectionFailed` and `data_inspection_failed`.

use super::rule::Sign::{Code, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, ModelNotFound, Permission, QuotaExhausted, RateLimit,
};

const DOCS: &str = "alibabacloud.com/help/en/model-studio/error-code";

const MONEY: &str = "Pay the bill or buy credit in the Alibaba Cloud console.";

/// Alibaba Model Studio.
pub(super) static TABLE: Table = Table {
    title: "Alibaba Model Studio",
    names: &["alibaba", "dashscope", "alibaba_cloud"],
    hosts: &["dashscope"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["arrearage"]), QuotaExhausted, DOCS)
            .code("Arrearage")
            .why("A 400 that is an unpaid bill.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["account is in good standing"]), QuotaExhausted, DOCS)
            .code("Arrearage")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(
            Code(&[
                "allocationquota.freetieronly",
                "commoditynotpurchased",
                "prepaidbilloverdue",
                "postpaidbilloverdue",
            ]),
            QuotaExhausted,
            DOCS,
        )
        .act(Actor::AccountOwner, MONEY),
        Rule::new(
            Code(&[
                "throttling.ratequota",
                "throttling.allocationquota",
                "throttling.burstrate",
                "limitrequests",
            ]),
            RateLimit,
            DOCS,
        )
        .why("The word quota in it means requests or tokens per minute."),
        Rule::new(Code(&["datainspectionfailed", "data_inspection_failed"]), ContentFilter, DOCS)
            .code("data_inspection_failed")
            .why("A 400 that is the inspection of prompt or answer."),
        Rule::new(Text(&["range of input length should be"]), ContextLength, DOCS).code("InvalidParameter"),
        Rule::new(Code(&["modelnotfound"]), ModelNotFound, DOCS).code("ModelNotFound"),
        Rule::new(Code(&["model.accessdenied", "workspace.accessdenied"]), Permission, DOCS)
            .code("Model.AccessDenied"),
        Rule::new(Code(&["invalidapikey"]), Authentication, DOCS).code("InvalidApiKey"),
    ],
};
