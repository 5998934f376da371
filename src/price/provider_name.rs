//! The convention's provider names and the catalogue's: one table.
//!
//! In: a provider's name in lower case. Out: the catalogue's id. It knows no model and no price.

/// One name and what it means in the catalogue.
struct Row {
    name: &'static str,
    catalogue: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader; a test asks for it"))]
    source: &'static str,
}

const CONVENTION: &str =
    "gen_ai.provider.name, https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/";
const OLD_CONVENTION: &str = "gen_ai.system before semantic conventions 1.37";
const LIBRARY: &str = "provider prefix of LiteLLM model names, https://docs.litellm.ai/docs/providers";

/// Names that the catalogue's own rules would miss or take for another vendor: its rule for
/// `openai` is "contains openai", and Azure's price list is not `OpenAI`'s.
const ROWS: &[Row] = &[
    Row { name: "azure.ai.openai", catalogue: "azure", source: CONVENTION },
    Row { name: "azure.ai.inference", catalogue: "azure", source: CONVENTION },
    Row { name: "az.ai.openai", catalogue: "azure", source: OLD_CONVENTION },
    Row { name: "az.ai.inference", catalogue: "azure", source: OLD_CONVENTION },
    Row { name: "azure_openai", catalogue: "azure", source: LIBRARY },
    Row { name: "azure_ai", catalogue: "azure", source: LIBRARY },
    Row { name: "aws.bedrock", catalogue: "aws", source: CONVENTION },
    Row { name: "gcp.gemini", catalogue: "google", source: CONVENTION },
    Row { name: "gcp.gen_ai", catalogue: "google", source: CONVENTION },
    Row { name: "gcp.vertex_ai", catalogue: "google", source: CONVENTION },
    Row { name: "mistral_ai", catalogue: "mistral", source: CONVENTION },
    Row { name: "x_ai", catalogue: "x-ai", source: CONVENTION },
    Row { name: "moonshot_ai", catalogue: "moonshotai", source: CONVENTION },
    Row { name: "together_ai", catalogue: "together", source: LIBRARY },
    Row { name: "fireworks_ai", catalogue: "fireworks", source: LIBRARY },
];

/// The catalogue's id of a provider, or `None` when the name stands for itself.
pub(super) fn catalogue_id(name: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.name == name).map(|row| row.catalogue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Catalogue;

    #[test]
    fn every_row_names_a_provider_of_the_catalogue_and_a_source() {
        for row in ROWS {
            assert_eq!(Catalogue::embedded().provider_id(row.name), Some(row.catalogue), "{}", row.name);
            assert!(!row.source.is_empty());
        }
    }

    /// The names of the convention that the catalogue's rules know already, and the one it lacks.
    #[test]
    fn the_other_names_of_the_convention_are_known() {
        let names = [
            ("openai", Some("openai")),
            ("anthropic", Some("anthropic")),
            ("cohere", Some("cohere")),
            ("deepseek", Some("deepseek")),
            ("groq", Some("groq")),
            ("perplexity", Some("perplexity")),
            ("ibm.watsonx.ai", None),
        ];
        for (name, id) in names {
            assert_eq!(Catalogue::embedded().provider_id(name), id, "{name}");
        }
    }
}
