//! Who answered: the convention's name of the provider.
//!
//! The host is the better witness: OpenAI's instrumentations write `openai` for every compatible
//! server. Frameworks that name themselves as provider are no witness at all.
//!
//! The tables are lists; each has an [`Index`] beside it, made by the compiler.

use super::index::{By, Index, texts};

/// Hosts, by their end, and who answers there. Source: the providers' API references.
pub const HOSTS: &[(&str, &str)] = &[
    ("api.openai.com", "openai"),
    (".openai.azure.com", "azure.ai.openai"),
    (".cognitiveservices.azure.com", "azure.ai.openai"),
    (".services.ai.azure.com", "azure.ai.inference"),
    (".models.ai.azure.com", "azure.ai.inference"),
    (".inference.ai.azure.com", "azure.ai.inference"),
    ("models.inference.ai.azure.com", "azure.ai.inference"),
    ("models.github.ai", "azure.ai.inference"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("api.mistral.ai", "mistral_ai"),
    ("codestral.mistral.ai", "mistral_ai"),
    ("api.groq.com", "groq"),
    ("api.x.ai", "x_ai"),
    ("api.deepseek.com", "deepseek"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("api.perplexity.ai", "perplexity"),
    ("api.together.xyz", "together_ai"),
    ("api.together.ai", "together_ai"),
    ("api.fireworks.ai", "fireworks"),
    ("openrouter.ai", "openrouter"),
    ("api.cerebras.ai", "cerebras"),
    ("api.sambanova.ai", "sambanova"),
    ("api.moonshot.ai", "moonshotai"),
    ("api.moonshot.cn", "moonshotai"),
    ("router.huggingface.co", "huggingface"),
    ("api-inference.huggingface.co", "huggingface"),
    (".ml.cloud.ibm.com", "ibm.watsonx.ai"),
    ("api.novita.ai", "novita"),
    ("api.deepinfra.com", "deepinfra"),
    ("integrate.api.nvidia.com", "nvidia"),
    ("api.voyageai.com", "voyageai"),
    ("dashscope.aliyuncs.com", "alibaba"),
    ("dashscope-intl.aliyuncs.com", "alibaba"),
    ("api.z.ai", "z_ai"),
    ("open.bigmodel.cn", "z_ai"),
    ("api.minimax.io", "minimax"),
    ("api.ai21.com", "ai21"),
    ("ai-gateway.vercel.sh", "vercel"),
    (".openai.azure.us", "azure.ai.openai"),
    (".openai.azure.cn", "azure.ai.openai"),
    (".cognitiveservices.azure.us", "azure.ai.openai"),
    (".cognitiveservices.azure.cn", "azure.ai.openai"),
    ("cloudcode-pa.googleapis.com", "gcp.gemini"),
    ("dashscope-us.aliyuncs.com", "alibaba"),
    ("api.minimaxi.com", "minimax"),
    ("api.minimax.chat", "minimax"),
    ("api.siliconflow.cn", "siliconflow"),
    ("api.siliconflow.com", "siliconflow"),
    (".volces.com", "volcengine"),
    ("api.jina.ai", "jina"),
    ("api.elevenlabs.io", "elevenlabs"),
    ("api.studio.nebius.ai", "nebius"),
    ("api.studio.nebius.com", "nebius"),
    ("api.tokenfactory.nebius.com", "nebius"),
    ("api.hyperbolic.xyz", "hyperbolic"),
    ("api.scaleway.ai", "scaleway"),
    ("api.friendli.ai", "friendli"),
    ("api.lambda.ai", "lambda_ai"),
    ("inference.baseten.co", "baseten"),
    ("api.replicate.com", "replicate"),
    ("ollama.com", "ollama"),
    ("api.githubcopilot.com", "github_copilot"),
    ("api.endpoints.anyscale.com", "anyscale"),
    (".cloud.databricks.com", "databricks"),
    (".databricksapps.com", "databricks"),
];

/// What instrumentations write, in lower case, and the convention's name. Source: GenAI convention,
/// `gen_ai.provider.name`; LiteLLM's provider list; captures.
const NAMES: &[(&str, &str)] = &[
    ("openai", "openai"),
    ("open_ai", "openai"),
    ("azure", "azure.ai.openai"),
    ("azure_openai", "azure.ai.openai"),
    ("azure-openai", "azure.ai.openai"),
    ("az.ai.openai", "azure.ai.openai"),
    ("azure.ai.openai", "azure.ai.openai"),
    ("azure.openai", "azure.ai.openai"),
    ("az.ai.inference", "azure.ai.inference"),
    ("azure.ai.inference", "azure.ai.inference"),
    ("azure_ai", "azure.ai.inference"),
    ("azure_ai_inference", "azure.ai.inference"),
    ("anthropic", "anthropic"),
    ("anthropic_llm", "anthropic"),
    ("claude", "anthropic"),
    ("aws.bedrock", "aws.bedrock"),
    ("aws_bedrock", "aws.bedrock"),
    ("amazon-bedrock", "aws.bedrock"),
    ("amazon_bedrock", "aws.bedrock"),
    ("bedrock", "aws.bedrock"),
    ("bedrock_converse", "aws.bedrock"),
    ("aws", "aws.bedrock"),
    ("amazon", "aws.bedrock"),
    ("gcp.gemini", "gcp.gemini"),
    ("gemini", "gcp.gemini"),
    ("google", "gcp.gemini"),
    ("google_genai", "gcp.gemini"),
    ("google-genai", "gcp.gemini"),
    ("google_gla", "gcp.gemini"),
    ("google-gla", "gcp.gemini"),
    ("gcp.gen_ai", "gcp.gemini"),
    ("google_ai_studio", "gcp.gemini"),
    ("google.generative-ai", "gcp.gemini"),
    ("gcp.vertex_ai", "gcp.vertex_ai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("vertexai", "gcp.vertex_ai"),
    ("vertex", "gcp.vertex_ai"),
    ("google-vertex", "gcp.vertex_ai"),
    ("google_vertexai", "gcp.vertex_ai"),
    ("google.vertex", "gcp.vertex_ai"),
    ("mistral_ai", "mistral_ai"),
    ("mistralai", "mistral_ai"),
    ("mistral", "mistral_ai"),
    ("groq", "groq"),
    ("x_ai", "x_ai"),
    ("xai", "x_ai"),
    ("x-ai", "x_ai"),
    ("deepseek", "deepseek"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("perplexity", "perplexity"),
    ("together_ai", "together_ai"),
    ("togetherai", "together_ai"),
    ("together", "together_ai"),
    ("fireworks", "fireworks"),
    ("fireworks_ai", "fireworks"),
    ("fireworks-ai", "fireworks"),
    ("openrouter", "openrouter"),
    ("cerebras", "cerebras"),
    ("ollama", "ollama"),
    ("ibm.watsonx.ai", "ibm.watsonx.ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("huggingface", "huggingface"),
    ("hugging_face", "huggingface"),
    ("sambanova", "sambanova"),
    ("moonshot", "moonshotai"),
    ("moonshotai", "moonshotai"),
    ("replicate", "replicate"),
    ("voyageai", "voyageai"),
    ("voyage", "voyageai"),
    ("nvidia", "nvidia"),
    ("novita", "novita"),
    ("deepinfra", "deepinfra"),
    ("alibaba", "alibaba"),
    ("dashscope", "alibaba"),
    ("vllm", "vllm"),
    ("hosted_vllm", "vllm"),
    ("ai21", "ai21"),
    ("sagemaker", "aws.sagemaker"),
    ("openai_responses", "openai"),
    ("openai-responses", "openai"),
    ("azure_openai_responses", "azure.ai.openai"),
    ("bedrock-converse", "aws.bedrock"),
    ("aws-bedrock", "aws.bedrock"),
    ("aws_bedrock_converse", "aws.bedrock"),
    ("google_vertex", "gcp.vertex_ai"),
    ("google-vertex-ai", "gcp.vertex_ai"),
    ("vertex-ai", "gcp.vertex_ai"),
    ("google-ai-studio", "gcp.gemini"),
    ("googleai", "gcp.gemini"),
    ("google_ai", "gcp.gemini"),
    ("google-gemini", "gcp.gemini"),
    ("mistral-ai", "mistral_ai"),
    ("grok", "x_ai"),
    ("together-ai", "together_ai"),
    ("together.ai", "together_ai"),
    ("zai", "z_ai"),
    ("z-ai", "z_ai"),
    ("z.ai", "z_ai"),
    ("zhipu", "z_ai"),
    ("zhipuai", "z_ai"),
    ("qwen", "alibaba"),
    ("alibaba_cloud", "alibaba"),
    ("dashscope_intl", "alibaba"),
    ("kimi", "moonshotai"),
    ("moonshot_ai", "moonshotai"),
    ("gateway", "vercel"),
    ("vercel_ai_gateway", "vercel"),
    ("vercel-ai-gateway", "vercel"),
    ("open_router", "openrouter"),
    ("ibm", "ibm.watsonx.ai"),
    ("watsonx.ai", "ibm.watsonx.ai"),
    ("workers-ai", "cloudflare"),
    ("cloudflare", "cloudflare"),
    ("siliconflow", "siliconflow"),
    ("volcengine", "volcengine"),
    ("jina", "jina"),
    ("jina_ai", "jina"),
    ("elevenlabs", "elevenlabs"),
    ("nebius", "nebius"),
    ("databricks", "databricks"),
    ("baseten", "baseten"),
    ("minimax", "minimax"),
    // Azure's agents, served beside its models (azure-ai-agents, azure-ai-projects: `telemetry`).
    ("az.ai.agents", "azure.ai.inference"),
    ("azure.ai.agents", "azure.ai.inference"),
    ("microsoft.foundry", "azure.ai.inference"),
];

/// Frameworks that write their own name where the provider's belongs.
const FRAMEWORKS: &[&str] = &[
    "strands-agents",
    "strands",
    "langchain",
    "langgraph",
    "microsoft.agent_framework",
    "agno",
    "autogen",
    "crewai",
    "llamaindex",
    "llama_index",
    "haystack",
    "gcp.vertex.agent",
    "openai_agents",
    "litellm",
    "litellm_proxy",
    "pydantic-ai",
    "semantic_kernel",
    "dspy",
    "mastra",
    "vercel",
    "traceloop",
    "trpc.go.agent",
    "langchain4j",
    "langflow",
    "dify",
    "unknown",
    "other",
    "none",
    "null",
];

static BY_HOST: Index<{ HOSTS.len() }, 256> = Index::new(texts(HOSTS), By::Ending);
static BY_NAME: Index<{ NAMES.len() }, 512> = Index::new(texts(NAMES), By::Whole);
static BY_FRAMEWORK: Index<{ FRAMEWORKS.len() }, 64> =
    Index::new(*FRAMEWORKS.first_chunk().expect("its own length"), By::Whole);

/// Every name of the convention that the tables lead to, some of them often.
pub fn provider_names() -> impl Iterator<Item = &'static str> {
    HOSTS.iter().chain(NAMES).map(|(_, name)| *name)
}

/// Who answers at this host, if it is one that everybody knows.
#[must_use]
pub fn provider_of_host(host: &str) -> Option<&'static str> {
    if let Some(cloud) = provider_of_cloud_host(host) {
        return Some(cloud);
    }
    BY_HOST.find(host).map(|row| HOSTS[row].1)
}

/// The clouds' endpoints have regions, VPCs and projects in their names: `bedrock-mantle.eu-west-1.api.aws`,
/// `vpce-0a.bedrock-runtime.us-east-1.vpce.amazonaws.com`, `aiplatform.eu.rep.googleapis.com`. Source: AWS service
/// endpoints and `PrivateLink`; Vertex AI locations and Private Service Connect.
fn provider_of_cloud_host(host: &str) -> Option<&'static str> {
    const AWS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    let is = |ends: &[&str]| ends.iter().any(|end| host.ends_with(end));
    if is(&AWS)
        && host
            .split('.')
            .any(|label| label.starts_with("bedrock-runtime") || label.starts_with("bedrock-mantle"))
    {
        Some("aws.bedrock")
    } else if is(&[".rep.googleapis.com", ".p.googleapis.com"]) && host.contains("aiplatform") {
        Some("gcp.vertex_ai")
    } else {
        None
    }
}

/// The vendor of a model name that only one vendor uses. For spans that name no provider at all.
#[must_use]
pub fn provider_of_model(model: &str) -> Option<&'static str> {
    const BEGINNINGS: &[(&str, &str)] = &[
        ("gpt-", "openai"),
        ("chatgpt-", "openai"),
        ("o1", "openai"),
        ("o3", "openai"),
        ("o4-", "openai"),
        ("text-embedding-3", "openai"),
        ("text-embedding-ada", "openai"),
        ("claude-", "anthropic"),
        ("gemini-", "gcp.gemini"),
        ("models/gemini-", "gcp.gemini"),
        ("mistral-", "mistral_ai"),
        ("codestral-", "mistral_ai"),
        ("deepseek-chat", "deepseek"),
        ("deepseek-reasoner", "deepseek"),
        ("grok-", "x_ai"),
        ("command-", "cohere"),
        ("us.anthropic.", "aws.bedrock"),
        ("eu.anthropic.", "aws.bedrock"),
        ("apac.anthropic.", "aws.bedrock"),
        ("global.anthropic.", "aws.bedrock"),
        ("anthropic.claude", "aws.bedrock"),
        ("amazon.", "aws.bedrock"),
        ("us.amazon.", "aws.bedrock"),
        ("arn:aws:bedrock:", "aws.bedrock"),
    ];
    BEGINNINGS.iter().find(|(beginning, _)| model.starts_with(beginning)).map(|(_, name)| *name)
}

/// The convention's name for what a span says: its provider attribute and its host.
///
/// A known host wins. Else the written name, in the convention's spelling; `None` when it is missing
/// or names a framework. An unknown name is returned as it is written.
#[must_use]
pub fn provider<'a>(written: &'a str, host: &str) -> Option<&'a str> {
    let named = named(written);
    match (provider_of_host(host), named) {
        // One host serves two products; the instrumentation that says which is right.
        (Some("azure.ai.inference"), Some("azure.ai.openai")) => Some("azure.ai.openai"),
        (Some(host), _) => Some(host),
        (None, named) => named,
    }
}

