//! Reads bodies and inflates them: the only place that does, and never past a cap.
//!
//! In: a body off the network, a [`Compression`]. Out: bytes, paid for from the [`Budget`] as they
//! come, so that neither one request nor many together hold more memory than the settings allow. What
//! a client declares (content length, gRPC length, zstd window) costs nothing: only bytes that are there.
#![expect(clippy::disallowed_types, reason = "the one place that inflates, under a cap")]

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http_body::Body;
use http_body_util::BodyExt;

use super::Compression;

/// zstd windows up to 8 MiB, the size that RFC 8878 asks every decoder to take and RFC 9659 forbids to
/// exceed over HTTP. The decoder allocates it whole, so a frame header must not choose it freely.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The first guess at how much larger than on the wire a body is; OTLP with prompts gzips 3 to 8 times.
const USUAL_RATIO: usize = 4;

/// The least that is allocated to inflate into, in bytes.
const LEAST_CAPACITY: usize = 4096;

/// Bytes that all requests together may hold.
#[derive(Debug)]
pub(super) struct Budget {
    free: AtomicUsize,
}

/// A part of the [`Budget`], given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    held: usize,
}

/// A body could not be read or inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Longer than the cap on the wire.
    TooLong,
    /// Longer than the cap once inflated.
    TooLongInflated,
    /// The budget is used up.
    Busy,
    /// The client left, or broke the protocol, before the end.
    Disconnected,
    /// Not what its compression says it is.
    Corrupt,
}

// === impl Budget ===

impl Budget {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { free: AtomicUsize::new(bytes) })
    }

    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), held: 0 }
    }
}

// === impl Share ===

impl Share {
    /// Takes `bytes` more, or nothing.
    fn take(&mut self, bytes: usize) -> Result<(), BodyFault> {
        self.budget
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes))
            .map_err(|_| BodyFault::Busy)?;
        self.held += bytes;
        Ok(())
    }

    fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        self.budget.free.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.held);
    }
}

/// Reads a body to its end. A body of one frame, as small ones are, is not copied.
pub(super) async fn read<B>(body: &mut B, cap: usize, share: &mut Share) -> Result<Bytes, BodyFault>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > cap as u64 {
        return Err(BodyFault::TooLong);
    }
    let Some(first) = next(body, cap).await? else { return Ok(Bytes::new()) };
    share.take(first.len())?;
    let Some(second) = next(body, cap - first.len()).await? else { return Ok(first) };

    // What is declared bounds the growth of the buffer; it does not reserve anything.
    let longest = body.size_hint().upper().map_or(cap, |left| {
        usize::try_from(left).unwrap_or(cap).saturating_add(first.len() + second.len()).min(cap)
    });
    let mut whole = Vec::new();
    append(&mut whole, &first, longest, share)?;
    append(&mut whole, &second, longest, share)?;
    share.give_back(first.len());
    drop((first, second));
    while let Some(data) = next(body, cap - whole.len()).await? {
        append(&mut whole, &data, longest, share)?;
    }
    Ok(whole.into())
}

/// Reads and drops what is left of a body, up to `most` bytes. An HTTP/1 client that is still sending
/// would otherwise see a reset connection instead of its answer.
pub(super) async fn discard<B>(body: &mut B, most: usize)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = most;
    while let Ok(Some(data)) = next(body, left).await {
        left -= data.len();
    }
}

async fn next<B>(body: &mut B, room: usize) -> Result<Option<Bytes>, BodyFault>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        // Trailers carry nothing for us.
        let Ok(data) = frame.map_err(|_| BodyFault::Disconnected)?.into_data() else { continue };
        if data.len() > room {
            return Err(BodyFault::TooLong);
        }
        if !data.is_empty() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Appends, and pays for what the vector grows, not for what it holds.
fn append(whole: &mut Vec<u8>, data: &[u8], longest: usize, share: &mut Share) -> Result<(), BodyFault> {
    let needed = whole.len() + data.len();
    if needed > whole.capacity() {
        let capacity = needed.max(longest.min(2 * whole.capacity()));
        share.take(capacity - whole.capacity())?;
        whole.reserve_exact(capacity - whole.len());
    }
    whole.extend_from_slice(data);
    Ok(())
}

/// Undoes a compression, up to `cap` bytes.
pub(super) fn inflate(
    compression: Compression,
    packed: Bytes,
    cap: usize,
    share: &mut Share,
) -> Result<Bytes, BodyFault> {
    let capacity = (packed.len() * USUAL_RATIO).max(LEAST_CAPACITY);
    let inflated = match compression {
        Compression::Identity => return Ok(packed),
        Compression::Gzip => fill(&mut MultiGzDecoder::new(&*packed), capacity, cap, share),
        Compression::Deflate => fill(&mut ZlibDecoder::new(&*packed), capacity, cap, share),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(&*packed).map_err(|_| BodyFault::Corrupt)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|_| BodyFault::Corrupt)?;
            fill(&mut decoder, capacity, cap, share)
        }
    };
    inflated.map(Bytes::from)
}

fn fill(
    reader: &mut impl Read,
    capacity: usize,
    cap: usize,
    share: &mut Share,
) -> Result<Vec<u8>, BodyFault> {
    let mut inflated = Vec::new();
    let mut filled = 0;
    loop {
        if filled == inflated.len() {
            // One byte more than the cap, to see whether there is one.
            let grown = capacity.max(2 * filled).min(cap + 1);
            if grown == filled {
                return Err(BodyFault::TooLongInflated);
            }
            share.take(grown - filled)?;
            inflated.reserve_exact(grown - filled);
            inflated.resize(grown, 0);
        }
        match reader.read(&mut inflated[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(_) => return Err(BodyFault::Corrupt),
        }
    }
    if filled > cap {
        return Err(BodyFault::TooLongInflated);
    }
    inflated.truncate(filled);
    Ok(inflated)
}
