//! What holds for every provider: words, gRPC codes, HTTP statuses, exception names, finish reasons.

use super::rule::Sign::{
    BareStatus, Code, CodePart, CodeUnless, Exception, Finish, General, Status, StatusAndException, Text,
    TextUnless, Words, Wrapper,
};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, Cancelled, Connection, ContentFilter, ContextLength, InvalidRequest, ModelNotFound,
    Overloaded, Permission, QuotaExhausted, RateLimit, ServerError, Timeout, Unknown,
};

const HTTP: &str = "RFC 9110";
const LIMITS: &str = "RFC 6585";
const GRPC: &str = "grpc.io, status codes";
const NODE: &str = "nodejs.org/api/errors and undici errors";
const SDK: &str = "exception names of the public SDKs";
const WORDS: &str = "wordings of OpenAI-compatible servers (vLLM, llama.cpp, TGI, Ollama)";
const FINISH: &str = "finish reasons of OpenAI, Anthropic, Gemini, Bedrock";

const MONEY: &str = "out-of-money answers of providers and gateways (one-api, new-api, Hugging Face, Volcengine, SiliconFlow)";
const PLANS: &str =
    "plans: openai/codex#3421 (ChatGPT), continuedev/continue#9233 and #11444 (Ollama), MiniMax, Z.ai";
const SAFETY: &str =
    "refusals of hosted models: Alibaba, DeepSeek, Moonshot, Z.ai, Volcengine, Anthropic, Azure";
const LENGTHS: &str = "wordings of LM Studio, llama.cpp, vLLM, SGLang, Ollama, TGI, xAI, Z.ai, Mistral, watsonx, GitHub Copilot";
const KEYS: &str = "openai-python, anthropic-sdk, AI SDK, google-auth, botocore: no key was found";
const GO: &str = "Go: net/http, crypto/x509";
const JVM: &str = "JDK, OkHttp, Reactor Netty, Spring";
const DOTNET: &str = "learn.microsoft.com, System.Net.Http";
const ENVELOPE: &str = "status 500 for what never was an answer: LiteLLM, gateways";
const PARTS: &str = "the words that codes of all providers are made of";

/// A text with one of these speaks of speed, whatever else it calls a quota.
const SPEED: &[&str] = &[
    "per minute",
    "per min",
    "/ min",
    "/min",
    "_per_minute",
    "perminute",
    "per second",
    "per sec",
    "/ sec",
    "/s)",
    "per-min",
    "per-second",
    "rpm",
    "tpm",
    "rps",
    "concurren",
    "parallel",
    "60s",
];
/// A text with one of these speaks of speed, or of rules and not of money.
const SPEED_OR_RULES: &[&str] = &[
    "per minute",
    "per min",
    "/ min",
    "/min",
    "_per_minute",
    "perminute",
    "per second",
    "per sec",
    "rate limit",
    "rpm",
    "tpm",
    "rps",
    "concurren",
    "parallel",
    "violat",
    "abus",
    "terms of",
];

const PLAN: &str = "Wait for the plan's reset, take a larger plan, or use an API key.";
const NO_KEY: &str = "Never left the machine: the client found no key.";

