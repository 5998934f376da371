//! Does a value look like a key, a token, an e-mail address, or a passage of text?
//!
//! Errs towards yes for long random runs, towards no for everything that a model, a service or a
//! deployment could be called. Read from the providers' documented key formats.

/// A documented start of keys, and how many bytes of key must follow at least.
struct KeyPrefix {
    text: &'static str,
    follow: usize,
    /// Who makes such keys.
    #[cfg_attr(not(test), expect(dead_code, reason = "tells a reader where the row comes from"))]
    source: &'static str,
}

const fn prefix(text: &'static str, follow: usize, source: &'static str) -> KeyPrefix {
    KeyPrefix { text, follow, source }
}

const KEY_PREFIXES: &[KeyPrefix] = &[
    prefix(
        "sk-",
        16,
        "OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-), DeepSeek, LiteLLM, Langfuse (sk-lf-)",
    ),
    prefix("pk-lf-", 8, "Langfuse"),
    prefix("sess-", 20, "OpenAI session keys"),
    prefix("gsk_", 16, "Groq"),
    prefix("xai-", 20, "xAI"),
    prefix("csk-", 16, "Cerebras"),
    prefix("pplx-", 16, "Perplexity"),
    prefix("nvapi-", 16, "NVIDIA"),
    prefix("fw_", 16, "Fireworks"),
    prefix("r8_", 16, "Replicate"),
    prefix("hf_", 16, "Hugging Face"),
    prefix("tvly-", 12, "Tavily"),
    prefix("lsv2_", 12, "LangSmith"),
    prefix("AIza", 20, "Google API keys"),
    prefix("ya29.", 12, "Google OAuth access tokens"),
    prefix("AKIA", 12, "AWS access key ids"),
    prefix("ASIA", 12, "AWS temporary access key ids"),
    prefix("ABSK", 20, "Amazon Bedrock API keys"),
    prefix("ghp_", 16, "GitHub"),
    prefix("gho_", 16, "GitHub"),
    prefix("ghu_", 16, "GitHub"),
    prefix("ghs_", 16, "GitHub"),
    prefix("ghr_", 16, "GitHub"),
    prefix("github_pat_", 16, "GitHub"),
    prefix("glpat-", 12, "GitLab"),
    prefix("xoxa-", 8, "Slack"),
    prefix("xoxb-", 8, "Slack"),
    prefix("xoxp-", 8, "Slack"),
    prefix("xoxr-", 8, "Slack"),
    prefix("xoxs-", 8, "Slack"),
    prefix("xapp-", 8, "Slack"),
    prefix("sk_live_", 8, "Stripe"),
    prefix("rk_live_", 8, "Stripe"),
    prefix("sk_test_", 8, "Stripe"),
    prefix("npm_", 20, "npm"),
    prefix("pypi-", 20, "PyPI"),
    prefix("SG.", 16, "SendGrid"),
    prefix("dop_v1_", 16, "DigitalOcean"),
    prefix("eyJ", 16, "JSON Web Tokens"),
];

/// Letters and digits in one run, at least this many and mixed: nobody names a thing so.
const RANDOM_RUN: usize = 32;
/// The same with capitals among them.
const RANDOM_MIXED_CASE_RUN: usize = 24;

/// Words from which on a value is text: an agent's role may have four, a sentence has more.
const WORDS_OF_TEXT: usize = 5;

/// True when it reads like a passage of a prompt or an answer, not like a name.
#[must_use]
pub fn looks_like_text(value: &str) -> bool {
    value.split_whitespace().nth(WORDS_OF_TEXT - 1).is_some()
}

/// True when the text, or a part of it, looks like a secret or an e-mail address.
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    !is_plain(text) && looks_secret_at_length(text)
}

/// True for a key or a password, though not for an address or a random id: what names a person may be either.
#[must_use]
pub fn looks_like_key(text: &str) -> bool {
    !is_plain(text) && (has_key(text) || has_scheme(text))
}

/// The cheap answer for `anthropic` and `azure.ai.openai`: whatever is recognised below has a digit, a
/// capital, or a sign other than these. (Five dashes begin a PEM block.)
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-'))
        && !text.contains("-----")
}

fn looks_secret_at_length(text: &str) -> bool {
    has_key(text) || has_scheme(text) || has_email(text) || has_random_run(text)
}

