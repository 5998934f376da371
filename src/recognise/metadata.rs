//! What SDKs and gateways keep beside an answer: the provider's metadata, hidden parameters, stated costs.
//!
//! In: one attribute's text. Out: facts stated to a [`Draft`].

use super::draft::Draft;
use super::objects::{USAGE, header, named, number_of, state};
use super::source::Source;
use super::value::host_of;
use crate::dialect::{Fact, Field, UsageFamily};
use crate::loose::{Path, Scalar, Segment};
use crate::otlp::Value;

/// Keys of `ai.response.providerMetadata` that are not those of a usage object.
const METADATA: &[(&str, Field)] = &[
    ("cacheCreationInputTokens", Field::CacheWrite),
    ("cacheReadInputTokens", Field::CacheRead),
    ("cachedPromptTokens", Field::CacheRead),
    ("reasoningTokens", Field::Reasoning),
    ("cacheWriteInputTokens", Field::CacheWrite),
    ("promptCacheHitTokens", Field::CacheRead),
];

/// What a provider package of the Vercel AI SDK keeps: `{"anthropic": {"usage": {...}}}`.
pub(super) fn provider_metadata<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| {
        if is_stated_cost(path)
            && let Some(dollars) = dollars_of(scalar)
        {
            draft.cost(6, dollars);
        }
        let field = match path.segments() {
            [Segment::Key("openrouter"), Segment::Key("usage"), Segment::Key("cost")]
            | [Segment::Key("gateway"), Segment::Key("cost")] => {
                let text = if let Scalar::Text(text) = scalar { text.parse().ok() } else { None };
                text.or_else(|| number_of(scalar)).into_iter().for_each(|dollars| draft.cost(6, dollars));
                None
            }
            [Segment::Key(_), Segment::Key(name)] => named(METADATA, name),
            [Segment::Key("anthropic"), Segment::Key("usage"), Segment::Key("input_tokens")] => {
                Some(Field::FreshInput)
            }
            [Segment::Key(_), Segment::Key("usage" | "usageMetadata"), rest @ ..] => match rest {
                [Segment::Key(name)] => named(USAGE, name)
                    .or_else(|| named(METADATA, name))
                    .filter(|field| !matches!(field, Field::Input | Field::Output | Field::Total)),
                [Segment::Key("cache_creation"), Segment::Key(name)] => named(USAGE, name),
                _ => None,
            },
            _ => None,
        };
        state(draft, UsageFamily::ProviderMetadata, field, Some(scalar));
    });
}

/// `OpenRouter` and Vercel's AI Gateway state what the call cost, in dollars. Source: openrouter.ai/docs usage accounting,
/// vercel.com/docs/ai-gateway.
fn is_stated_cost(path: &Path<'_>) -> bool {
    path.is(&["openrouter", "usage", "cost"])
        || path.is(&["openrouter", "cost"])
        || path.is(&["gateway", "cost"])
}

/// A number above 0, also as a text: a gateway that was paid otherwise says 0.
fn dollars_of(scalar: Scalar<'_>) -> Option<f64> {
    let number = match scalar {
        Scalar::Text(text) => text.trim().parse().ok(),
        other => number_of(other),
    };
    number.filter(|dollars: &f64| dollars.is_finite() && *dollars > 0.0)
}

/// `LiteLLM`'s `hidden_params`: the provider's headers, the endpoint and the cost.
pub(super) fn hidden_params<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| match path.segments() {
        [Segment::Key("additional_headers" | "_response_headers" | "headers"), Segment::Key(name)] => {
            header(draft, name, scalar);
        }
        [Segment::Key("api_base")] => {
            if let Scalar::Text(url) = scalar {
                draft.state(Fact::ServerAddress(2), Value::Text(host_of(url)));
            }
        }
        [Segment::Key("response_cost")] => {
            if let Some(dollars) = number_of(scalar) {
                draft.cost(3, dollars);
            }
        }
        _ => {}
    });
}
