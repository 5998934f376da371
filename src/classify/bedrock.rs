//! Amazon Bedrock: the exception names the cause, except that throttling has four of them.

use super::rule::Sign::{Code, CodeAndText, General, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Overloaded, Permission,
    QuotaExhausted, RateLimit, ServerError, Timeout,
};

const RUNTIME: &str = "docs.aws.amazon.com/bedrock, Converse and InvokeModel errors";
const QUOTAS: &str = "docs.aws.amazon.com/bedrock, quotas-runtime";

const TEXTS: &str =
    "docs.aws.amazon.com, InvokeModel and common errors: the fixed text of an exception whose name got lost";

const CREDENTIALS: &str = "Renew the credentials; check the clock of the host.";

/// Amazon Bedrock.
pub(super) static TABLE: Table = Table {
    title: "Amazon Bedrock",
    names: &["aws.bedrock", "bedrock", "aws_bedrock", "bedrock_converse", "amazon-bedrock", "amazon_bedrock", "aws"],
    hosts: &["bedrock-runtime", "bedrock.", "bedrock-mantle"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["too many tokens per day"]), QuotaExhausted, QUOTAS)
            .code("ThrottlingException")
            .why("The same exception as a rate limit; only `per day` differs.")
            .act(Actor::AccountOwner, "Ask for a higher daily quota; the day's tokens are used up."),
        Rule::new(Text(&["invalid_payment_instrument"]), QuotaExhausted, RUNTIME)
            .code("INVALID_PAYMENT_INSTRUMENT")
            .why("An AccessDeniedException that is the account's payment.")
            .act(Actor::AccountOwner, "Give the AWS account a valid payment method, then ask for the model again."),
        Rule::new(Text(&["access is denied", "payment"]), QuotaExhausted, RUNTIME)
            .code("INVALID_PAYMENT_INSTRUMENT")
            .act(Actor::AccountOwner, "Give the AWS account a valid payment method, then ask for the model again."),
        Rule::new(Code(&["servicequotaexceededexception"]), QuotaExhausted, RUNTIME)
            .code("ServiceQuotaExceededException")
            .act(Actor::AccountOwner, "Look at Service Quotas for this account and region, and ask for more."),
        Rule::new(Code(&["modelnotreadyexception"]), Overloaded, RUNTIME)
            .code("ModelNotReadyException")
            .why("A 429 that is a cold model.")
            .act(Actor::Operator, "Retry; keep a rarely used imported model warm."),
        Rule::new(Code(&["modelstreamerrorexception", "modelerrorexception"]), ServerError, RUNTIME)
            .code("ModelErrorException"),
        Rule::new(Code(&["modeltimeoutexception"]), Timeout, RUNTIME)
            .code("ModelTimeoutException")
            .why("The server's time-out, not the client's.")
            .act(Actor::Application, "Ask for fewer output tokens, or stream."),
        Rule::new(
            Code(&[
                "unrecognizedclientexception",
                "invalidsignatureexception",
                "expiredtokenexception",
                "expiredtoken",
                "incompletesignature",
                "missingauthenticationtokenexception",
                "nocredentialserror",
            ]),
            Authentication,
            RUNTIME,
        )
        .code("UnrecognizedClientException")
        .why("A 403 that is bad or expired credentials.")
        .act(Actor::Operator, "Renew the credentials; check the clock of the host."),
        Rule::new(Code(&["accessdeniedexception"]), Permission, RUNTIME)
            .code("AccessDeniedException")
            .act(Actor::Operator, "Ask for access to the model in this region, and allow it in the role's policy."),
        Rule::new(Code(&["resourcenotfoundexception"]), ModelNotFound, RUNTIME).code("ResourceNotFoundException"),
        Rule::new(Text(&["provided model identifier is invalid"]), ModelNotFound, RUNTIME)
            .code("ValidationException")
            .why("A 400 for a model that does not exist in this region."),
        Rule::new(Text(&["model version has reached the end of its life"]), ModelNotFound, RUNTIME)
            .code("ResourceNotFoundException"),
        Rule::new(Text(&["input is too long for requested model"]), ContextLength, RUNTIME).code("ValidationException"),
        Rule::new(Text(&["too many input tokens"]), ContextLength, RUNTIME).code("ValidationException"),
        Rule::new(CodeAndText("validationexception", &["prompt is too long"]), ContextLength, RUNTIME)
            .code("ValidationException"),
        Rule::new(CodeAndText("validationexception", &["maximum", "tokens", "exceed"]), ContextLength, RUNTIME)
            .code("ValidationException"),
        Rule::new(CodeAndText("validationexception", &["content filter"]), ContentFilter, RUNTIME)
            .code("ValidationException"),
        Rule::new(Text(&["too many connections"]), RateLimit, QUOTAS)
            .code("ThrottlingException")
            .act(Actor::Application, "Bound the number of calls in flight."),
        Rule::new(Text(&["too many tokens, please wait"]), RateLimit, QUOTAS)
            .code("ThrottlingException")
            .why("Input and `maxTokens` are reserved at the start, so this comes long before the billed tokens reach the quota.")
            .act(Actor::Application, "Lower `maxTokens` to what answers need."),
        Rule::new(Text(&["too many requests, please wait"]), RateLimit, QUOTAS).code("ThrottlingException"),
        Rule::new(Code(&["throttlingexception", "throttledexception", "toomanyrequestsexception"]), RateLimit, RUNTIME)
            .code("ThrottlingException"),
        Rule::new(Code(&["serviceunavailableexception"]), Overloaded, RUNTIME).code("ServiceUnavailableException"),
        Rule::new(Text(&["exceeds the service quota"]), QuotaExhausted, TEXTS)
            .code("ServiceQuotaExceededException")
            .act(Actor::AccountOwner, "Look at Service Quotas for this account and region, and ask for more."),
        Rule::new(Text(&["not ready", "inference"]), Overloaded, TEXTS)
            .code("ModelNotReadyException")
            .act(Actor::Operator, "Retry; keep a rarely used imported model warm."),
        Rule::new(Text(&["processing time exceeded the model timeout"]), Timeout, TEXTS)
            .code("ModelTimeoutException")
            .act(Actor::Application, "Ask for fewer output tokens, or stream."),
        Rule::new(Text(&["error while processing the model"]), ServerError, TEXTS).code("ModelErrorException"),
        Rule::new(Text(&["security token included in the request is"]), Authentication, TEXTS)
            .code("UnrecognizedClientException")
            .why("Invalid or expired; a 403 that is bad credentials.")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["request signature we calculated does not match"]), Authentication, TEXTS)
            .code("InvalidSignatureException")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["signature expired"]), Authentication, TEXTS)
            .code("InvalidSignatureException")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["signature not yet current"]), Authentication, TEXTS)
            .code("InvalidSignatureException")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["missing authentication token"]), Authentication, TEXTS)
            .code("MissingAuthenticationTokenException")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["bearer token has expired"]), Authentication, TEXTS)
            .code("ExpiredTokenException")
            .act(Actor::Operator, CREDENTIALS),
        Rule::new(Text(&["exceeding the account quotas for amazon bedrock"]), RateLimit, TEXTS)
            .code("ThrottlingException")
            .why("The word quota, and a limit per minute."),
        Rule::new(Text(&["encountered an unexpected error during processing"]), ServerError, TEXTS)
            .code("InternalServerException"),
        Rule::new(Code(&["internalserverexception"]), ServerError, RUNTIME).code("InternalServerException"),
        Rule::new(General(&["validationexception"]), InvalidRequest, RUNTIME).code("ValidationException"),
    ],
};
