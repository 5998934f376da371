//! Limits in the text of an error: prose, or the body in it.
//!
//! In: messages of a failed call. Out: limits with the numbers that the text states. A wait that it
//! asks for (`try again in 20.4s`) becomes `reset_seconds`: when the provider lets the next such call
//! through, which is not when the limit is full again.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexBuilder};

use super::headers::{Headers, used_ratio, window_of};
use super::moment;
use crate::call::{LimitEvidence, RateLimit, Resource, Window};
use crate::loose::{self, Scalar, Segment};

/// Longest text that is looked at.
const LONGEST: usize = 16 * 1024;

/// A wording with its source.
#[derive(Debug)]
pub(super) struct Wording {
    pattern: &'static str,
    shape: Shape,
    /// Where this is known from.
    #[expect(dead_code, reason = "for the reader of the table")]
    source: &'static str,
}

/// What the groups of a pattern are.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// resource, window, limit, used.
    ResourceWindowLimitUsed,
    /// limit, resource, window.
    LimitResourceWindow,
    /// resource, window, used, limit.
    ResourceWindowUsedLimit,
    /// limit, window; of requests.
    LimitWindow,
    /// resource, limit, remaining.
    ResourceLimitRemaining,
    /// a word that says that it is no limit, limit, thousands or millions, abbreviation.
    LimitAbbreviation,
    /// abbreviation, limit, thousands or millions.
    AbbreviationLimit,
    /// a word that says that it is no limit, limit, thousands or millions, resource, window.
    LimitAnyResourceWindow,
    /// limit, seconds, what it is for.
    LimitSeconds,
}

/// The wordings that state numbers. Case does not count.
pub(super) const WORDINGS: [Wording; 8] = [
    Wording {
        source: "OpenAI and Groq: BuilderIO/micro-agent#86, continuedev/continue#10920",
        shape: Shape::ResourceWindowLimitUsed,
        pattern: r"on ([a-z ]{1,40}?) per ([a-z]{1,6}) ?\([a-z]{1,6}\): limit ([\d,]{0,20}\d)(?:, used ([\d,]{0,20}\d))?",
    },
    Wording {
        source: "OpenAI's older wording: platform.openai.com/docs/guides/rate-limits",
        shape: Shape::ResourceWindowLimitUsed,
        pattern: r"on ([a-z ]{1,40}?) per ([a-z]{1,6})\. limit: ([\d,]{0,20}\d) ?/ ?[a-z]{1,6}(?:\. current: ([\d,]{0,20}\d))?",
    },
    Wording {
        source: "Anthropic: continuedev/continue#9623",
        shape: Shape::LimitResourceWindow,
        pattern: r"of ([\d,]{0,20}\d) ((?:input |output )?tokens|requests) per ([a-z]{1,6})",
    },
    Wording {
        source: "xAI: docs.x.ai, consumption and rate limits",
        shape: Shape::ResourceWindowUsedLimit,
        pattern: r"(requests|tokens) per ([a-z]{1,6}) \(actual/limit\): ([\d,]{0,20}\d) ?/ ?([\d,]{0,20}\d)",
    },
    Wording {
        source: "Together: togethercomputer/MoA#27",
        shape: Shape::LimitWindow,
        pattern: r"rate limit is ([\d,]{0,20}\d) queries per ([a-z]{1,6})",
    },
    Wording {
        source: "Together: xtekky/gpt4free#3032",
        shape: Shape::LimitWindow,
        pattern: r"rate limit for this model is ([\d,]{0,20}\d)(?:\.0)? queries per ([a-z]{1,6})",
    },
    Wording {
        source: "Cohere: docs.cohere.com/docs/rate-limits",
        shape: Shape::LimitWindow,
        pattern: r"limited to ([\d,]{0,20}\d) api calls ?/ ?([a-z]{1,6})",
    },
    Wording {
        source: "LiteLLM's own limits: docs.litellm.ai/docs/proxy/error_reference",
        shape: Shape::ResourceLimitRemaining,
        pattern: r"limit type: (requests|tokens)\. current limit: ([\d,]{0,20}\d), remaining: ([\d,]{0,20}\d)",
    },
];