fn has_key(text: &str) -> bool {
    KEY_PREFIXES.iter().any(|row| {
        text.match_indices(row.text).any(|(start, _)| {
            let at_word_start = !text[..start].ends_with(|before: char| before.is_ascii_alphanumeric());
            let rest = &text.as_bytes()[start + row.text.len()..];
            at_word_start && key_length(rest) >= row.follow
        })
    })
}

/// Bytes that a key may consist of, up to the first other one; 0 for words with no digit, because
/// names such as `sk-learn-nightly-runner` are none.
fn key_length(rest: &[u8]) -> usize {
    let is_key_byte = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = rest.iter().take_while(|byte| is_key_byte(byte)).count();
    let random = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte == b'_';
    if rest[..length].iter().any(random) { length } else { 0 }
}

fn has_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let credentials = [
        "bearer ",
        "basic ",
        "-----begin",
        "api_key=",
        "api-key=",
        "apikey=",
        "password=",
        "token=",
        "secret=",
    ];
    credentials.iter().any(|start| lower.contains(start)) || has_url_password(&lower)
}

fn has_url_password(lower: &str) -> bool {
    lower.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

fn has_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let has_user =
            text[..at].ends_with(|before: char| before.is_alphanumeric() || "._%+-".contains(before));
        let is_host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
        let host = text[at + 1..].split(|c| !is_host(c)).next().unwrap_or("").trim_end_matches('.');
        // A version (`claude@20240620`, `model@1.2`) is no host: its last part holds no letters only.
        let top = host.rsplit_once('.').map_or("", |(_, top)| top);
        has_user && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)
    })
}

fn has_random_run(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
        let digits = count(u8::is_ascii_digit);
        let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
        let mixed = digits >= 2 && lower + upper >= 2;
        (run.len() >= RANDOM_RUN && mixed)
            || (run.len() >= RANDOM_MIXED_CASE_RUN && mixed && lower >= 2 && upper >= 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: documented key formats, tokens and addresses are found, also inside other text.
    #[test]
    fn secrets_are_found() {
        for text in [
            "sk-proj-Abc123def456ghi789jkl",
            "key=sk-ant-x9y8-AbCdEfGhIjKlMnOp",
            "Bearer abc",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "xoxb-123456789012-abcdef",
            "AIzaSyA1234567890abcdefghijklmnopqrstuv",
            "gsk_abcdefGHIJKL0123456789",
            "jane.doe+x@example.co.uk",
            "user:jane@example.com;team:a",
            "https://bob:hunter2@proxy.example/v1",
            "0123456789abcdef0123456789abcdef",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1",
            "?api_key=short",
        ] {
            assert!(looks_secret(text), "{text}");
        }
    }

    /// Guarantees: what models, services, regions and users are really called stays readable.
    #[test]
    fn names_are_left_alone() {
        for text in [
            "gpt-4o-mini-2024-07-18",
            "claude-3-5-sonnet-v2@20241022",
            "claude-3-5-sonnet@2024.06",
            "anthropic.claude-3-5-sonnet-20241022-v2:0",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
            "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",
            "accounts/fireworks/models/qwen3-coder-480b-a35b-instruct",
            "ft:gpt-4o-mini-2024-07-18:acme:support:9AbCdEfG",
            "https://my-resource.openai.azure.com",
            "checkout-service",
            "sk-learn-nightly-job",
            "task-runner-2024-production-v2",
            "7f0c9a5e-3b1d-4c8e-9f2a-6d5b4c3a2f1e",
            "@team-payments",
            "risk-scoring-2",
            "",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }

    /// Guarantees: sentences are text, names of agents, services and operations are not.
    #[test]
    fn sentences_are_text_and_names_are_not() {
        for text in ["Summarise the merger plan, please", "a\nb\nc\nd\ne", "Was ist mit Frau Huber"] {
            assert!(looks_like_text(text), "{text}");
        }
        for name in ["Senior Real Estate Analyst", "invoke_agent triage", "gpt-4o", "", "  "] {
            assert!(!looks_like_text(name), "{name}");
        }
    }

    /// Guarantees: every prefix row works, and says where it comes from.
    #[test]
    fn every_prefix_row_matches() {
        for row in KEY_PREFIXES {
            let key = format!("{}{}", row.text, "a1B2".repeat(row.follow / 4 + 1));
            assert!(has_key(&key), "{} ({})", row.text, row.source);
        }
    }
}
