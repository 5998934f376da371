//! What an attribute states, by its type: one arm per fact of the vocabulary.
//!
//! In: a [`Fact`] and a value. Out: the [`Draft`], changed. Judges nothing.

use super::draft::{Draft, ENTITIES, named};
use super::signs::Sign;
use super::source::Source;
use super::value::{count, flag_of, http_status, is_cut, positive, push_bounded, unquoted};
use super::{metadata, objects};
use crate::dialect::Fact;
use crate::facts::ErrorTextKind;

impl<'a> Draft<'a> {
    #[expect(clippy::too_many_lines, reason = "one arm per fact: the whole vocabulary on one page")]
    pub(super) fn state_text(&mut self, fact: Fact, text: &'a str) {
        match fact {
            Fact::Operation(rank) => self.operation.offer(rank, text),
            Fact::Provider(rank) => self.provider.offer(rank, unquoted(text)),
            Fact::RequestModel(rank) => self.request_model.offer(rank, named(text)),
            Fact::ResponseModel(rank) => self.response_model.offer(rank, named(text)),
            Fact::RoutedModel(rank) => self.routed_model.offer(rank, named(text)),
            Fact::ResponseId(rank) => self.response_id.offer(rank, named(text)),
            Fact::Marker => self.mark(text, true),
            Fact::CallMarker => self.mark(text, false),
            Fact::NoCallMarker => self.markers.no_call = text,
            Fact::BareMarker => self.markers.bare_type = text,
            Fact::VercelOperation => self.markers.vercel_operation = text,
            Fact::TraceloopKind => self.signs.add(Sign::Entity),
            Fact::LogfireType => self.markers.logfire_type = text,
            Fact::BareModel => self.bare_model = named(text),
            Fact::ProviderAndModel(rank) => {
                if let Some((provider, model)) = text.split_once('/') {
                    self.provider.offer(rank, provider);
                    self.request_model.offer(rank, named(model));
                }
            }
            Fact::EntityType(number) => self.entities[usize::from(number) % ENTITIES].0 = text,
            Fact::EntityName(number) => self.entities[usize::from(number) % ENTITIES].1 = text,
            Fact::Speed(rank) if matches!(text, "normal" | "standard") => self.speed.offer(rank, ""),
            Fact::Speed(rank) => self.speed.offer(rank, text),
            fact if fact.is_object() => {
                // Half of a usage object makes cached tokens fresh ones.
                let cut = is_cut(text);
                self.cut |= cut && fact.is_usage();
                if !(cut && fact.is_own_usage()) {
                    self.state_object(fact, Source::Text(text));
                }
            }
            Fact::ReportedCurrency => self.currency = unquoted(text),
            Fact::FirstTokenAt => self.first_token_at = unquoted(text),
            Fact::FinishReason => {
                objects::texts(text, &mut |reason| push_bounded(&mut self.finishes, reason));
            }
            Fact::ErrorType => self.error(ErrorTextKind::Type, text),
            Fact::ErrorCode => self.error(ErrorTextKind::Code, text),
            Fact::ErrorMessage => self.error(ErrorTextKind::Message, text),
            Fact::Level => self.marked_failed |= text.eq_ignore_ascii_case("error"),
            Fact::ServiceTier(rank) => self.service_tier.offer(rank, text),
            Fact::ServerAddress(rank) => self.server_address.offer(rank, text),
            Fact::Url => self.url = text,
            Fact::UrlPath => self.url_path = text,
            Fact::HttpMethod => {
                self.http_method = true;
                self.http_reads = matches!(text, "GET" | "HEAD" | "OPTIONS" | "DELETE");
            }
            Fact::Account(rank) => self.account.offer(rank, text),
            Fact::GatewayRequest => self.gateway_request = named(text),
            Fact::InputText | Fact::OutputText => self.state_length(fact, text.len()),
            Fact::Streaming | Fact::Success => {
                if let Some(flag) = flag_of(text) {
                    self.state_flag(fact, flag);
                }
            }
            Fact::Usage(..)
            | Fact::FirstTokenSeconds
            | Fact::FirstTokenMillis
            | Fact::FirstToken
            | Fact::ReportedDuration
            | Fact::StatusCode
            | Fact::ReportedCost(_)
            | Fact::Resends
            | Fact::Attempts
            | Fact::SampleRate(_)
            | Fact::Pieces(_)
            | Fact::MaxTokens => self.state_number(fact, text.trim().parse().unwrap_or(f64::NAN), None),
            // Objects were read above.
            Fact::UsageObject(_)
            | Fact::InputDetails
            | Fact::OutputDetails
            | Fact::RequestObject
            | Fact::ResponseObject
            | Fact::ResponseUsage
            | Fact::ProviderMetadata
            | Fact::HiddenParams
            | Fact::HeaderObject
            | Fact::ReportedCostObject
            | Fact::MarkerObject
            | Fact::MediaObject
            | Fact::LimitAttribute
            | Fact::Of(..)
            | Fact::TaughtObject(_) => {}
        }
    }

    /// Takes in what stands in an object.
    pub(super) fn state_object(&mut self, fact: Fact, source: Source<'a>) {
        match fact {
            Fact::UsageObject(family) => objects::usage(self, family, source),
            Fact::InputDetails => objects::details(self, objects::Side::Input, source),
            Fact::OutputDetails => objects::details(self, objects::Side::Output, source),
            Fact::RequestObject => objects::request(self, source),
            Fact::ResponseObject => objects::response(self, source),
            Fact::ResponseUsage => objects::response_usage(self, source),
            Fact::ProviderMetadata => metadata::provider_metadata(self, source),
            Fact::HiddenParams => metadata::hidden_params(self, source),
            Fact::HeaderObject => objects::headers(self, source),
            Fact::ReportedCostObject => objects::cost(self, source),
            Fact::MarkerObject => objects::marker(self, source),
            Fact::MediaObject => objects::media(self, source),
            _ => {}
        }
    }

    pub(super) fn state_number(&mut self, fact: Fact, number: f64, whole: Option<i64>) {
        match fact {
            Fact::Usage(family, field) => self.reading(family, field, count(number, whole)),
            Fact::FirstTokenSeconds => {
                self.first_token_seconds = self.first_token_seconds.or(positive(number));
            }
            Fact::FirstTokenMillis => {
                self.first_token_seconds = self.first_token_seconds.or(positive(number / 1e3));
            }
            Fact::Pieces(piece) => self.pieces.state(piece, number),
            Fact::FirstToken => self.first_token = positive(number),
            Fact::ReportedDuration => self.reported_duration = positive(number),
            Fact::StatusCode => self.status_code = count(number, whole).and_then(http_status),
            Fact::ReportedCost(rank) => self.cost(rank, number),
            Fact::Resends => self.resends = count(number, whole).and_then(|n| u32::try_from(n).ok()),
            Fact::Attempts => {
                self.resends = count(number, whole).and_then(|n| u32::try_from(n.saturating_sub(1)).ok());
            }
            Fact::MaxTokens => self.max_tokens = count(number, whole).filter(|&most| most > 0),
            Fact::SampleRate(rate) => self.stand_for(rate.weight(number)),
            Fact::ErrorCode | Fact::ErrorType => {
                if let Some(status) = count(number, whole).and_then(http_status) {
                    self.status_code.get_or_insert(status);
                }
            }
            _ => {}
        }
    }

    pub(super) fn state_flag(&mut self, fact: Fact, flag: bool) {
        match fact {
            Fact::Streaming => self.streaming = Some(flag),
            Fact::Success => self.marked_failed |= !flag,
            _ => {}
        }
    }
}
