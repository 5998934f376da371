//! Headers to limits, by the tables.

use std::borrow::Cow;

use super::moment;
use super::tables::{HeaderSet, TABLES};
use crate::call::{LimitEvidence, RateLimit, Resource, Window};

/// A number this large is a way to say "no limit": providers write the largest of some integer.
const LARGEST: f64 = 1e15;
const LARGEST_32: u64 = 2_147_483_647;
const DAY: f64 = 86_400.0;
const MINUTE: f64 = 60.0;

/// How the headers of a `ChatGPT` plan begin. Source: openai/codex, codex-rs/codex-api, rate limits.
const CODEX: &str = "x-codex-";

/// Headers with their names in one spelling.
#[derive(Debug, Default)]
pub(super) struct Headers<'a> {
    pairs: Vec<(String, Cow<'a, str>)>,
}

/// What a header with a number says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Count {
    Absent,
    Known(u64),
    /// Negative, or the largest of some integer: the whole set means nothing.
    Sentinel,
}

// === impl Headers ===

impl<'a> Headers<'a> {
    /// Bound on what is kept of one response.
    const MOST: usize = 256;

    /// Adds a header, in any spelling; the first one of a name stays.
    pub(super) fn add(&mut self, name: &str, value: Cow<'a, str>) {
        let name = canonical(name);
        let told = name.contains("limit") || name.starts_with("anthropic-") || name.contains("organization");
        let told = told || name.starts_with(CODEX);
        if told && self.pairs.len() < Self::MOST && self.get(&name).is_none() {
            self.pairs.push((name, value));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| own == name).map(|(_, value)| plain(value))
    }

    /// Every limit that the headers state.
    pub(super) fn limits(
        &self,
        provider: Option<&str>,
        end_unix_nano: u64,
        evidence: LimitEvidence,
        out: &mut Vec<RateLimit>,
    ) {
        let mut seen: Vec<&str> = Vec::new();
        for set in sets_for(provider) {
            if seen.contains(&set.pattern) {
                continue;
            }
            seen.push(set.pattern);
            let Some(limit) = self.limit(set, end_unix_nano, evidence) else { continue };
            let again = |other: &RateLimit| {
                (other.resource, other.window, other.scope) == (limit.resource, limit.window, limit.scope)
            };
            if !out.iter().any(again) {
                out.push(limit);
            }
        }
        out.extend(
            ["primary", "secondary"].iter().filter_map(|name| self.plan(name, end_unix_nano, evidence)),
        );
    }

    /// One allotment of a `ChatGPT` plan: `x-codex-primary-used-percent`, `-window-minutes`, `-reset-at`.
    fn plan(&self, name: &str, end_unix_nano: u64, evidence: LimitEvidence) -> Option<RateLimit> {
        let text = |kind: &str| self.get(&format!("{CODEX}{name}-{kind}"));
        let percent: f64 =
            text("used-percent")?.parse().ok().filter(|percent| (0.0..1e5).contains(percent))?;
        let minutes: Option<f64> = text("window-minutes").and_then(|minutes| minutes.parse().ok());
        let reset = text("reset-at").or_else(|| text("reset-after-seconds"));
        Some(RateLimit {
            resource: Resource::Usage,
            scope: "",
            limit: None,
            remaining: None,
            reset_moment: reset.and_then(moment::moment),
            account: None,
            window: minutes.map_or(Window::Unknown, |minutes| window_of(minutes * MINUTE)),
            used_ratio: Some(percent / 100.0),
            reset_seconds: reset.and_then(|reset| moment::seconds_until(reset, end_unix_nano)),
            evidence,
        })
    }