fn named(written: &str) -> Option<&str> {
    if written.is_empty() || BY_FRAMEWORK.find(written).is_some() {
        return None;
    }
    let known = |name: &str| BY_NAME.find(name).map(|row| NAMES[row].1);
    // `openai.chat`, `anthropic.messages`, `google.generative-ai.chat`: provider and API in one.
    known(written)
        .or_else(|| written.rsplit_once('.').and_then(|(head, _)| known(head)))
        .or_else(|| written.split_once('.').and_then(|(head, _)| known(head)))
        // LlamaIndex's class names: `openai_llm`, `Bedrock_Converse_LLM`, `azure_openai_llm`.
        .or_else(|| known(without_ending(written, &["_llm", "_embedding", "_embeddings"])?))
        .or_else(|| provider_of_host(host_in(written)?))
        .or_else(|| spelled(written))
        .or(Some(written))
}

/// A name as people and classes spell it: `Azure OpenAI`, `ChatAnthropic`, `ollama-ai-provider`; of a path
/// (`langgenius/openai/openai`) and of two names (`anthropic-vertex`) what is known, of those the cloud that serves.
fn spelled(written: &str) -> Option<&'static str> {
    by_letters(written).or_else(|| {
        let parts = || written.split(['/', '-', '_', ' ', '.', ':']);
        let mut known = parts().filter_map(by_letters);
        let first = known.next()?;
        // Of a path, or beside the name of a framework: `langchain_openai`.
        let nothing_else =
            || parts().all(|part| by_letters(part).is_some() || BY_FRAMEWORK.find(part).is_some());
        let cloud = |name: &&str| matches!(*name, "aws.bedrock" | "gcp.vertex_ai" | "azure.ai.openai");
        match known.next() {
            None if written.contains('/') || nothing_else() => Some(first),
            Some(other) if other == first => Some(first),
            Some(other) => [first, other].into_iter().find(cloud),
            None => None,
        }
    })
}

