//! Stands where the engine will be: takes every request, counts none, shows only the receiver's own metrics.

use bytes::Bytes;

use super::Engine;
use crate::config::{Listen, Settings};
use crate::expose::http::{MetricsSource, Unavailable};
use crate::expose::status::{Readiness, Status};
use crate::expose::text::{Format, render};
use crate::receive::{Accepted, Intake, Payload, Refused};
use crate::telemetry;

/// Takes and forgets.
#[derive(Debug)]
pub(super) struct Placeholder {
    addresses: Listen,
}

impl Placeholder {
    pub(super) const fn new(addresses: Listen) -> Self {
        Self { addresses }
    }
}

impl Intake for Placeholder {
    fn accept(&self, _: Payload<'_>) -> Result<Accepted, Refused> {
        Ok(Accepted::default())
    }
}

impl MetricsSource for Placeholder {
    async fn render(&self, format: Format) -> Result<Bytes, Unavailable> {
        Ok(render(format, &mut [&mut telemetry::snapshot()]).into())
    }

    fn status(&self) -> Status {
        Status {
            readiness: Readiness::Ready,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            grpc_address: self.addresses.grpc.to_string(),
            http_address: self.addresses.http.to_string(),
            totals: telemetry::totals(),
            call_series: 0,
            call_series_limit: 0,
            catalogue_date: String::new(),
            catalogue_source: String::new(),
        }
    }
}

impl Engine for Placeholder {
    fn reload(&self, _: &Settings) {}

    async fn finish(&self) {}
}
