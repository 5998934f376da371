//! What a stack trace says of a failure: the causes it names, and headers that a library printed into it.
//!
//! In: `exception.stacktrace`. Out: causes as `type: message`, and headers. Frames are about code and say nothing.

use super::draft::Draft;
use super::objects;
use super::source::Source;
use crate::facts::ErrorTextKind;
use crate::loose;

/// Causes of one trace that are kept, the outermost first.
const MOST_CAUSES: usize = 8;
/// How a line of a JVM's trace (`Caused by: `) and of .NET's (` ---> `) begins a cause.
const MARKS: [&str; 3] = ["Caused by: ", "caused by: ", "---> "];
/// How `DSPy`'s client announces the headers of the answer. Source: dspy 3.4, lm15.
const HEADERS: &str = "rate-limit headers";

/// States the causes and headers of one trace.
pub(super) fn read<'a>(draft: &mut Draft<'a>, trace: &'a str) {
    for cause in causes(trace).take(MOST_CAUSES) {
        draft.error(ErrorTextKind::Cause, cause);
    }
    for line in trace.lines().filter(|line| line.contains(HEADERS)) {
        if let Some(start) = loose::find_object_start(line) {
            objects::headers(draft, Source::Text(&line[start..]));
        }
    }
}

fn causes(trace: &str) -> impl Iterator<Item = &str> {
    trace.lines().filter_map(|line| {
        let line = line.trim_start();
        MARKS.iter().find_map(|mark| line.strip_prefix(mark).or_else(|| inner(line, mark)))
    })
}

/// .NET writes the cause behind the message on the same line.
fn inner<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    (mark.starts_with("--->") && !line.starts_with("at "))
        .then(|| line.split_once(mark))
        .flatten()
        .map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::causes;

    #[test]
    fn a_trace_names_its_causes_and_no_frames() {
        let java = "a.B: Request failed\n\tat a.B.c(D.kt:1)\nCaused by: java.io.InterruptedIOException: timeout\n\tat e.f(G.java:2)\nCaused by: java.net.SocketException: Socket closed\n\t... 3 more";
        assert_eq!(
            causes(java).collect::<Vec<_>>(),
            ["java.io.InterruptedIOException: timeout", "java.net.SocketException: Socket closed"]
        );
        let dotnet = "System.Net.Http.HttpRequestException: Resource temporarily unavailable (a:443)\n ---> System.Net.Sockets.SocketException (11): Resource temporarily unavailable\n   at System.Net.Sockets.Socket.D()";
        assert_eq!(
            causes(dotnet).collect::<Vec<_>>(),
            ["System.Net.Sockets.SocketException (11): Resource temporarily unavailable"]
        );
        assert_eq!(causes("Traceback (most recent call last):\n  File \"a.py\", line 1\nE: x").count(), 0);
    }
}