/// Wordings of no provider in particular: they count only in texts that refuse for speed or quota, and only where no
/// wording of a provider fits.
pub(super) const COMMON: [Wording; 4] = [
    Wording {
        source: "the abbreviations of all providers' limit pages: Fireworks, SambaNova, Alibaba, Volcengine",
        shape: Shape::LimitAbbreviation,
        pattern: r"(?:\b(used|using|current|currently|requested|usage|consumed|sent|after)\b[a-z :=]{0,12})?\b(\d[\d,]{0,20}(?:\.\d{1,6})?)([km]?) ?((?:rp|tp|qp|itp|otp)[smhd])\b",
    },
    Wording {
        source: "Moonshot: platform.moonshot.ai/docs/api/errors (`request reached max RPM: 3`)",
        shape: Shape::AbbreviationLimit,
        pattern: r"\b(?:max(?:imum)?|limit(?:ed)?(?: of| to| is)?|exceed(?:ed|s)?(?: the| your)?) ?((?:rp|tp|qp|itp|otp)[smhd])(?: limit| quota)?(?: of| is)?[:=]? ?\(?(\d[\d,]{0,20}(?:\.\d{1,6})?)([km]?)\b",
    },
    Wording {
        source: "Cohere, Novita, DeepInfra, gateways: `60 requests/min`, `40000 tokens per minute`",
        shape: Shape::LimitAnyResourceWindow,
        pattern: r"(?:\b(used|using|current|currently|requested|usage|consumed|sent|after)\b[a-z :=]{0,12})?\b(\d[\d,]{0,20}(?:\.\d{1,6})?)([km]?) ?((?:api |input |output |total |prompt |completion |generated )?(?:tokens?|requests?|queries|calls|messages))(?: ?/ ?| per | a | every | each )([a-z]{1,6})\b",
    },
    Wording {
        source: "GitHub Models: `Rate limit of 50 per 86400s exceeded for UserByModelByDay`",
        shape: Shape::LimitSeconds,
        pattern: r"limit of (\d[\d,]{0,20}) per (\d{1,7}) ?s(?:econds?)?\b(?: exceeded for ([a-z]{1,60}))?",
    },
];

static COMMON_PATTERNS: LazyLock<Vec<(Shape, Regex)>> = LazyLock::new(|| compiled(&COMMON));

static PATTERNS: LazyLock<Vec<(Shape, Regex)>> = LazyLock::new(|| compiled(&WORDINGS));

fn compiled(wordings: &[Wording]) -> Vec<(Shape, Regex)> {
    let one = |wording: &Wording| {
        let pattern = RegexBuilder::new(wording.pattern).case_insensitive(true).unicode(false).build();
        pattern.ok().map(|pattern| (wording.shape, pattern))
    };
    wordings.iter().filter_map(one).collect()
}

static WAIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:try again|retry) (?:in|after) (?:about )?([\d.]{1,20} ?[a-zµμ][\dhmsa-z. ]{0,40})")
        .ok()
});

static GEMINI_METRIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"Quota exceeded for (?:quota )?metric: [^,\s]{0,120}?([A-Za-z_]{1,80}), limit: ([\d,]{0,20}\d)",
    )
    .ok()
});

/// Every limit that `message` states; `refused` when it is the text of a rate limit or of a quota.
pub(super) fn limits(
    provider: Option<&str>,
    message: &str,
    end_unix_nano: u64,
    refused: bool,
    out: &mut Vec<RateLimit>,
) {
    let message = head(message);
    let before = out.len();
    if let Some(body) = loose::embedded(message) {
        from_body(provider, &body, end_unix_nano, out);
    }
    if out.len() == before {
        from_prose(message, out);
    }
    if out.len() == before && refused {
        from_wordings(&COMMON_PATTERNS, message, out);
    }
}

fn from_prose(message: &str, out: &mut Vec<RateLimit>) {
    let wait = wait_seconds(message);
    from_wordings(&PATTERNS, message, out);
    if let Some(pattern) = GEMINI_METRIC.as_ref() {
        let found = pattern.captures_iter(message).take(8).filter_map(|groups| gemini_prose(&groups));
        out.extend(found.map(|limit| reset_within_minute(limit, wait)));
    }
}

fn from_wordings(patterns: &[(Shape, Regex)], message: &str, out: &mut Vec<RateLimit>) {
    let wait = wait_seconds(message);
    for (shape, pattern) in patterns {
        for groups in pattern.captures_iter(message).take(4) {
            let found = shape.limit(&groups);
            out.extend(found.map(|limit| RateLimit { reset_seconds: wait, ..limit }));
        }
    }
}

