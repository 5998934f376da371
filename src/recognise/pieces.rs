//! What is billed by piece and stands in an answer: searches, seconds of audio, pages.
//!
//! In: paths and scalars of one answer. Out: [`Pieces`](crate::call::Pieces) of the draft. Where the paths lead is in the
//! providers' API references: `OpenAI` (`output[].type`, transcriptions' `usage.seconds`), Gemini (`groundingMetadata.webSearchQueries`), Mistral
//! (`usage_info.pages_processed`, `usage.prompt_audio_seconds`), Cohere (`meta.billed_units.search_units`).

use super::draft::Draft;
use super::objects::number_of;
use crate::call::Piece;
use crate::loose::{Path, Scalar, Segment};

/// Most queries that are held against each other.
const QUERIES: usize = 16;

/// Reads what one answer tells.
#[derive(Debug, Default)]
pub(super) struct PieceReader<'a> {
    queries: [&'a str; QUERIES],
    grounded: usize,
    web: u32,
    stored: u32,
    seconds: Option<f64>,
    pages: Option<f64>,
    reranked: Option<f64>,
}

impl<'a> PieceReader<'a> {
    pub(super) fn read(&mut self, path: &Path<'a>, scalar: Scalar<'a>) {
        use Segment::{Index, Key};
        match (path.segments(), scalar) {
            ([Key("output"), Index(_), Key("type")], Scalar::Text("web_search_call")) => self.web += 1,
            // To open a page that was found is no search.
            (
                [Key("output"), Index(_), Key("action"), Key("type")],
                Scalar::Text("open_page" | "find_in_page"),
            ) => {
                self.web = self.web.saturating_sub(1);
            }
            ([Key("output"), Index(_), Key("type")], Scalar::Text("file_search_call")) => self.stored += 1,
            (
                [
                    ..,
                    Key("groundingMetadata" | "grounding_metadata"),
                    Key("webSearchQueries" | "web_search_queries"),
                    Index(_),
                ],
                Scalar::Text(query),
            ) => self.query(query),
            ([Key("usage"), Key("seconds" | "prompt_audio_seconds")], scalar) => {
                self.seconds = number_of(scalar);
            }
            ([Key("usage_info"), Key("pages_processed")], scalar) => self.pages = number_of(scalar),
            ([Key("meta"), Key("billed_units"), Key("search_units")], scalar) => {
                self.reranked = number_of(scalar);
            }
            _ => {}
        }
    }

    fn query(&mut self, query: &'a str) {
        if self.grounded < QUERIES && !self.queries[..self.grounded].contains(&query) {
            self.queries[self.grounded] = query;
            self.grounded += 1;
        }
    }

    pub(super) fn end(self, draft: &mut Draft<'_>) {
        let counted = |count: u32| (count > 0).then_some(f64::from(count));
        for (piece, count) in [
            (Piece::WebSearches, counted(self.web)),
            (Piece::StorageSearches, counted(self.stored)),
            (Piece::GroundedQueries, counted(self.grounded as u32)),
            (Piece::AudioSeconds, self.seconds),
            (Piece::Pages, self.pages),
            (Piece::RerankSearches, self.reranked),
        ] {
            count.into_iter().for_each(|count| draft.pieces.state(piece, count));
        }
    }
}
