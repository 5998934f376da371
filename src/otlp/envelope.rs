//! What surrounds the spans: request, resources, scopes.
//!
//! In: the bytes of an `ExportTraceServiceRequest`. Out: calls on a [`Visitor`], every resource
//! and scope whole before its spans, though it may follow them on the wire or come in parts.
//! The spans themselves are read by [`super::span`].

use super::schema::REQUEST;
use super::value::Attribute;
use super::wire::wire_type::DELIMITED;
use super::wire::{Depth, key, occurrences};
use super::{Fault, Visitor, span};

const RESOURCE_SPANS: u32 = key(1, DELIMITED);
const RESOURCE: u32 = key(1, DELIMITED);
const RESOURCE_ATTRIBUTE: u32 = key(1, DELIMITED);
const SCOPE_SPANS: u32 = key(2, DELIMITED);
const SCOPE: u32 = key(1, DELIMITED);
const SCOPE_NAME: u32 = key(1, DELIMITED);
const SCOPE_VERSION: u32 = key(2, DELIMITED);
const SPAN: u32 = key(2, DELIMITED);

/// `ResourceSpans`, `Resource`, `KeyValue`.
const ATTRIBUTE_DEPTH: Depth = Depth::below_request(3);

/// Reads a protobuf `ExportTraceServiceRequest`, once and forward, without allocating. The visitor hears of a resource
/// and of a scope with their first span: of those without spans it hears nothing.
///
/// A span whose layout is not valid OTLP costs that span: [`Visitor::malformed_span`]. That is what
/// prost would refuse, and one thing more, which the OTLP specification forbids and prost lets pass: a
/// trace or span id that is all zero or of another length than 16 and 8 bytes, and a parent span
/// id that is neither empty nor 8 bytes. Less than a span, a text, attribute or event, costs no more
/// than itself: [`Visitor::dropped`]. What nobody reads, links for one, is not judged.
///
/// # Errors
/// A layout around the spans that is not valid OTLP, their resource and scope included. It is
/// looked for first, so the visitor was not called at all: a refused request has left no trace.
pub fn walk<'a>(bytes: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<(), Fault> {
    REQUEST.check(bytes, Depth::below_request(0))?;
    for resource_spans in occurrences(bytes, RESOURCE_SPANS) {
        let mut is_told = false;
        for scope_spans in occurrences(resource_spans, SCOPE_SPANS) {
            let mut spans = occurrences(scope_spans, SPAN);
            // Ten million empty ones are two bytes each.
            let Some(first) = spans.next() else { continue };
            if !std::mem::replace(&mut is_told, true) {
                read_resource(resource_spans, visitor);
            }
            read_scope(scope_spans, visitor);
            span::read(first, visitor);
            spans.for_each(|body| span::read(body, visitor));
        }
    }
    Ok(())
}

fn read_resource<'a>(resource_spans: &'a [u8], visitor: &mut impl Visitor<'a>) {
    visitor.resource();
    for resource in occurrences(resource_spans, RESOURCE) {
        for body in occurrences(resource, RESOURCE_ATTRIBUTE) {
            let read = Attribute::split(body, ATTRIBUTE_DEPTH)
                .and_then(|attribute| Ok((attribute, attribute.text_key()?, attribute.value()?)));
            match read {
                Ok((attribute, key, value)) => {
                    visitor.resource_attribute(key, value);
                    if attribute.is_cut(value) {
                        visitor.dropped(Fault::Utf8);
                    }
                }
                Err(fault) => visitor.dropped(fault),
            }
        }
    }
}

fn read_scope<'a>(scope_spans: &'a [u8], visitor: &mut impl Visitor<'a>) {
    let (mut name, mut version) = ("", "");
    for scope in occurrences(scope_spans, SCOPE) {
        name = last_text(scope, SCOPE_NAME, visitor).unwrap_or(name);
        version = last_text(scope, SCOPE_VERSION, visitor).unwrap_or(version);
    }
    visitor.scope(name, version);
}

fn last_text<'a>(body: &'a [u8], key: u32, visitor: &mut impl Visitor<'a>) -> Option<&'a str> {
    Some(span::told_text(occurrences(body, key).last()?, visitor))
}
