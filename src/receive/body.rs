//! Reads bodies and inflates them: the only place that does, and never past a cap.
//!
//! In: a body off the network, a [`Compression`]. Out: bytes, paid for from the `Budget` as they
//! come, so that neither one request nor many together hold more memory than the settings allow. What
//! a client declares (content length, gRPC length, zstd window) costs nothing: only bytes that are there.
#![expect(clippy::disallowed_types, reason = "the one place that inflates, under a cap")]

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http_body::Body;
use http_body_util::BodyExt;

use super::{Compression, budget::Share};

/// zstd windows up to 8 MiB, the size that RFC 8878 asks every decoder to take and RFC 9659 forbids to
/// exceed over HTTP. The decoder allocates it whole, so a frame header must not choose it freely.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The first guess at how much larger than on the wire a body is; OTLP with prompts gzips 3 to 8 times.
const USUAL_RATIO: usize = 4;

/// The least that is allocated to inflate into, in bytes.
const LEAST_CAPACITY: usize = 4096;

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

/// Reads a body to its end, and counts what came even if the end does not. A body of one frame, as small
/// ones are, is not copied.
pub(super) async fn read<B>(
    body: &mut B,
    cap: usize,
    share: &Share,
    received: &mut usize,
) -> Result<Bytes, BodyFault>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > cap as u64 {
        return Err(BodyFault::TooLong);
    }
    let Some(first) = next(body, cap, received).await? else { return Ok(Bytes::new()) };
    share.grow_in_time(first.len()).await?;
    let Some(second) = next(body, cap - first.len(), received).await? else { return Ok(first) };

    // What is declared bounds the growth of the buffer; it does not reserve anything.
    let longest = body.size_hint().upper().map_or(cap, |left| {
        usize::try_from(left).unwrap_or(cap).saturating_add(first.len() + second.len()).min(cap)
    });
    let mut whole = Vec::new();
    append(&mut whole, &first, longest, share).await?;
    append(&mut whole, &second, longest, share).await?;
    drop((first, second));
    while let Some(data) = next(body, cap - whole.len(), received).await? {
        share.moved();
        append(&mut whole, &data, longest, share).await?;
    }
    Ok(whole.into())
}

/// Reads and drops what is left of a body, up to `most` bytes. An HTTP/1 client that is still sending
/// would otherwise see a reset connection instead of its answer.
pub(super) async fn discard<B>(body: &mut B, most: usize)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut dropped = 0;
    while let Ok(Some(_)) = next(body, most - dropped, &mut dropped).await {}
}

async fn next<B>(body: &mut B, room: usize, received: &mut usize) -> Result<Option<Bytes>, BodyFault>
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
            *received += data.len();
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Appends, and pays for what the vector grows, not for what it holds.
async fn append(whole: &mut Vec<u8>, data: &[u8], longest: usize, share: &Share) -> Result<(), BodyFault> {
    let needed = whole.len() + data.len();
    if needed > whole.capacity() {
        let capacity = needed.max(longest.min(2 * whole.capacity()));
        share.grow_in_time(capacity).await?;
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
    share: &Share,
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

fn fill(reader: &mut impl Read, capacity: usize, cap: usize, share: &Share) -> Result<Vec<u8>, BodyFault> {
    let packed = share.held();
    let mut inflated = Vec::new();
    let mut filled = 0;
    loop {
        if filled == inflated.len() {
            // One byte more than the cap, to see whether there is one.
            let grown = capacity.max(2 * filled).min(cap + 1);
            if grown == filled {
                return Err(BodyFault::TooLongInflated);
            }
            share.grow_to(packed + grown)?;
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

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Write};

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::receive::budget::Budget;

    const TOTAL: usize = 1_000_000;

    const PEER: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn budget(bytes: usize) -> std::sync::Arc<Budget> {
        Budget::new(bytes, 0)
    }

    fn gzip(data: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap().into()
    }

    /// A body of ten frames, of a length that is not declared.
    fn frames(length: usize) -> impl Body<Data = Bytes> + Unpin {
        let frame = move |_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![7; length / 10])));
        StreamBody::new(stream::iter((0..10).map(frame)))
    }

    #[tokio::test]
    async fn a_body_of_many_frames_costs_what_its_buffer_takes_and_gives_it_back() {
        let budget = Budget::new(TOTAL, 0);
        let share = budget.share(PEER);
        let mut received = 0;
        let whole = read(&mut frames(10_000), 12_000, &share, &mut received).await.unwrap();
        assert_eq!((whole.len(), received), (10_000, 10_000));
        let cost = TOTAL - budget.free();
        assert!((10_000..=12_000).contains(&cost), "never more than the cap: {cost}");
        drop((whole, share));
        assert_eq!(budget.free(), TOTAL);
    }

    #[tokio::test]
    async fn a_body_over_the_cap_or_the_budget_gives_back_what_it_took() {
        for (cap, total, fault) in [(9_999, TOTAL, BodyFault::TooLong), (TOTAL, 9_999, BodyFault::Busy)] {
            let budget = Budget::new(total, 0);
            let share = budget.share(PEER);
            let result = read(&mut frames(10_000), cap, &share, &mut 0).await;
            assert_eq!(result.unwrap_err(), fault);
            drop(share);
            assert_eq!(budget.free(), total);
        }
    }

    #[test]
    fn inflating_stops_one_byte_after_the_cap_and_is_paid_for() {
        let packed = gzip(&vec![0; 100_000]);
        for (cap, result) in [(100_000, Ok(100_000)), (99_999, Err(BodyFault::TooLongInflated))] {
            let budget = Budget::new(TOTAL, 0);
            let share = budget.share(PEER);
            let inflated = inflate(Compression::Gzip, packed.clone(), cap, &share);
            assert_eq!(inflated.map(|bytes| bytes.len()), result);
            let cost = TOTAL - budget.free();
            assert!((cap..=cap + 1).contains(&cost), "{cost} for a cap of {cap}");
        }
        let poor = budget(50_000);
        let inflated = inflate(Compression::Gzip, packed, 100_000, &poor.share(PEER));
        assert_eq!(inflated.unwrap_err(), BodyFault::Busy);
        assert_eq!(poor.free(), 50_000);
    }

    #[test]
    fn members_of_gzip_one_after_the_other_are_one_body() {
        let both = [gzip(b"first "), gzip(b"second")].concat();
        let inflated = inflate(Compression::Gzip, both.into(), 100, &budget(TOTAL).share(PEER));
        assert_eq!(inflated.unwrap(), "first second");
    }
}
