//! Where it stands whose call it was: the attribute keys that real libraries write.
//!
//! In: nothing. Out: one row per attribute key, best first. The first of a call's own spans that tells wins, then its
//! resource, then the spans above it as far as they came while it waited.

/// What a call can be put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A team, tenant or customer.
    Team,
    /// A person.
    User,
    /// A part of the product.
    Feature,
    /// An agent.
    Agent,
    /// An API key, as a hash.
    ApiKey,
    /// A named prompt.
    Prompt,
    /// A conversation.
    Session,
}

impl Owner {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// Every one.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Team, Self::User, Self::Feature, Self::Agent, Self::ApiKey, Self::Prompt, Self::Session];

    /// Its name in the configuration, in the API and as a column.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::User => "user",
            Self::Feature => "feature",
            Self::Agent => "agent",
            Self::ApiKey => "api_key",
            Self::Prompt => "prompt",
            Self::Session => "session",
        }
    }

    /// A line that makes spans tell it.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Self::Team => {
                "OTEL_RESOURCE_ATTRIBUTES=team=NAME   # where the service runs; or span.set_attribute(\"team\", …)"
            }
            Self::User => {
                "span.set_attribute(\"user.id\", …)   # on the call's span or one above it; in LiteLLM the `user` of a request"
            }
            Self::Feature => {
                "span.set_attribute(\"feature\", …)   # in the Vercel AI SDK `functionId` of experimental_telemetry"
            }
            Self::Agent => "span.set_attribute(\"gen_ai.agent.name\", …)",
            Self::ApiKey => {
                "span.set_attribute(\"metadata.user_api_key_alias\", …)   # LiteLLM's proxy writes it"
            }
            Self::Prompt => "span.set_attribute(\"prompt.name\", …)",
            Self::Session => "span.set_attribute(\"session.id\", …)",
        }
    }

    /// True for what tells of a person: shown with a token or on loopback only.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::User | Self::Session | Self::ApiKey)
    }

    /// On unless the configuration says otherwise.
    #[must_use]
    pub const fn is_on_by_default(self) -> bool {
        matches!(self, Self::Team | Self::User | Self::Feature)
    }

    /// Its attribute keys, best first.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        ROWS.iter().filter(move |row| row.owner == self).map(|row| row.key)
    }
}

/// An attribute key and who writes it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What it names.
    pub owner: Owner,
    /// The key.
    pub key: &'static str,
    /// Where this was looked up.
    pub source: &'static str,
}

const fn row(owner: Owner, key: &'static str, source: &'static str) -> Row {
    Row { owner, key, source }
}

use Owner::{Agent, ApiKey, Feature, Prompt, Session, Team, User};

const PLAIN: &str = "plain word, for applications that set it themselves";
const LITELLM: &str = "spans of LiteLLM's proxy";
const VERCEL: &str = "spans of the Vercel AI SDK with telemetry metadata";
const TRACELOOP: &str =
    "https://traceloop.com/docs/openllmetry/tracing/association, and spans of OpenLLMetry";
const LANGFUSE: &str = "spans of Langfuse's SDK";
const LANGFUSE_MAPPING: &str = "https://hexdocs.pm/langfuse/Langfuse.OpenTelemetry.AttributeMapper.html";
const ENDUSER: &str = "https://opentelemetry.io/docs/specs/semconv/attributes-registry/enduser";
const SESSION: &str = "https://www.opentelemetry.io/docs/specs/semconv/attributes-registry/session/";
const INFERENCE: &str = "https://arize-ai.github.io/openinference/js/variables/_arizeai_openinference-semantic-conventions.trace_SemanticConventions.USER_ID.html";
const MLFLOW: &str = "https://mlflow.org/docs/latest/genai/tracing/track-users-sessions";
const OPENLIT: &str = "spans of OpenLIT";
const OPENAI_USER: &str = "the `user` of a request, in spans of OpenLLMetry and LiteLLM";
const GEN_AI: &str = "OpenTelemetry GenAI convention, and spans of its instrumentations";
const AGENTS: &str = "spans of agent frameworks";
const ADK: &str = "spans of Google's ADK";
const BAGGAGE: &str = "baggage copied to spans by a span processor";

