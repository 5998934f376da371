//! What Tollgate is measured against: owned prost, and five `metrics` macros a call.

#![allow(dead_code, unreachable_pub)]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;

/// What it reads of a call.
#[derive(Debug, Default)]
struct Call<'a> {
    provider: &'a str,
    model: &'a str,
    operation: &'a str,
    input_tokens: u64,
    output_tokens: u64,
}

/// Counts every call of a request.
pub fn count(request: &ExportTraceServiceRequest) {
    for resource_spans in &request.resource_spans {
        let attributes = resource_spans.resource.iter().flat_map(|resource| &resource.attributes);
        let named = |key: &str| attributes.clone().find(|attribute| attribute.key == key);
        let service = named("service.name").map_or("", text);
        let environment = named("deployment.environment.name").map_or("", text);
        for span in resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let mut call = Call::default();
            for attribute in &span.attributes {
                match attribute.key.as_str() {
                    "gen_ai.provider.name" => call.provider = text(attribute),
                    "gen_ai.response.model" => call.model = text(attribute),
                    "gen_ai.operation.name" => call.operation = text(attribute),
                    "gen_ai.usage.input_tokens" => call.input_tokens = whole(attribute),
                    "gen_ai.usage.output_tokens" => call.output_tokens = whole(attribute),
                    _ => {}
                }
            }
            if !call.operation.is_empty() {
                let nanos = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
                raise(&call, service, environment, nanos as f64 / 1e9);
            }
        }
    }
}

fn raise(call: &Call<'_>, service: &str, environment: &str, seconds: f64) {
    macro_rules! labels {
        ($raise:ident, $name:literal $(, $further:literal => $value:expr)*) => {
            metrics::$raise!($name,
                "service_name" => service.to_owned(),
                "environment" => environment.to_owned(),
                "provider" => call.provider.to_owned(),
                "model" => call.model.to_owned(),
                "operation" => call.operation.to_owned()
                $(, $further => $value)*)
        };
    }
    labels!(counter, "requests", "error_class" => "none").increment(1);
    labels!(histogram, "duration", "outcome" => "ok").record(seconds);
    labels!(counter, "tokens", "type" => "input").increment(call.input_tokens);
    labels!(counter, "tokens", "type" => "output").increment(call.output_tokens);
    let dollars = call.input_tokens as f64 * 4e-7 + call.output_tokens as f64 * 16e-7;
    // Counters of this crate hold whole numbers only: micro-dollars.
    labels!(counter, "cost").increment((dollars * 1e6) as u64);
}

fn text(attribute: &KeyValue) -> &str {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text,
        _ => "",
    }
}

fn whole(attribute: &KeyValue) -> u64 {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::IntValue(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}