/// Bodies that carry numbers in fields: Gemini's violations, `OpenRouter`'s copies of headers.
fn from_body(provider: Option<&str>, body: &str, end_unix_nano: u64, out: &mut Vec<RateLimit>) {
    let mut violations = Violations::default();
    let mut headers = Headers::default();
    let mut per_day = false;
    loose::scan(body, &mut |path, scalar| {
        let Scalar::Text(text) = scalar else { return };
        match path.segments() {
            [.., Segment::Key("headers"), Segment::Key(name)] => headers.add(name, Cow::Borrowed(text)),
            [.., Segment::Key("violations"), Segment::Index(index), Segment::Key(key)] => {
                violations.note(*index, key, text);
            }
            [.., Segment::Key("retryDelay")] => violations.retry = moment::duration(text),
            [.., Segment::Key("message")] => per_day |= text.contains("per-day"),
            _ => {}
        }
    });
    violations.limits(out);
    let from = out.len();
    headers.limits(provider, end_unix_nano, LimitEvidence::Message, out);
    if per_day {
        out[from..].iter_mut().for_each(|limit| limit.window = Window::Day);
    }
}

/// `google.rpc.QuotaFailure.violations`: only `quotaId` tells minute from day.
#[derive(Debug, Default)]
struct Violations<'a> {
    seen: Vec<(usize, &'a str, &'a str)>,
    retry: Option<f64>,
}

// === impl Violations ===

impl<'a> Violations<'a> {
    fn note(&mut self, index: usize, key: &'a str, value: &'a str) {
        if self.seen.len() < 64 {
            self.seen.push((index, key, value));
        }
    }

    fn limits(&self, out: &mut Vec<RateLimit>) {
        let field = |index: usize, name: &str| {
            self.seen.iter().find(|(at, key, _)| (*at, *key) == (index, name)).map(|(_, _, value)| *value)
        };
        for index in 0..16 {
            let (Some(id), Some(value)) = (field(index, "quotaId"), field(index, "quotaValue")) else {
                continue;
            };
            let (Some(resource), Ok(limit)) = (quota_resource(id), value.parse()) else { continue };
            let found = stated(resource, quota_window(id), Some(limit), None);
            out.push(reset_within_minute(found, self.retry));
        }
    }
}

// === impl Shape ===

impl Shape {
    fn limit(self, groups: &Captures<'_>) -> Option<RateLimit> {
        let text = |at: usize| groups.get(at).map(|group| group.as_str());
        let number = |at: usize| text(at).and_then(|digits| digits.replace(',', "").parse::<u64>().ok());
        let found = match self {
            Self::ResourceWindowLimitUsed => {
                let (limit, used) = (number(3)?, number(4));
                let remaining = used.map(|used| limit.saturating_sub(used));
                stated(resource(text(1)?)?, window(text(2)?), Some(limit), remaining)
            }
            Self::LimitResourceWindow => stated(resource(text(2)?)?, window(text(3)?), number(1), None),
            Self::ResourceWindowUsedLimit => {
                let (used, limit) = (number(3)?, number(4).filter(|limit| *limit > 0)?);
                stated(resource(text(1)?)?, window(text(2)?), Some(limit), Some(limit.saturating_sub(used)))
            }
            Self::LimitWindow => stated(Resource::Requests, window(text(2)?), number(1), None),
            Self::LimitAbbreviation if groups.get(1).is_none() => {
                abbreviated(text(4)?, scaled(text(2)?, text(3)?))?
            }
            Self::AbbreviationLimit => abbreviated(text(1)?, scaled(text(2)?, text(3)?))?,
            Self::LimitAnyResourceWindow if groups.get(1).is_none() => {
                stated(any_resource(text(4)?), known_window(text(5)?)?, scaled(text(2)?, text(3)?), None)
            }
            Self::LimitAbbreviation | Self::LimitAnyResourceWindow => return None,
            Self::LimitSeconds => {
                let what = text(3).unwrap_or("");
                let resource = any_resource(what);
                stated(resource, window_of(text(2)?.parse().ok()?), number(1), None)
            }
            Self::ResourceLimitRemaining => stated(resource(text(1)?)?, Window::Minute, number(2), number(3)),
        };
        found.limit.map(|_| found)
    }
}

/// `1,200`, `400k`, `1.5M`: a whole number above 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the guard bounds it")]
fn scaled(digits: &str, unit: &str) -> Option<u64> {
    let number: f64 = digits.replace(',', "").parse().ok()?;
    let factor = match unit {
        "k" | "K" => 1e3,
        "m" | "M" => 1e6,
        _ => 1.0,
    };
    let whole = (number * factor).round();
    ((whole - number * factor).abs() < 1e-6 && (1.0..1e15).contains(&whole)).then_some(whole as u64)
}

