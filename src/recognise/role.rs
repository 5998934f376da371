//! What a span is in the story of a call, from the signs that it shows.
//!
//! In: what a [`Draft`] collected. Out: a [`Role`], or `None` for a span of no LLM library. What the signs weigh
//! is the table of `signs`; here is how they are seen, and the few spans that are neither call nor wrapper.

use super::draft::Draft;
use super::marks::{self, CONVENTION, Word, names_component};
use super::signs::{ENOUGH, Sign};
use crate::dialect::{Layer, Profile, Trait};
use crate::facts::Role;
use crate::otlp::{SpanHeader, SpanKind, SpanStatus};

/// `LiteLLM`'s span of the raw request, a child of the call that it repeats.
const COMPANION: &str = "raw_gen_ai_request";

/// Paths of inference endpoints, by their end. Source: the providers' API references.
const PATH_ENDS: &[&str] = &[
    "/chat/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/responses",
    "/responses",
    "/embeddings",
    "/v1/embed",
    "/v2/embed",
    "/v1/chat",
    "/v2/chat",
    "/v1/rerank",
    "/v2/rerank",
    "/images/generations",
    "/audio/transcriptions",
    "/audio/speech",
    "/fim/completions",
    ":generateContent",
    ":streamGenerateContent",
    ":embedContent",
    ":batchEmbedContents",
    ":predict",
    ":rawPredict",
    ":streamRawPredict",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
];

/// Ends that are only an inference endpoint at a host known for it, being common words elsewhere.
const COMMON_PATH_ENDS: &[&str] = &[
    "/responses",
    "/embeddings",
    "/v1/chat",
    "/v2/chat",
    "/invoke",
    "/converse",
    ":predict",
    "/v1/messages",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
];

/// Providers that are written before the model's name. Source: LiteLLM, `OpenRouter`, `LangWatch`, Mirascope.
const PROVIDERS: &[&str] = &[
    "openai",
    "anthropic",
    "azure",
    "gemini",
    "google",
    "vertex_ai",
    "bedrock",
    "mistral",
    "mistralai",
    "cohere",
    "groq",
    "deepseek",
    "xai",
    "x-ai",
    "together_ai",
    "fireworks_ai",
    "openrouter",
    "ollama",
    "perplexity",
    "cerebras",
];

