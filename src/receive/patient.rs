//! A stream that waits for its reader, but not for ever.
//!
//! In: any stream. Out: the same, failing when nothing of what is to be written was taken for
//! [`WRITE_TIMEOUT`]: a reader that does not read would hold an answer for as long as it likes.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Time for a reader to take the next piece of an answer.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The stream.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, patience: WRITE_TIMEOUT, waiting: None }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::net::UnixStream;

    use super::*;

    async fn write(patient: &mut Patient<UnixStream>, mut left: usize) -> io::Result<()> {
        while left > 0 {
            let piece = [0; 4096];
            left -= poll_fn(|context| Pin::new(&mut *patient).poll_write(context, &piece)).await?.min(left);
        }
        Ok(())
    }

    /// Guarantees: who does not read is given up, who reads is not.
    #[tokio::test]
    async fn a_reader_who_does_not_read_is_given_up() {
        const LONG: usize = 8 << 20;
        let (stream, deaf) = UnixStream::pair().unwrap();
        let patience = Duration::from_millis(20);
        let mut patient = Patient { stream, patience, waiting: None };
        assert_eq!(write(&mut patient, LONG).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(deaf);

        let (stream, mut reader) = UnixStream::pair().unwrap();
        let mut patient = Patient::new(stream);
        let reading = async {
            let (mut buffer, mut read) = (vec![0; 65_536], 0);
            while read < LONG {
                let mut buffer = ReadBuf::new(&mut buffer);
                poll_fn(|context| Pin::new(&mut reader).poll_read(context, &mut buffer)).await.unwrap();
                read += buffer.filled().len();
            }
        };
        let (written, ()) = tokio::join!(write(&mut patient, LONG), reading);
        assert!(written.is_ok());
    }
}