    /// The window that a policy states: `100, 100;w=60` in the limit's own header, or `ratelimit-policy` beside it.
    /// Of several policies the one with this limit counts. Source: draft-ietf-httpapi-ratelimit-headers-06 and -09.
    fn policy_window(&self, set: &HeaderSet, limit: Option<u64>) -> Window {
        let named =
            |(name, _): &&(String, Cow<'_, str>)| set.is(name, "limit") || name.ends_with("ratelimit-policy");
        let policies = self.pairs.iter().filter(named).flat_map(|(_, value)| value.split(','));
        let windows = policies.filter_map(|policy| {
            let (quota, window) = policy_of(policy)?;
            (quota.is_none() || limit.is_none() || quota == limit).then_some(window)
        });
        windows.map(window_of).next().unwrap_or(Window::Unknown)
    }

    fn limit(&self, set: &HeaderSet, end_unix_nano: u64, evidence: LimitEvidence) -> Option<RateLimit> {
        let text =
            |kind| self.pairs.iter().find(|(name, _)| set.is(name, kind)).map(|(_, value)| plain(value));
        let (limit, remaining) = (count(text("limit")), count(text("remaining")));
        if limit == Count::Sentinel || remaining == Count::Sentinel {
            return None;
        }
        let (limit, remaining) = (limit.known(), remaining.known());
        let used_ratio = match text("utilization") {
            Some(fraction) => fraction.parse().ok().filter(|ratio: &f64| (0.0..1e3).contains(ratio)),
            None => used_ratio(limit, remaining),
        };
        if (limit, remaining) == (Some(0), Some(0)) || (limit, remaining, used_ratio) == (None, None, None) {
            return None;
        }
        let reset_seconds = text("reset").and_then(|reset| moment::seconds_until(reset, end_unix_nano));
        let window =
            if set.minute_or_day { minute_or_day(limit, remaining, reset_seconds) } else { set.window };
        let window = if window == Window::Unknown { self.policy_window(set, limit) } else { window };
        let (resource, scope) = (set.resource, set.scope);
        Some(RateLimit {
            resource,
            window,
            scope,
            limit,
            remaining,
            used_ratio,
            reset_seconds,
            reset_moment: reset_seconds.and_then(|_| text("reset")).and_then(moment::moment),
            account: None,
            evidence,
        })
    }
}

// === impl Count ===

impl Count {
    const fn known(self) -> Option<u64> {
        match self {
            Self::Known(count) => Some(count),
            Self::Absent | Self::Sentinel => None,
        }
    }
}

/// Quota and window of `100;w=60` or `"default";q=100;w=60`.
fn policy_of(policy: &str) -> Option<(Option<u64>, f64)> {
    let (mut quota, mut window) = (None, None);
    for (place, part) in policy.trim_matches(['[', ']', '\'', ' ']).split(';').enumerate() {
        match part.trim().split_once('=') {
            Some(("w", seconds)) => window = seconds.trim_matches(['"', ' ']).parse().ok(),
            Some(("q", count)) => quota = count.trim().parse().ok(),
            None if place == 0 => quota = part.trim_matches(['"', ' ']).parse().ok(),
            _ => {}
        }
    }
    window.map(|window| (quota, window))
}

/// The window of so many seconds, where it has a name.
pub(super) fn window_of(seconds: f64) -> Window {
    #[expect(clippy::cast_possible_truncation, reason = "only compared; out of range saturates")]
    match seconds.round() as i64 {
        1 => Window::Second,
        60 => Window::Minute,
        3_600 => Window::Hour,
        18_000 => Window::FiveHours,
        86_400 => Window::Day,
        604_800 => Window::SevenDays,
        2_419_200..=2_678_400 => Window::Month,
        _ => Window::Unknown,
    }
}

/// A count that some carrier wrote as a float; `None` for sentinels.
pub(super) fn whole(number: f64) -> Option<u64> {
    count(Some(&number.to_string())).known()
}

/// The part of the limit that is used: 0 when more is left than the limit, `None` without a limit.
#[expect(clippy::cast_precision_loss, reason = "counts up to 1e15 are exact")]
pub(super) fn used_ratio(limit: Option<u64>, remaining: Option<u64>) -> Option<f64> {
    let (limit, remaining) = (limit.filter(|limit| *limit > 0)?, remaining?);
    Some(limit.saturating_sub(remaining) as f64 / limit as f64)
}

/// The provider's own sets, then those whose names only one provider has, then the common ones.
fn sets_for(provider: Option<&str>) -> impl Iterator<Item = &'static HeaderSet> {
    let own = TABLES.iter().find(|table| Some(table.provider) == provider && !table.provider.is_empty());
    let unmistakable = TABLES.iter().flat_map(|table| table.sets).filter(|set| set.is_unmistakable());
    let common = TABLES.iter().filter(|table| table.provider.is_empty()).flat_map(|table| table.sets);
    own.map_or(&[][..], |table| table.sets).iter().chain(unmistakable).chain(common)
}

/// Lower case, dashes, without the prefixes of span attributes and of LiteLLM.
fn canonical(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    let name = name.strip_prefix("http.response.header.").unwrap_or(&name);
    name.strip_prefix("llm-provider-").unwrap_or(name).to_owned()
}

/// A value as carriers write it: `58`, `["58"]`, `58;w=60`, `58, 58;w=60`.
fn plain(value: &str) -> &str {
    let value = value.trim().trim_matches(['[', ']', '"', '\'', ' ']);
    value.split([',', ';']).next().unwrap_or(value).trim_matches(['"', '\'', ' '])
}

fn count(text: Option<&str>) -> Count {
    let Some(text) = text else { return Count::Absent };
    if let Ok(number) = text.parse::<u64>() {
        #[expect(clippy::cast_precision_loss, reason = "only compared with a bound")]
        let huge = number as f64 >= LARGEST;
        return if huge || number == LARGEST_32 { Count::Sentinel } else { Count::Known(number) };
    }
    match text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the guard bounds it")]
        Ok(number) if (0.0..LARGEST).contains(&number) => Count::Known(number as u64),
        Ok(_) => Count::Sentinel,
        Err(_) => Count::Absent,
    }
}

/// The window of a bucket whose name does not tell: a bucket over a minute refills `used` parts
/// within a minute. `reset / used * limit` is the whole window; of an empty bucket, some providers
/// state the wait for one part.
#[expect(clippy::cast_precision_loss, reason = "counts up to 1e15 are exact")]
fn minute_or_day(limit: Option<u64>, remaining: Option<u64>, reset_seconds: Option<f64>) -> Window {
    let (Some(limit), Some(remaining), Some(reset)) = (limit, remaining, reset_seconds) else {
        return Window::Minute;
    };
    let used = limit.saturating_sub(remaining);
    let is = |expected: f64| (expected - reset).abs() <= expected * 0.02 + 0.001;
    let spans = |window: f64| {
        let part = window / limit as f64;
        used > 0 && is(part * used as f64) || remaining == 0 && is(part)
    };
    if !spans(MINUTE) && (spans(DAY) || reset > MINUTE * 2.0) { Window::Day } else { Window::Minute }
}

/// For Datadog's attributes: `openai.organization.ratelimit.requests.remaining`.
pub(super) fn of_attribute(name: &str) -> Option<(Resource, &'static str)> {
    let rest = name.strip_prefix("openai.organization.ratelimit.")?;
    let (resource, kind) = rest.split_once('.')?;
    let resource = match resource {
        "requests" => Resource::Requests,
        "tokens" => Resource::Tokens,
        _ => return None,
    };
    match kind {
        "limit" => Some((resource, "limit")),
        "remaining" => Some((resource, "remaining")),
        _ => None,
    }
}