/// `RPM`, `TPD`, `ITPM`: what, and over which time.
fn abbreviated(word: &str, limit: Option<u64>) -> Option<RateLimit> {
    let word = word.to_ascii_lowercase();
    let resource = match word.get(..word.len() - 1)? {
        "rp" | "qp" => Resource::Requests,
        "tp" => Resource::Tokens,
        "itp" => Resource::InputTokens,
        "otp" => Resource::OutputTokens,
        _ => return None,
    };
    Some(stated(resource, window(word.get(word.len() - 1..)?), limit, None))
}

/// Whatever is no token is a call: requests, queries, messages.
fn any_resource(words: &str) -> Resource {
    let words = words.to_ascii_lowercase();
    if !words.contains("token") {
        Resource::Requests
    } else if words.contains("input") || words.contains("prompt") {
        Resource::InputTokens
    } else if words.contains("output") || words.contains("completion") || words.contains("generated") {
        Resource::OutputTokens
    } else {
        Resource::Tokens
    }
}

fn known_window(word: &str) -> Option<Window> {
    Some(window(word)).filter(|window| *window != Window::Unknown)
}

fn stated(resource: Resource, window: Window, limit: Option<u64>, remaining: Option<u64>) -> RateLimit {
    RateLimit {
        resource,
        window,
        scope: "",
        limit,
        remaining,
        used_ratio: used_ratio(limit, remaining),
        reset_seconds: None,
        reset_moment: None,
        account: None,
        evidence: LimitEvidence::Message,
    }
}

/// Gemini's retry delay is the end of the minute; for a day's limit it is of no use.
fn reset_within_minute(limit: RateLimit, wait: Option<f64>) -> RateLimit {
    let reset_seconds = wait.filter(|seconds| limit.window == Window::Minute && *seconds <= 60.0);
    RateLimit { reset_seconds, ..limit }
}

/// Prose keeps `limit: 10` and loses `quotaId`. On the free tier no model has more than 30 requests
/// per minute (ai.google.dev/gemini-api/docs/rate-limits), so a larger number is per day. No requests
/// at all are none a day, whatever window was meant, and leave nothing to say of tokens.
fn gemini_prose(groups: &Captures<'_>) -> Option<RateLimit> {
    let metric = groups.get(1)?.as_str();
    let limit: u64 = groups.get(2)?.as_str().replace(',', "").parse().ok()?;
    let resource = quota_resource(metric)?;
    if resource != Resource::Requests {
        return (limit > 0).then(|| stated(resource, Window::Minute, Some(limit), None));
    }
    let daily = limit == 0 || metric.contains("free_tier") && limit > 30;
    Some(stated(resource, if daily { Window::Day } else { Window::Minute }, Some(limit), None))
}

fn quota_resource(id: &str) -> Option<Resource> {
    let id = id.to_ascii_lowercase().replace('_', "");
    if id.contains("inputtoken") {
        Some(Resource::InputTokens)
    } else if id.contains("outputtoken") {
        Some(Resource::OutputTokens)
    } else if id.contains("token") {
        Some(Resource::Tokens)
    } else if id.contains("request") {
        Some(Resource::Requests)
    } else {
        None
    }
}

fn quota_window(id: &str) -> Window {
    if id.contains("PerMinute") {
        Window::Minute
    } else if id.contains("PerDay") {
        Window::Day
    } else if id.contains("PerHour") {
        Window::Hour
    } else if id.contains("PerSecond") {
        Window::Second
    } else {
        Window::Unknown
    }
}

fn resource(words: &str) -> Option<Resource> {
    match words.trim().to_ascii_lowercase().as_str() {
        "tokens" | "total tokens" => Some(Resource::Tokens),
        "requests" => Some(Resource::Requests),
        "input tokens" | "prompt tokens" => Some(Resource::InputTokens),
        "output tokens" | "completion tokens" => Some(Resource::OutputTokens),
        _ => None,
    }
}

fn window(word: &str) -> Window {
    match word.to_ascii_lowercase().as_str() {
        "second" | "sec" | "s" => Window::Second,
        "minute" | "min" | "m" => Window::Minute,
        "hour" | "hr" | "h" => Window::Hour,
        "day" | "d" => Window::Day,
        "month" | "mo" => Window::Month,
        _ => Window::Unknown,
    }
}

/// The wait that the text asks for, in seconds.
fn wait_seconds(message: &str) -> Option<f64> {
    let groups = WAIT.as_ref()?.captures(message)?;
    moment::leading_duration(groups.get(1)?.as_str()).map(|(seconds, _)| seconds)
}

fn head(message: &str) -> &str {
    let end = message.len().min(LONGEST);
    let end = (0..=end).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    &message[..end]
}
