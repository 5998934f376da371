//! What surrounds the spans: request, resources, scopes.
//!
//! In: the bytes of an `ExportTraceServiceRequest`. Out: calls on a [`Visitor`], every resource
//! and scope whole before its spans, though it may follow them on the wire or come in parts.
//! The spans themselves are read by [`super::span`].

use super::schema::REQUEST;
use super::value::checked_attribute;
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

/// Reads a protobuf `ExportTraceServiceRequest`, once and forward, without allocating.
///
/// A span that is not valid OTLP costs that span: [`Visitor::malformed_span`]. That is what prost
/// would refuse, and one thing more, which the OTLP specification forbids and prost lets pass: a
/// trace or span id that is all zero or of another length than 16 and 8 bytes, and a parent span
/// id that is neither empty nor 8 bytes.
///
/// # Errors
/// Anything around the spans, their resource and scope included, that is not valid OTLP. It is
/// looked for first, so the visitor was not called at all: a refused request has left no trace.
pub fn walk<'a>(bytes: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<(), Fault> {
    REQUEST.check(bytes, Depth::below_request(0))?;
    for resource_spans in occurrences(bytes, RESOURCE_SPANS) {
        read_resource(resource_spans, visitor);
        for scope_spans in occurrences(resource_spans, SCOPE_SPANS) {
            read_scope(scope_spans, visitor);
            for body in occurrences(scope_spans, SPAN) {
                span::read(body, visitor);
            }
        }
    }
    Ok(())
}

fn read_resource<'a>(resource_spans: &'a [u8], visitor: &mut impl Visitor<'a>) {
    visitor.resource();
    for resource in occurrences(resource_spans, RESOURCE) {
        for (key, value) in occurrences(resource, RESOURCE_ATTRIBUTE).filter_map(checked_attribute) {
            visitor.resource_attribute(key, value);
        }
    }
}

fn read_scope<'a>(scope_spans: &'a [u8], visitor: &mut impl Visitor<'a>) {
    let (mut name, mut version) = ("", "");
    for scope in occurrences(scope_spans, SCOPE) {
        name = last_text(scope, SCOPE_NAME).unwrap_or(name);
        version = last_text(scope, SCOPE_VERSION).unwrap_or(version);
    }
    visitor.scope(name, version);
}

fn last_text(body: &[u8], key: u32) -> Option<&str> {
    occurrences(body, key).last().and_then(|text| std::str::from_utf8(text).ok())
}
