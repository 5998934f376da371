//! Which models share one limit.

/// The `model` label of a limit: the family for Anthropic (all Opus share one limit), `*` where the
/// whole organisation shares it, else the model itself.
///
/// Sources: docs.claude.com/en/api/rate-limits (per model class), the header names of subscriptions,
/// docs.together.ai and openrouter.ai (per account).
#[must_use]
pub fn shared_by<'a>(provider: &str, model: &'a str, scope: &'static str) -> &'a str {
    match (provider, scope) {
        ("anthropic", "opus") => "claude-opus",
        ("anthropic", "sonnet") => "claude-sonnet",
        ("anthropic", _) => family(model),
        ("openrouter" | "deepseek" | "cohere", _) | (_, "project") => "*",
        _ => model,
    }
}

/// A name of [`RateLimit::scope`](crate::call::RateLimit::scope) as it is kept on disk; empty where it is no more.
pub(crate) fn scope_named(name: &str) -> &'static str {
    let mut sets = super::TABLES.iter().flat_map(|table| table.sets.iter());
    sets.find(|set| set.scope == name).map_or("", |set| set.scope)
}

fn family(model: &str) -> &str {
    const FAMILIES: [(&str, &str); 3] =
        [("opus", "claude-opus"), ("sonnet", "claude-sonnet"), ("haiku", "claude-haiku")];
    FAMILIES.into_iter().find(|(word, _)| model.contains(word)).map_or(model, |(_, family)| family)
}
