//! Spans that an adversary would send.

use super::{SECOND, Sketch, What};

/// Name, and the spans of size n with the pace at which they come, one a request.
pub type Shape = (&'static str, fn(u64) -> Vec<Sketch>, u64);

/// What an adversary can send.
pub const SHAPES: &[Shape] = &[
    ("lone calls", lone, SECOND / 100),
    ("one trace that trickles", one_trace, SECOND / 100),
    ("one trace at once", one_trace, 0),
    ("two clusters of scopes, one scope in common", clusters, 0),
    ("one id for all", one_id, SECOND / 1000),
    ("one id for all, at once", one_id, 0),
    ("a chain of parents", chain, 0),
    ("parents in circles", circles, 0),
    ("a service of many scopes", scopes, 0),
    ("agents in a chain", agents, 0),
    ("look-alikes of two scopes", look_alikes, 0),
    ("silent look-alikes", silent, 0),
    ("requests without ancestry", requests, 0),
];

fn many(count: u64, make: impl Fn(u64, &mut Sketch)) -> Vec<Sketch> {
    let one = |id| {
        let mut sketch = Sketch::call(id);
        make(id, &mut sketch);
        sketch
    };
    (1..=count).map(one).collect()
}

fn lone(count: u64) -> Vec<Sketch> {
    many(count, |_, _| {})
}

fn one_trace(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        (sketch.trace, sketch.time) = (1, (id * 10, id * 10 + 9));
        sketch.usage = Some((id as i64, 5));
    })
}

fn clusters(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        sketch.trace = 1;
        sketch.scope = format!("scope-{}", if id == count { count / 2 } else { id });
    })
}

fn one_id(count: u64) -> Vec<Sketch> {
    many(count, |_, sketch| sketch.answer = 7)
}

fn chain(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| (sketch.trace, sketch.parent) = (1, id - 1))
}

fn circles(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| (sketch.trace, sketch.parent) = (1, if id % 50 == 0 { id - 49 } else { id + 1 }))
}

fn scopes(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| sketch.scope = format!("scope-{id}"))
}

fn agents(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        (sketch.what, sketch.trace, sketch.parent) = (What::Agent, 1, id - 1);
    })
}

fn look_alikes(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        if id > count / 2 {
            sketch.scope = "openinference.instrumentation.openai".into();
        }
    })
}

fn silent(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        sketch.usage = None;
        if id > count / 2 {
            sketch.scope = "opentelemetry.instrumentation.langchain".into();
        }
    })
}

fn requests(count: u64) -> Vec<Sketch> {
    many(count, |id, sketch| {
        if id > count / 2 {
            sketch.what = What::Request;
            sketch.scope = "opentelemetry.instrumentation.httpx".into();
        }
    })
}
