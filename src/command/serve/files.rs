//! How many files, sockets among them, the system lets us open.
//!
//! In: the limit of the process. Out: the limit raised as far as it may be, and what it leaves for
//! connections: a connection that cannot be opened is worse than one that is closed in good order.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::expose::http::MAX_CONNECTIONS;

/// Files that are no connections: standard streams, listeners, the runtime's own, a journal.
const OTHERS: u64 = 32;

/// Connections of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) otlp: usize,
    pub(super) metrics: usize,
}

/// Raises the limit, and shares it out.
pub(super) fn connections(wanted: usize) -> Connections {
    share_out(raise(), wanted)
}

/// The limit after raising it; none where there is none.
fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { current }
}

fn share_out(files: Option<u64>, wanted: usize) -> Connections {
    let Some(files) = files else { return Connections { otlp: wanted, metrics: MAX_CONNECTIONS } };
    let free = usize::try_from(files.saturating_sub(OTHERS)).unwrap_or(usize::MAX).max(2);
    let metrics = MAX_CONNECTIONS.min(free / 4).max(1);
    Connections { otlp: wanted.min(free - metrics), metrics }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_files_and_scrapers_keep_theirs() {
        let shared = |files| {
            let Connections { otlp, metrics } = share_out(files, 4096);
            (otlp, metrics)
        };
        assert_eq!(shared(None), (4096, 64));
        assert_eq!(shared(Some(1_048_576)), (4096, 64));
        assert_eq!(shared(Some(1024)), (928, 64));
        assert_eq!(shared(Some(64)), (24, 8));
        assert_eq!(shared(Some(10)), (1, 1));
    }
}