/// The table, per owner the best first; what came by baggage last.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(Team, "team", PLAIN),
    row(Team, "team.id", PLAIN),
    row(Team, "team.name", PLAIN),
    row(Team, "metadata.user_api_key_team_alias", LITELLM),
    row(Team, "metadata.user_api_key_team_id", LITELLM),
    row(Team, "metadata.team_alias", LITELLM),
    row(Team, "metadata.team_id", LITELLM),
    row(Team, "ai.telemetry.metadata.team", VERCEL),
    row(Team, "ai.telemetry.metadata.teamId", VERCEL),
    row(Team, "traceloop.association.properties.team_id", TRACELOOP),
    row(Team, "traceloop.association.properties.team", TRACELOOP),
    row(Team, "langfuse.trace.metadata.team", LANGFUSE),
    row(Team, "langfuse.observation.metadata.team", LANGFUSE),
    row(Team, "metadata.user_api_key_org_alias", LITELLM),
    row(Team, "metadata.user_api_key_org_id", LITELLM),
    row(Team, "tenant.id", PLAIN),
    row(Team, "customer.id", PLAIN),
    row(Team, "baggage.team", BAGGAGE),

    row(User, "user.id", INFERENCE),
    row(User, "langfuse.user.id", LANGFUSE_MAPPING),
    row(User, "enduser.id", ENDUSER),
    row(User, "enduser.pseudo.id", ENDUSER),
    row(User, "metadata.user_api_key_end_user_id", LITELLM),
    row(User, "metadata.user_api_key_user_id", LITELLM),
    row(User, "ai.telemetry.metadata.userId", VERCEL),
    row(User, "ai.telemetry.metadata.user_id", VERCEL),
    row(User, "traceloop.association.properties.user_id", TRACELOOP),
    row(User, "traceloop.association.properties.userId", TRACELOOP),
    row(User, "langfuse.trace.metadata.user_id", LANGFUSE),
    row(User, "langfuse.observation.metadata.user_id", LANGFUSE),
    row(User, "mlflow.trace.user", MLFLOW),
    row(User, "gen_ai.request.user", OPENLIT),
    row(User, "gen_ai.user", OPENAI_USER),
    row(User, "llm.user", OPENAI_USER),
    row(User, "user_id", PLAIN),
    row(User, "baggage.user.id", BAGGAGE),

    row(Feature, "feature", PLAIN),
    row(Feature, "feature.name", PLAIN),
    row(Feature, "app.feature", PLAIN),
    row(Feature, "ai.telemetry.metadata.feature", VERCEL),
    row(Feature, "traceloop.association.properties.feature", TRACELOOP),
    row(Feature, "langfuse.trace.metadata.feature", LANGFUSE),
    row(Feature, "langfuse.observation.metadata.feature", LANGFUSE),
    row(Feature, "ai.telemetry.functionId", VERCEL),
    row(Feature, "baggage.feature", BAGGAGE),

    row(Agent, "gen_ai.agent.name", GEN_AI),
    row(Agent, "agent.name", AGENTS),
    row(Agent, "agent_name", AGENTS),
    row(Agent, "gen_ai.agent.id", GEN_AI),

    row(ApiKey, "metadata.user_api_key_alias", LITELLM),
    row(ApiKey, "metadata.user_api_key_hash", LITELLM),

    row(Prompt, "prompt.name", PLAIN),
    row(Prompt, "langfuse.observation.prompt.name", LANGFUSE),

    row(Session, "session.id", SESSION),
    row(Session, "langfuse.session.id", LANGFUSE_MAPPING),
    row(Session, "gen_ai.conversation.id", GEN_AI),
    row(Session, "ai.telemetry.metadata.sessionId", VERCEL),
    row(Session, "traceloop.association.properties.session_id", TRACELOOP),
    row(Session, "mlflow.trace.session", MLFLOW),
    row(Session, "gcp.vertex.agent.session_id", ADK),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_names_one_owner() {
        for (index, row) in ROWS.iter().enumerate() {
            assert!(!ROWS[..index].iter().any(|other| other.key == row.key), "{} stands twice", row.key);
            assert!(!row.source.is_empty());
        }
        assert_eq!(User.keys().next(), Some("user.id"));
    }

    /// Guarantees: the attribute that a line sets is one that is read.
    #[test]
    fn the_advised_key_is_one_that_is_read() {
        for owner in Owner::ALL {
            assert!(owner.keys().any(|key| owner.line().contains(key)), "{}", owner.line());
        }
    }
}
