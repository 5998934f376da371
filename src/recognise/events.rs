//! What the events of a span tell: exceptions, the first token, usage under names of the libraries' own.
//!
//! In: events and their attributes. Out: facts stated to a [`Draft`]. Contents of prompts and answers are not read.

use super::answer::Answer;
use super::draft::Draft;
use super::signs::Sign;
use super::source::Source;
use super::tails::telling;
use super::value::{count, push_bounded};
use super::{objects, stack_trace, words};
use crate::dialect::Fact;
use crate::facts::ErrorTextKind;
use crate::otlp::{Attribute, Fault, Value};

impl<'a> Draft<'a> {
    /// True when the event's attributes are worth reading.
    pub(super) fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool {
        let exception = name == "exception" || name == "gen_ai.client.operation.exception";
        self.exception |= exception;
        self.touched |= exception;
        if name == "First Token Stream Event" {
            (self.first_token_event, self.touched) = (time_unix_nano, true);
        }
        if name.starts_with("LLM") && name.contains("Event") {
            (self.touched, self.in_model_event) = (true, true);
            self.signs.add(Sign::Event);
        } else {
            self.in_model_event = false;
        }
        self.new_event = !exception;
        self.event_told |= exception || self.in_model_event || self.first_token_event != 0;
        // Contents of prompts and answers have events of their own, which are not read.
        exception || !name.starts_with("gen_ai.") || name.starts_with("gen_ai.client.")
    }

    pub(super) fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        let kind = match attribute.key() {
            b"exception.type" => ErrorTextKind::Type,
            b"exception.message" => ErrorTextKind::Message,
            b"exception.stacktrace" => {
                if let Value::Text(text) = attribute.value()? {
                    stack_trace::read(self, text);
                }
                return Ok(());
            }
            b"error_code" => ErrorTextKind::Code,
            key if self.in_model_event && key.starts_with(b"model_dict") => {
                let (key, value) = (attribute.text_key()?, attribute.value()?);
                if let Value::Text(text) = value {
                    if key == "model_dict" {
                        objects::request(self, Source::Text(text));
                    } else if key.ends_with(".model_name") || key.ends_with(".model") {
                        self.state(Fact::RequestModel(2), value);
                    }
                }
                return Ok(());
            }
            b"response.raw.model" => {
                self.event_told = true;
                self.state(Fact::ResponseModel(3), attribute.value()?);
                return Ok(());
            }
            b"response.raw.id" => {
                self.event_told = true;
                self.state(Fact::ResponseId(4), attribute.value()?);
                return Ok(());
            }
            key if telling(key) => {
                let (key, value) = (attribute.text_key()?, attribute.value()?);
                self.event_number(key, value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let Value::Text(text) = attribute.value()? {
            self.error(kind, text);
            (self.touched, self.event_told) = (true, true);
        }
        Ok(())
    }

    fn event_number(&mut self, key: &str, value: Value<'a>) {
        let whole = match value {
            Value::Int(whole) => count(0.0, Some(whole)),
            Value::Double(number) => count(number, None),
            Value::Text(text) => text.trim().parse().ok().and_then(|number| count(number, None)),
            _ => None,
        };
        let mut segments = key.rsplit('.');
        let (last, qualifier) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
        if let (Some(count), Some(field)) = (whole, words::field_of(qualifier, last, false)) {
            if std::mem::take(&mut self.new_event) {
                push_bounded(&mut self.answers, Answer::default());
            }
            self.answers.last_mut().into_iter().for_each(|answer| answer.set(field, count));
            (self.touched, self.event_told) = (true, true);
        }
    }
}