/// The name that has these letters, with or without a word for what all of them are.
fn by_letters(written: &str) -> Option<&'static str> {
    const LONGEST: usize = 40;
    const ENDINGS: [&[u8]; 7] = [b"chatmodel", b"chat", b"llm", b"provider", b"client", b"service", b"ai"];
    let mut letters = [0_u8; LONGEST];
    let mut length = 0;
    for byte in written.bytes().filter(u8::is_ascii_alphanumeric) {
        *letters.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let named = |letters: &[u8]| {
        let same = |name: &str| name.bytes().filter(u8::is_ascii_alphanumeric).eq(letters.iter().copied());
        NAMES.iter().find(|(name, _)| same(name)).map(|(_, name)| *name)
    };
    let mut rest = &letters[..length];
    if let Some(at) = memchr::memmem::find(rest, b"chat") {
        let mut without = letters;
        without.copy_within(at + 4..length, at);
        if let Some(name) = named(&without[..length - 4]) {
            return Some(name);
        }
    }
    loop {
        if let Some(name) = named(rest) {
            return Some(name);
        }
        rest = ENDINGS.iter().find_map(|ending| rest.strip_suffix(*ending)).filter(|rest| rest.len() > 2)?;
    }
}

fn without_ending<'a>(name: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().find_map(|ending| {
        let at = name.len().checked_sub(ending.len())?;
        name.get(at..)?.eq_ignore_ascii_case(ending).then_some(&name[..at])
    })
}

