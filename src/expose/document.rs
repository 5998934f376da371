//! A view as the body of one answer.
//!
//! In: a view, shared by all readers of its moment. Out: frames, made as the reader takes them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use flate2::Crc;
use http_body::{Body, Frame};

use super::text::Format;
use super::view::{Place, Variant, View};
use crate::clock::Stopwatch;
use crate::telemetry::{Event, emit};

/// Magic number, deflate, no flags, no time, no file system: RFC 1952.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block: RFC 1951.
const DEFLATE_END: [u8; 2] = [3, 0];

/// See the module.
pub(super) struct Document {
    view: Arc<View>,
    variant: Variant,
    place: Place,
    written: Crc,
    seconds: f64,
    /// Called once all of it is written.
    read: Option<Box<dyn FnOnce() + Send>>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Document").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Document {
    pub(super) fn new(
        view: Arc<View>,
        format: Format,
        gzip: bool,
        read: impl FnOnce() + Send + 'static,
    ) -> Self {
        let variant = Variant::new(format, gzip);
        Self {
            view,
            variant,
            place: Place::default(),
            written: Crc::new(),
            seconds: 0.0,
            read: Some(Box::new(read)),
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.place.is_end() {
            return None;
        }
        let (begins, stopwatch) = (self.place == Place::default(), Stopwatch::start());
        let part = self.view.part(self.variant, self.place);
        self.place = part.next;
        self.written.combine(&part.crc);
        self.seconds += stopwatch.seconds();
        if self.place.is_end() {
            self.tell();
            if let Some(read) = self.read.take() {
                read();
            }
        }
        Some(if self.variant.packed() { self.framed(&part.bytes, begins) } else { part.bytes.clone() })
    }

    /// What gzip wants around a deflate stream.
    fn framed(&self, bytes: &[u8], begins: bool) -> Bytes {
        let mut out = BytesMut::with_capacity(bytes.len() + 32);
        if begins {
            out.extend_from_slice(&GZIP_HEAD);
        }
        out.extend_from_slice(bytes);
        if self.place.is_end() {
            out.extend_from_slice(&DEFLATE_END);
            out.extend_from_slice(&self.written.sum().to_le_bytes());
            out.extend_from_slice(&self.written.amount().to_le_bytes());
        }
        out.freeze()
    }

    fn tell(&self) {
        emit(&Event::Scraped {
            open_metrics: self.variant.format() == Format::OpenMetrics,
            seconds: self.seconds,
            bytes: u64::from(self.written.amount()),
        });
    }
}

impl Body for Document {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.place.is_end()
    }
}