/// Every provider.
pub(super) static TABLE: Table = Table {
    title: "Any provider",
    names: &[],
    hosts: &[],
    marks: &[],
    rules: &[
        // Names that say more than the status beside them.
        Rule::new(
            Code(&["lmbillingerror", "modelquotaexceedederror", "quotaexceedederror"]),
            QuotaExhausted,
            SDK,
        )
        .code("insufficient_quota"),
        Rule::new(
            CodeUnless(&["quota_exceeded", "quotaexceeded", "quota_exhausted", "key_quota_exceeded"], SPEED),
            QuotaExhausted,
            MONEY,
        )
        .code("quota_exceeded")
        .why("The window in the text decides: a minute's is a rate limit."),
        Rule::new(CodeUnless(&["usage_limit_reached", "usage_limit_exceeded", "usage_not_included"], SPEED), QuotaExhausted, PLANS)
            .code("usage_limit_reached")
            .why("A plan's allotment of hours, a week or a session: a minute's wait never helps.")
            .act(Actor::AccountOwner, PLAN),
        Rule::new(
            Code(&["insufficient_balance", "insufficient_balance_error", "insufficient_user_quota", "insufficient_credits", "accountoverdueerror", "pre_consume_token_quota_failed"]),
            QuotaExhausted,
            MONEY,
        )
        .code("insufficient_balance"),
        Rule::new(
            Code(&["paymentrequirederror", "payment_required", "402_payment_required"]),
            QuotaExhausted,
            SDK,
        )
        .code("payment_required"),
        Rule::new(
            Code(&[
                "contextwindowoverflowexception",
                "modelcontextwindowexceedederror",
                "contextoverflowerror",
                "exceed_context_size_error",
                "context_exceeded",
                "context_length_exceeded",
            ]),
            ContextLength,
            SDK,
        )
        .code("context_length_exceeded"),
        Rule::new(
            Code(&["content_filtered", "sensitive_content", "content_moderation"]),
            ContentFilter,
            SAFETY,
        )
        .code("content_filter"),
        Rule::new(
            Code(&["contentfiltererror", "contentfilterfinishreasonerror"]),
            ContentFilter,
            SDK,
        )
        .code("content_filter"),
        Rule::new(Code(&["guardrail_intervened", "guardrailintervened"]), ContentFilter, SDK)
            .code("guardrail_intervened"),
        // Words that say more than the status beside them.
        Rule::new(Text(&["insufficient", "quota"]), QuotaExhausted, WORDS),
        Rule::new(Text(&["insufficient", "balance"]), QuotaExhausted, WORDS),
        Rule::new(Text(&["insufficient", "credit"]), QuotaExhausted, WORDS),
        Rule::new(Text(&["monthly", "limit", "reached"]), QuotaExhausted, WORDS),
        Rule::new(Text(&["spend limit"]), QuotaExhausted, WORDS),
        Rule::new(Text(&["spending limit"]), QuotaExhausted, WORDS),
        Rule::new(TextUnless(&["usage limit"], SPEED), QuotaExhausted, PLANS)
            .code("usage_limit_reached")
            .why("A plan's allotment of hours, a week or a session: a minute's wait never helps.")
            .act(Actor::AccountOwner, PLAN),
        Rule::new(TextUnless(&["quota exceeded"], SPEED_OR_RULES), QuotaExhausted, MONEY).code("quota_exceeded"),
        Rule::new(TextUnless(&["quota has been", "exceeded"], SPEED_OR_RULES), QuotaExhausted, MONEY)
            .code("quota_exceeded"),
        Rule::new(TextUnless(&["exceeded your", "quota"], SPEED_OR_RULES), QuotaExhausted, MONEY)
            .code("quota_exceeded"),
        Rule::new(TextUnless(&["quota", "exhausted"], SPEED_OR_RULES), QuotaExhausted, MONEY)
            .code("quota_exceeded"),
        Rule::new(TextUnless(&["out of quota"], SPEED_OR_RULES), QuotaExhausted, MONEY).code("quota_exceeded"),
        Rule::new(Text(&["insufficient", "fund"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["not enough", "balance"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["not enough", "credit"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["balance", "recharge"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["negative balance"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["余额不足"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["欠费"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(TextUnless(&["out of credit"], SPEED_OR_RULES), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["included credits"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["overdue", "account"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(Text(&["in arrears"]), QuotaExhausted, MONEY).code("insufficient_balance"),
        Rule::new(TextUnless(&["account", "suspended"], SPEED_OR_RULES), QuotaExhausted, MONEY)
            .code("account_suspended")
            .why("An unpaid bill, unless the text names a rule that was broken."),
        Rule::new(Text(&["maximum context length"]), ContextLength, WORDS),
        Rule::new(Text(&["exceed", "context window"]), ContextLength, WORDS),
        Rule::new(Text(&["exceed", "context length"]), ContextLength, WORDS),
        Rule::new(Text(&["exceed", "context size"]), ContextLength, WORDS),
        Rule::new(Text(&["exceed", "context limit"]), ContextLength, WORDS),
        Rule::new(Text(&["processing error", "context"]), ContextLength, WORDS)
            .why("A 500 that is a prompt too long."),
        Rule::new(Text(&["context deadline exceeded"]), Timeout, GO),
        Rule::new(Text(&["input is too long"]), ContextLength, WORDS),
        Rule::new(TextUnless(&["exceed", "context"], &["deadline", "rate limit", "per minute", "quota", "usage", "timeout"]), ContextLength, LENGTHS),
        Rule::new(TextUnless(&["overflow", "context"], &["stack overflow", "buffer overflow"]), ContextLength, LENGTHS),
        Rule::new(Text(&["greater than the context length"]), ContextLength, LENGTHS),
        Rule::new(Text(&["longer than the", "context length"]), ContextLength, LENGTHS),
        Rule::new(Text(&["longer than the maximum"]), ContextLength, LENGTHS),
        Rule::new(Text(&["prompt exceeds max"]), ContextLength, LENGTHS),
        Rule::new(TextUnless(&["prompt", "exceeds the limit"], SPEED_OR_RULES), ContextLength, LENGTHS),
        Rule::new(TextUnless(&["prompt", "too long"], &["took too long"]), ContextLength, LENGTHS),
        Rule::new(Text(&["too many tokens in"]), ContextLength, LENGTHS),
        Rule::new(Text(&["prompt", "has too many tokens"]), ContextLength, LENGTHS),
        Rule::new(Text(&["input length", "exceed"]), ContextLength, WORDS),
        Rule::new(Text(&["exceeds the maximum number of tokens"]), ContextLength, WORDS),
        Rule::new(Text(&["reduce the length of the"]), ContextLength, WORDS),
        Rule::new(Text(&["must be less than or equal to", "max_new_tokens"]), ContextLength, WORDS),
        Rule::new(Text(&["flagged", "moderation"]), ContentFilter, WORDS),
        Rule::new(Text(&["inappropriate content"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(TextUnless(&["sensitive content"], &["case sensitive"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["sensitive information", "may contain"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["unsafe content"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["harmful content"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["violat", "usage polic"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["violat", "content polic"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["rejected", "safety"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["blocked", "safety"]), ContentFilter, SAFETY).code("content_filter"),
        Rule::new(Text(&["overloaded"]), Overloaded, WORDS),
        Rule::new(Text(&["over capacity"]), Overloaded, WORDS),
        Rule::new(Text(&["high demand"]), Overloaded, WORDS),
        Rule::new(Text(&["invalid api key"]), Authentication, WORDS).code("invalid_api_key"),
        Rule::new(Text(&["api key is missing"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["missing", "api key"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["no api key"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["provide an api key"]), Authentication, KEYS).code("missing_api_key"),
        Rule::new(Text(&["api_key", "must be set"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["api_key", "environment variable"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["could not resolve authentication method"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["unable to locate credentials"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["unable to load credentials"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["default credentials"]), Authentication, KEYS).code("missing_api_key").why(NO_KEY),
        Rule::new(Text(&["invalid x-api-key"]), Authentication, WORDS).code("authentication_error"),
        Rule::new(Text(&["invalid url ("]), InvalidRequest, WORDS)
            .why("A 404 of the path, not of the model.")
            .act(Actor::Operator, "Correct the base URL."),
        Rule::new(Text(&["model", "does not exist"]), ModelNotFound, WORDS).code("model_not_found"),
        Rule::new(Text(&["model", "not found, try pulling it first"]), ModelNotFound, WORDS)
            .act(Actor::Operator, "Pull the model on the Ollama host."),
        // gRPC, as code names: Google's APIs, and whoever speaks gRPC.
        Rule::new(General(&["resource_exhausted", "resourceexhausted", "resourceexhaustederror"]), RateLimit, GRPC)
            .code("RESOURCE_EXHAUSTED"),
        Rule::new(General(&["unauthenticated"]), Authentication, GRPC).code("UNAUTHENTICATED"),
        Rule::new(General(&["permission_denied", "permissiondenied"]), Permission, GRPC).code("PERMISSION_DENIED"),
        Rule::new(General(&["unavailable", "serviceunavailable"]), Overloaded, GRPC).code("UNAVAILABLE"),
        Rule::new(General(&["deadline_exceeded", "deadlineexceeded"]), Timeout, GRPC).code("DEADLINE_EXCEEDED"),
        Rule::new(General(&["not_found"]), ModelNotFound, GRPC).code("NOT_FOUND"),
        Rule::new(General(&["invalid_argument", "failed_precondition", "out_of_range"]), InvalidRequest, GRPC)
            .code("INVALID_ARGUMENT"),
        Rule::new(General(&["internal"]), ServerError, GRPC).code("INTERNAL"),
        Rule::new(General(&["cancelled"]), Cancelled, GRPC).code("CANCELLED"),
        // Codes that nobody has met, by the words in them.
        Rule::new(CodePart(&["quotaexceed", "quotareached", "quotaexhaust", "insufficientquota", "insufficientbalance", "insufficientcredit", "insufficientfund", "overdue", "arrear", "usagelimit", "spendlimit", "budgetexceeded", "creditsexhausted", "outofcredits", "paymentrequired"], SPEED), QuotaExhausted, PARTS),
        Rule::new(CodePart(&["ratelimit", "toomanyrequests", "throttl", "rpmexceeded", "tpmexceeded", "concurrencylimit"], &[]), RateLimit, PARTS),
        Rule::new(CodePart(&["contextlength", "contextwindow", "contextsize", "maxprompttokens", "prompttoolong", "inputtoolong", "tokenlimitexceeded"], &[]), ContextLength, PARTS),
        Rule::new(CodePart(&["contentfilter", "contentpolicy", "contentmoderation", "sensitivecontent", "inspectionfailed", "safetyviolation", "usagepolicy", "policyviolation", "cyberpolicy", "acceptableuse", "moderationblocked"], &[]), ContentFilter, PARTS),
        Rule::new(CodePart(&["nocapacity", "capacityexceeded"], &[]), Overloaded, PARTS),
        Rule::new(CodePart(&["modelnotfound", "nosuchmodel", "deploymentnotfound"], &[]), ModelNotFound, PARTS),
        Rule::new(CodePart(&["invalidapikey", "missingapikey", "invalidtoken", "expiredtoken", "tokenexpired"], &[]), Authentication, PARTS),
        // HTTP statuses.
        Rule::new(StatusAndException(500, &["timeout", "timedout"]), Timeout, ENVELOPE)
            .why("Some clients write 500 for their own time-out."),
        Rule::new(StatusAndException(500, &["connect", "connection"]), Connection, ENVELOPE)
            .why("Some clients write 500 for a connection that never was."),
        Rule::new(BareStatus(400), Unknown, "docs.claude.com/en/api/errors; console.groq.com/docs/errors")
            .why("Providers answer 400 for long prompts, unknown models, keys and spend limits: alone it tells nothing.")
            .act(Actor::Application, "Let the instrumentation record the body of the error."),
        Rule::new(Status(400), InvalidRequest, HTTP),
        Rule::new(Status(401), Authentication, HTTP),
        Rule::new(Status(402), QuotaExhausted, HTTP).code("payment_required"),
        Rule::new(Status(403), Permission, HTTP),
        Rule::new(Status(404), ModelNotFound, HTTP),
        Rule::new(Status(405), InvalidRequest, HTTP),
        Rule::new(Status(406), InvalidRequest, HTTP),
        Rule::new(Status(407), Connection, HTTP).act(Actor::Operator, "The proxy asks for credentials."),
        Rule::new(Status(408), Timeout, HTTP),
        Rule::new(Status(409), InvalidRequest, HTTP).retry(true),
        Rule::new(Status(410), ModelNotFound, HTTP),
        Rule::new(Status(411), InvalidRequest, HTTP),
        Rule::new(Status(412), InvalidRequest, HTTP),
        Rule::new(Status(413), InvalidRequest, HTTP).act(Actor::Application, "Send less in one request."),
        Rule::new(Status(414), InvalidRequest, HTTP),
        Rule::new(Status(415), InvalidRequest, HTTP),
        Rule::new(Status(421), Connection, HTTP),
        Rule::new(Status(422), InvalidRequest, HTTP),
        Rule::new(Status(424), ServerError, "docs.aws.amazon.com/bedrock, ModelErrorException"),
        Rule::new(Status(425), Overloaded, HTTP),
        Rule::new(Status(429), RateLimit, LIMITS),
        Rule::new(Status(431), InvalidRequest, LIMITS),
        Rule::new(Status(451), Permission, HTTP),
        Rule::new(Status(499), Cancelled, "nginx: client closed the request"),
        Rule::new(Status(500), ServerError, HTTP),
        Rule::new(Status(501), InvalidRequest, HTTP),
        Rule::new(Status(502), ServerError, HTTP),
        Rule::new(Status(503), Overloaded, HTTP),
        Rule::new(Status(504), Timeout, HTTP)
            .act(Actor::Provider, "Retry; the provider's own gateway gave up."),
        Rule::new(Status(520), ServerError, "Cloudflare 5xx"),
        Rule::new(Status(521), Connection, "Cloudflare 5xx"),
        Rule::new(Status(522), Timeout, "Cloudflare 5xx"),
        Rule::new(Status(523), Connection, "Cloudflare 5xx"),
        Rule::new(Status(524), Timeout, "Cloudflare 5xx"),
        Rule::new(Status(525), Connection, "Cloudflare 5xx"),
        Rule::new(Status(529), Overloaded, "docs.claude.com/en/api/errors"),
        // Exception names, without `Error` and `Exception`.
        Rule::new(
            Exception(&[
                "ratelimit",
                "toomanyrequests",
                "throttling",
                "throttled",
                "resourceexhausted",
                "ratelimitexceeded",
            ]),
            RateLimit,
            SDK,
        ),
        Rule::new(
            Exception(&["insufficientquota", "quotaexceeded", "paymentrequired", "billing"]),
            QuotaExhausted,
            SDK,
        ),
        Rule::new(Exception(&["timeout", "timedout", "deadlineexceeded"]), Timeout, SDK),
        Rule::new(
            Exception(&[
                "authentication",
                "unauthorized",
                "unauthenticated",
                "invalidapikey",
                "nocredentials",
                "loadapikey",
                "missingapikey",
                "defaultcredentials",
                "credentialunavailable",
            ]),
            Authentication,
            SDK,
        ),
        Rule::new(Exception(&["permissiondenied", "forbidden", "accessdenied"]), Permission, SDK),
        Rule::new(Exception(&["modelnotfound", "nosuchmodel", "notfound"]), ModelNotFound, SDK),
        Rule::new(
            Exception(&["contextwindowexceeded", "contextlengthexceeded", "contextwindowoverflow"]),
            ContextLength,
            SDK,
        ),
        Rule::new(
            Exception(&["contentpolicyviolation", "contentfilter", "contentfiltered", "blockedprompt"]),
            ContentFilter,
            SDK,
        ),
        Rule::new(Exception(&["overloaded", "serviceunavailable", "modelnotready"]), Overloaded, SDK),
        Rule::new(
            Exception(&[
                "cancelled",
                "canceled",
                "abort",
                "userabort",
                "aborted",
                "generatorexit",
                "keyboardinterrupt",
            ]),
            Cancelled,
            SDK,
        ),
        Rule::new(
            Exception(&[
                "econnrefused",
                "econnreset",
                "econnaborted",
                "enotfound",
                "eaiagain",
                "epipe",
                "ehostunreach",
                "enetunreach",
                "underrsocket",
                "errstreamprematureclose",
                "certhasexpired",
                "depthzeroselfsignedcert",
            ]),
            Connection,
            NODE,
        ),
        Rule::new(
            Exception(&[
                "connection",
                "connect",
                "connectionrefused",
                "connectionreset",
                "connectionclosed",
                "prematureclose",
                "eof",
                "sslhandshake",
                "sslpeerunverified",
                "certpathbuilder",
                "certificate",
                "noroutetohost",
                "unresolvedaddress",
                "endofstream",
                "remoteprotocol",
                "localprotocol",
                "read",
                "write",
                "network",
                "socket",
                "ssl",
                "gai",
                "unknownhost",
                "proxy",
                "clientconnector",
                "serverdisconnected",
                "incompleteread",
            ]),
            Connection,
            SDK,
        ),
        Rule::new(
            Exception(&["internalserver", "servererror", "server", "badgateway", "modelserver"]),
            ServerError,
            SDK,
        ),
        Rule::new(
            Exception(&[
                "badrequest",
                "invalidrequest",
                "unprocessableentity",
                "validation",
                "invalidargument",
                "conflict",
            ]),
            InvalidRequest,
            SDK,
        ),
        Rule::new(Exception(&["23"]), Timeout, NODE).why("DOMException TimeoutError, as a number."),
        Rule::new(Exception(&["20"]), Cancelled, NODE).why("DOMException AbortError, as a number."),
        // Words that tell when nothing else does.
        Rule::new(Words(&["timed out", "timeout", "deadline exceeded", "took too long"]), Timeout, SDK),
        Rule::new(Words(&["too many requests", "rate limit", "throttl"]), RateLimit, WORDS),
        Rule::new(
            Words(&[
                "connection error",
                "connection refused",
                "connection reset",
                "connection aborted",
                "connection closed",
                "fetch failed",
                "socket hang up",
                "getaddrinfo",
                "name resolution",
                "network error",
                "cannot connect to",
                "failed to connect",
                "server disconnected",
                "peer closed connection",
                "certificate verify failed",
                "no such host",
            ]),
            Connection,
            SDK,
        ),
        Rule::new(Words(&[": eof", "unexpected eof", "eof occurred", "x509", "tls: ", "tls handshake", "network is unreachable", "no route to host", "client connection lost"]), Connection, GO),
        Rule::new(Words(&["pkix", "prematurely closed", "premature close", "unexpected end of stream", "socket closed", "stream was reset", "unable to resolve host", "broken pipe", "unable to find valid certification path"]), Connection, JVM),
        Rule::new(Words(&["ended prematurely", "ssl connection could not be established", "forcibly closed", "error while copying content to a stream", "name or service not known", "nodename nor servname"]), Connection, DOTNET),
        Rule::new(Words(&["cancelled", "canceled", "was aborted", "request aborted"]), Cancelled, SDK),
        Rule::new(Words(&["internal server error", "an internal error"]), ServerError, WORDS),
        Rule::new(Wrapper(&["webclientrequest", "resourceaccess", "httpio", "httprequest", "apiio", "openaiio", "anthropicio", "ioexception", "transport"]), Connection, JVM)
            .why("The client's name for any trouble of the connection; a cause in its stack trace comes first."),
        Rule::new(Finish(&["error"]), Unknown, FINISH)
            .why("The stream broke off with an error that no span describes."),
        Rule::new(Finish(FILTERED), ContentFilter, FINISH)
            .code("content_filter")
            .why("HTTP 200, and the answer withheld or cut off."),
    ],
};

/// Finish reasons of an answer that the safety system withheld or cut off.
const FILTERED: &[&str] = &[
    "content_filter",
    "content_filtered",
    "safety",
    "prohibited_content",
    "blocklist",
    "spii",
    "recitation",
    "image_safety",
    "guardrail_intervened",
    "refusal",
];

/// True for a finish reason that says that the call did not do what was asked.
#[must_use]
pub fn is_failed_finish(reason: &str) -> bool {
    same_finish(reason, "error") || FILTERED.iter().any(|filtered| same_finish(reason, filtered))
}

/// Finish reasons come as `content_filter`, `content-filter`, `CONTENT_FILTER`, `FinishReason.SAFETY`.
pub(super) fn same_finish(seen: &str, reason: &str) -> bool {
    let seen = seen.rsplit('.').next().unwrap_or(seen).trim_matches(['"', '[', ']', '\'', ' ']);
    seen.len() == reason.len()
        && seen
            .bytes()
            .zip(reason.bytes())
            .all(|(left, right)| left.eq_ignore_ascii_case(&right) || (left == b'-' && right == b'_'))
}
