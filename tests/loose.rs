//! What the loose reader sees in the text that real instrumentations write, and that no text harms it.

use proptest::prelude::*;
use tollgate::loose::{self, Scalar, Segment};

/// Every scalar as `path=value`, in order.
fn seen(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    loose::scan(text, &mut |path, scalar| {
        let steps: Vec<String> = path
            .segments()
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => (*key).to_owned(),
                Segment::Index(index) => index.to_string(),
            })
            .collect();
        let value = match scalar {
            Scalar::Text(raw) => format!("'{raw}'"),
            Scalar::Int(whole) => whole.to_string(),
            Scalar::Float(number) => format!("{number:?}"),
            Scalar::Bool(truth) => truth.to_string(),
            Scalar::Null => "null".to_owned(),
        };
        found.push(format!("{}={value}", steps.join(".")));
    });
    found
}

#[test]
fn json() {
    let text = r#"{"error": {"message": "say \"hi\"", "code": null, "n": [1, -2.5, 1e3, true]}, "big": 12345678901234567890}"#;
    assert_eq!(
        seen(text),
        [
            r#"error.message='say \"hi\"'"#,
            "error.code=null",
            "error.n.0=1",
            "error.n.1=-2.5",
            "error.n.2=1000.0",
            "error.n.3=true",
            "big=1.2345678901234567e19"
        ]
    );
}

#[test]
fn python_repr() {
    let text = "{'error': {'message': \"can't\", 'param': None, 'ok': False}, 'pair': (1, 'two'), 3: b'x'}";
    assert_eq!(
        seen(text),
        ["error.message='can't'", "error.param=null", "error.ok=false", "pair.0=1", "pair.1='two'", "3='x'"]
    );
}

#[test]
fn python_objects() {
    let text = "{'at': datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), 'cost': Decimal('0.25'), \
                'why': <FinishReason.STOP: 'STOP'>, 'o': <object at 0x7f>, \
                'usage': CompletionUsage(prompt_tokens=7, details=Details(cached=None)), 'last': 1}";
    assert_eq!(
        seen(text),
        ["cost=0.25", "why='STOP'", "usage.prompt_tokens=7", "usage.details.cached=null", "last=1"]
    );
}

#[test]
fn javascript_inspect() {
    let text = "{ error: { code: 'rate_limit_exceeded', param: undefined, type: unquoted words here }, status: 429 }";
    assert_eq!(seen(text), ["error.code='rate_limit_exceeded'", "error.param=null", "status=429"]);
}

#[test]
fn a_scalar_alone() {
    assert_eq!(seen("41"), ["=41"]);
    assert_eq!(seen(" 'x' and more"), ["='x'"]);
    assert_eq!(seen("NaN"), ["=null"]);
    assert_eq!(seen("-Infinity"), ["=null"]);
}

#[test]
fn what_was_cut_off_is_not_reported() {
    assert_eq!(seen(r#"{"input_tokens": 12, "output_tokens": 15"#), ["input_tokens=12"]);
    assert_eq!(seen(r#"{"input_tokens": 12, "output_tokens": 15,"#), ["input_tokens=12", "output_tokens=15"]);
    assert_eq!(seen(r#"{"a": "x", "b": "cut of"#), ["a='x'"]);
    assert_eq!(seen(r#"{"a": "x", "b": tru"#), ["a='x'"]);
}

#[test]
fn literals_inside_prose() {
    let python = "Error code: 429 - {'error': {'code': 'insufficient_quota'}}";
    let gemini = "429 RESOURCE_EXHAUSTED. {'error': {'code': 429}} tail";
    let list = "Error code: 429 - [{'error': {'code': 429}}]";
    let misleading = "use {braces} and {} or {code: 5}";
    let start = |text: &str| loose::find_object_start(text).map(|at| seen(&text[at..]).join(" "));
    assert_eq!(start(python).as_deref(), Some("error.code='insufficient_quota'"));
    assert_eq!(start(gemini).as_deref(), Some("error.code=429"));
    assert_eq!(start(list).as_deref(), Some("error.code=429"));
    assert_eq!(start(misleading).as_deref(), Some(""), "an empty object is an object");
    assert_eq!(start("no {braces here} at all"), None);
}

#[test]
fn encoded_twice() {
    let twice = r#"upstream said "{\"error\": {\"code\": \"slow_down\"}}""#;
    let body = loose::embedded(twice).expect("there is a literal");
    assert_eq!(seen(&body), ["error.code='slow_down'"]);
    assert_eq!(loose::decoded(r#""CHAT_MODEL""#), "CHAT_MODEL");
    assert_eq!(loose::decoded(r#""a\"b""#), "a\"b");
    assert_eq!(loose::decoded(r#""a" is not allowed"#), r#""a" is not allowed"#);
}

#[test]
fn escapes() {
    assert_eq!(loose::unescape(r#"a\n\t\"\'\\\/"#), "a\n\t\"'\\/");
    assert_eq!(loose::unescape(r"\u00e9\xe9\U0001F600\ud83d\ude00"), "éé😀😀");
    assert_eq!(loose::unescape(r"\ud83d alone \q \u12 \x"), "\u{fffd} alone \\q \\u12 \\x");
}

#[test]
fn too_deep_is_skipped_and_the_rest_still_read() {
    let text = format!("[{}1{}, 2]", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(seen(&text), ["1=2"]);
}

#[test]
fn paths() {
    let mut matched = Vec::new();
    loose::scan("{'choices': [{'finish_reason': 'stop'}]}", &mut |path, _| {
        matched = vec![
            path.is(&["choices", "#", "finish_reason"]),
            path.ends_with(&["finish_reason"]),
            path.is(&["finish_reason"]),
            path.key() == Some("finish_reason"),
        ];
    });
    assert_eq!(matched, [true, true, false, true]);
}

proptest! {
    /// No text panics, and what is read of a valid document is what serde reads.
    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        seen(&text);
        let _unread = loose::embedded(&text);
        let _unread = loose::unescape(&text);
        let _unread = loose::decoded(&text);
    }

    #[test]
    fn never_panics_on_near_misses(text in r#"[{}\[\]()'"\\:,=<>0-9a-zé.\-]{0,200}"#) {
        seen(&text);
        let _unread = loose::embedded(&text);
        let _unread = loose::unescape(&text);
    }

    #[test]
    fn numbers_survive(numbers in proptest::collection::vec(any::<i64>(), 0..20)) {
        let text = serde_json::to_string(&numbers).expect("integers serialise");
        let expected: Vec<String> = numbers.iter().enumerate().map(|(at, number)| format!("{at}={number}")).collect();
        prop_assert_eq!(seen(&text), expected);
    }

    #[test]
    fn strings_survive(text in any::<String>()) {
        let encoded = serde_json::to_string(&text).expect("strings serialise");
        prop_assert_eq!(loose::decoded(&encoded), text);
    }
}