impl Draft<'_> {
    /// What this span is; `None` when it is nothing to us.
    pub(super) fn role(&mut self, header: &SpanHeader<'_>, profile: &Profile) -> Option<Role> {
        // A wrapper that failed may know why the call inside it did.
        let failed = header.status == SpanStatus::Error
            && matches!(header.kind, SpanKind::Internal | SpanKind::Unspecified);
        let taught = profile.has(Trait::TaughtCall);
        let named = names_call(header.name, profile) || header.name == COMPANION;
        if self.is_nothing() && !failed && !taught && !named {
            return None;
        }
        let role = match self.special_role(header) {
            Some(role) => Some(role),
            None => self.weighed_role(header, profile),
        };
        let role = role.or_else(|| self.http_role(header));
        match role {
            // The other side of a call; but one library marks all of its calls so.
            Some(Role::Call) if header.kind == SpanKind::Server && !self.calls_a_provider() => {
                Some(Role::Aggregate)
            }
            None if failed || self.has_dimension() || self.has_pairs() || self.lends_model(profile) => {
                Some(Role::Other)
            }
            role => role,
        }
    }

    /// It is no call, and names the model of one below it.
    fn lends_model(&mut self, profile: &Profile) -> bool {
        if !profile.scope.is_empty() && !self.bare_model.is_empty() {
            self.request_model.offer(1, self.bare_model);
        }
        self.has_model()
    }

    /// The spans whose part in the story their library fixes.
    fn special_role(&mut self, header: &SpanHeader<'_>) -> Option<Role> {
        if header.name == COMPANION {
            return Some(Role::Companion);
        }
        if self.markers.logfire_type == "log" && header.name.starts_with("streaming response") {
            return Some(Role::Continuation);
        }
        if self.markers.vercel_operation.is_empty() {
            return None;
        }
        let call = vercel_is_call(self.markers.vercel_operation);
        self.signs.add(if call { Sign::Marker } else { Sign::NoCallMarker });
        Some(if call { Role::Call } else { Role::Aggregate })
    }

    fn weighed_role(&mut self, header: &SpanHeader<'_>, profile: &Profile) -> Option<Role> {
        self.see(header, profile);
        let signs = self.signs;
        if signs.weight() >= ENOUGH {
            let wrapper = self.states_nothing(header) || self.accounts(header);
            return Some(if wrapper { Role::Aggregate } else { Role::Call });
        }
        let library = [
            Sign::Marker,
            Sign::Operation,
            Sign::OperationWord,
            Sign::Usage,
            Sign::NoCallOperation,
            Sign::NoCallMarker,
            Sign::Entity,
            Sign::Helper,
        ];
        let library = library.into_iter().any(|sign| signs.has(sign)) || !self.operation.text.is_empty();
        library.then_some(Role::Aggregate)
    }

    /// Collects the signs.
    fn see(&mut self, header: &SpanHeader<'_>, profile: &Profile) {
        self.read_entities();
        if !self.markers.bare_type.is_empty() {
            if profile.has(Trait::OwnsSpanType) {
                self.mark(self.markers.bare_type, true);
            } else if marks::word(self.markers.bare_type) == Word::Call {
                self.signs.add(Sign::ForeignMarker);
                self.markers.call = self.markers.bare_type;
            }
        }
        if !self.tails.is_empty() {
            self.read_foreign_markers();
        }
        if !self.markers.no_call.is_empty() && !self.signs.has(Sign::Marker) {
            self.signs.add(Sign::NoCallMarker);
        }
        self.signs.add_if(profile.has(Trait::TaughtCall), Sign::TaughtCall);
        self.signs.add_if(profile.has(Trait::TaughtNoCall), Sign::TaughtNoCall);
        // What has no word of its own in such a library is an agent.
        self.signs
            .add_if(profile.has(Trait::LastStepOnly) && !self.signs.has(Sign::Marker), Sign::NoCallMarker);
        self.see_operation(profile);
        let named = names_call(header.name, profile);
        self.signs.add_if(named, Sign::Name);
        self.signs.add_if(names_component(header.name), Sign::Component);
        self.signs.add_if(helps(header.name), Sign::Helper);
        if !self.bare_model.is_empty() && (self.has_marker() || named) {
            self.request_model.offer(1, self.bare_model);
        }
        self.see_numbers(header);
        self.name_provider();
        let vendor = !self.provider.text.is_empty();
        self.signs.add_if(self.has_model(), Sign::Model);
        self.signs.add_if(vendor, Sign::Provider);
        self.signs.add_if(self.has_usage(), Sign::Usage);
        // How a span was made weighs only where something tells of a model.
        let spoken = vendor || self.has_model() || self.has_usage();
        let client = header.kind == SpanKind::Client;
        self.signs.add_if(spoken && marks::word(header.name) == Word::Call, Sign::NameWord);
        self.signs.add_if(client && spoken, Sign::Client);
        self.signs.add_if(
            profile.layer <= Layer::Instrumentor && profile.layer > Layer::Http && spoken,
            Sign::Instrumentor,
        );
        // An instrumentor of one SDK whose failed call says nothing but its exception (OpenLIT 1.34).
        let lone = profile.layer == Layer::Instrumentor && self.exception && client && !self.is_http();
        self.signs.add_if(lone, Sign::LoneFailure);
    }

    /// Where nobody names the provider, the model's name may: `anthropic/claude-sonnet-4-5`.
    fn name_provider(&mut self) {
        let models = [self.routed_model.text, self.request_model.text, self.response_model.text];
        let stated = models.into_iter().find_map(|model| model.split_once('/'));
        if let Some((provider, _)) = stated.filter(|(provider, _)| PROVIDERS.contains(provider)) {
            self.provider.offer(1, provider);
        }
    }

    /// Numbers that stand in answers, in events, under keys that nobody lists: only about a model.
    fn see_numbers(&mut self, header: &SpanHeader<'_>) {
        if self.tails.is_empty() && self.answers.is_empty() {
            return;
        }
        if [Sign::NoCallOperation, Sign::NoCallMarker, Sign::Helper].iter().any(|&sign| self.signs.has(sign))
        {
            // A task that holds the answer of the call inside it may split its tokens further.
            if !self.has_usage() && self.signs.has(Sign::NoCallOperation) {
                self.read_answers();
                self.repeats_answer = self.has_usage();
            }
            return;
        }
        let about = self.has_marker()
            || self.signs.has(Sign::Operation)
            || self.has_model()
            || self.has_usage()
            || self.tails_tell()
            || self.fails_asking(header);
        if about {
            self.read_tails();
            self.read_answers();
        }
    }

    /// A client of a vendor that nobody knows, failed, that names a model which only LLMs have.
    fn fails_asking(&self, header: &SpanHeader<'_>) -> bool {
        header.kind == SpanKind::Client && header.status == SpanStatus::Error && self.names_known_model()
    }

    fn has_marker(&self) -> bool {
        [Sign::Marker, Sign::ForeignMarker, Sign::Name, Sign::Event, Sign::OperationWord]
            .into_iter()
            .any(|sign| self.signs.has(sign))
    }

    fn see_operation(&mut self, profile: &Profile) {
        let operation = self.operation.text;
        if operation.is_empty() {
            return;
        }
        match marks::word(operation) {
            Word::NoCall => {
                self.signs.add(Sign::NoCallOperation);
                self.signs.add_if(marks::is_barrier(operation), Sign::Barrier);
            }
            Word::Call if CONVENTION.contains(&operation) => {
                // LangSmith writes an operation on every run, tools and chains too.
                let everywhere = profile.has(Trait::OperationEverywhere);
                let empty = !self.has_usage() && self.provider.text.is_empty();
                self.signs.add_if(!(everywhere && empty), Sign::Operation);
            }
            Word::Call => self.signs.add(Sign::OperationWord),
            Word::Unknown => {}
        }
    }

    /// A span without length that is marked and states nothing is a part of the call above.
    fn states_nothing(&self, header: &SpanHeader<'_>) -> bool {
        let silent = !self.has_model()
            && !self.has_usage()
            && self.provider.text.is_empty()
            && self.response_id.text.is_empty()
            && !self.exception
            && self.errors.is_empty();
        silent
            && header.end_unix_nano == header.start_unix_nano
            && header.parent_span_id != [0; 8]
            && header.status != SpanStatus::Error
    }

    /// A span of no length that only states usage: it keeps the books of the call beside it.
    fn accounts(&self, header: &SpanHeader<'_>) -> bool {
        let marked = [Sign::Marker, Sign::ForeignMarker, Sign::Name, Sign::Event]
            .iter()
            .any(|&sign| self.signs.has(sign));
        super::is_moment(header.start_unix_nano, header.end_unix_nano)
            && header.parent_span_id != [0; 8]
            && header.kind != SpanKind::Client
            && self.has_usage()
            && !marked
            && self.operation.text.is_empty()
            && self.response_id.text.is_empty()
    }

    fn calls_a_provider(&self) -> bool {
        self.knows_host()
    }

    fn http_role(&self, header: &SpanHeader<'_>) -> Option<Role> {
        let client = matches!(header.kind, SpanKind::Client | SpanKind::Internal | SpanKind::Unspecified);
        if !client || !self.is_http() {
            return None;
        }
        let path = bare_path(self.url_path());
        let known_host = || self.knows_host();
        let common = || COMMON_PATH_ENDS.iter().any(|end| path.ends_with(end));
        let llm = if path.is_empty() {
            self.has_pairs() && known_host()
        } else {
            PATH_ENDS.iter().any(|end| path.ends_with(end)) && (!common() || known_host())
        };
        (llm || self.has_pairs()).then_some(if llm { Role::Http } else { Role::Other })
    }
}

/// True for a path that may be that of an inference endpoint, at some host.
pub(super) fn may_be_endpoint(path: &str) -> bool {
    let path = bare_path(path);
    // All of them end in letters, and most paths of others in a number.
    path.ends_with(|last: char| last.is_ascii_alphabetic()) && PATH_ENDS.iter().any(|end| path.ends_with(end))
}

fn bare_path(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/')
}

/// `ai.generateText.doGenerate` is a call, `ai.generateText` is around it, `ai.toolCall` is none.
fn vercel_is_call(operation: &str) -> bool {
    let last = operation.rsplit('.').next().unwrap_or("");
    last.starts_with("do") && last.len() > 2
}

/// Names of what only prepares a call: it builds a request (`LlamaIndex`), it counts tokens (Envoy AI Gateway).
fn helps(name: &str) -> bool {
    name.ends_with("._prepare_chat_with_tools")
        || ["CountTokens", "Tokenize", "ResponsesInputTokens"].contains(&name)
}

/// Names that a library gives to nothing but its calls.
fn names_call(name: &str, profile: &Profile) -> bool {
    match name {
        "litellm_request" => true,
        "call_llm" => matches!(profile.dialect, "google_adk" | "any_agent" | "gen_ai"),
        _ => false,
    }
}