/// The host in a name that is an address: `api.openai.com`, `https://api.groq.com/openai/v1`.
fn host_in(name: &str) -> Option<&str> {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    rest.split(['/', ':']).next().filter(|host| host.contains('.'))
}

/// The provider of a call whose instrumentation says `openai` because of the SDK, and whose model belongs to one other
/// vendor alone. Only where no host tells: such models are served by gateways too.
#[must_use]
pub fn hidden_provider(named: &str, models: &[&str]) -> Option<&'static str> {
    let vendor =
        (named == "openai").then(|| models.iter().find_map(|model| provider_of_model(model))).flatten()?;
    matches!(vendor, "x_ai" | "cohere" | "deepseek" | "mistral_ai").then_some(vendor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_host_beats_what_the_sdk_writes() {
        assert_eq!(provider("openai", "api.groq.com"), Some("groq"));
        assert_eq!(provider("openai", "my-resource.openai.azure.com"), Some("azure.ai.openai"));
        assert_eq!(provider("openai", "us-central1-aiplatform.googleapis.com"), Some("gcp.vertex_ai"));
        assert_eq!(provider("openai", "evil-api.openai.com.example.org"), Some("openai"));
        for host in [
            "bedrock-runtime.us-east-1.amazonaws.com",
            "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
            "bedrock-mantle.eu-west-1.api.aws",
            "vpce-0a1b.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        ] {
            assert_eq!(provider("openai", host), Some("aws.bedrock"), "{host}");
        }
        assert_eq!(provider("openai", "s3.amazonaws.com"), Some("openai"));
        assert_eq!(provider("openai", "aiplatform.eu.rep.googleapis.com"), Some("gcp.vertex_ai"));
        assert_eq!(provider("openai", "acme.openai.azure.us"), Some("azure.ai.openai"));
    }

    #[test]
    fn a_model_of_one_vendor_tells_what_the_sdk_hides() {
        let hidden = |named, model: &'static str| hidden_provider(named, &[model]);
        assert_eq!(hidden("openai", "grok-3-mini"), Some("x_ai"));
        assert_eq!(hidden("openai", "command-a-03-2025"), Some("cohere"));
        assert_eq!(hidden("openai", "gpt-4.1"), None);
        assert_eq!(hidden("acme", "deepseek-chat"), None);
    }

    #[test]
    fn a_framework_is_no_provider() {
        assert_eq!(provider("strands-agents", ""), None);
        assert_eq!(provider("strands-agents", "api.anthropic.com"), Some("anthropic"));
    }

    #[test]
    fn a_name_that_nobody_knows_stays() {
        for written in ["openai-compatible", "acme-openai-gateway", "acme ai", "chat", "ai", "my-llm", "é"] {
            assert_eq!(provider(written, ""), Some(written));
        }
    }

    #[test]
    fn every_spelling_becomes_the_conventions() {
        for (written, name) in [
            ("OpenAI", "openai"),
            ("openai.chat", "openai"),
            ("anthropic.messages", "anthropic"),
            ("google.generative-ai.chat", "gcp.gemini"),
            ("MistralAI", "mistral_ai"),
            ("azure", "azure.ai.openai"),
            ("amazon-bedrock", "aws.bedrock"),
            ("acme-llm", "acme-llm"),
            ("api.openai.com", "openai"),
            ("https://api.groq.com/openai/v1", "groq"),
            ("openai_responses_llm", "openai"),
            ("Bedrock_Converse_LLM", "aws.bedrock"),
            ("Ollama_llm", "ollama"),
            ("gateway", "vercel"),
            ("Azure OpenAI", "azure.ai.openai"),
            ("AzureChatOpenAI", "azure.ai.openai"),
            ("AWS Bedrock", "aws.bedrock"),
            ("Google Gemini", "gcp.gemini"),
            ("GoogleGenAI", "gcp.gemini"),
            ("gcp.vertexai", "gcp.vertex_ai"),
            ("anthropic-vertex", "gcp.vertex_ai"),
            ("ChatAnthropic", "anthropic"),
            ("Perplexity AI", "perplexity"),
            ("IBM watsonx.ai", "ibm.watsonx.ai"),
            ("ollama-ai-provider", "ollama"),
            ("langgenius/openai/openai", "openai"),
            ("az.ai.agents", "azure.ai.inference"),
            ("langchain_openai", "openai"),
        ] {
            assert_eq!(provider(written, ""), Some(name), "{written}");
        }
    }
}
