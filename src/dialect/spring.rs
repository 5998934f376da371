//! Spring Boot: Spring AI 1 and 2, and Micrometer's HTTP client, all under one scope.
//!
//! Source: captures of Spring AI 2.0 on Boot 4.0; the 1.x documentation. Every value is text, also `none` for nothing.
//! Anthropic input is without cached tokens. Up to Boot 3 (Spring AI 1) each call of a tool loop states the sum so far.

use super::Fact::*;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("method", Of("spring_ai", &HttpMethod)),
    key("status", Of("spring_ai", &StatusCode)),
    key("uri", Of("spring_ai", &UrlPath)),
    key("client.name", Of("spring_ai", &ServerAddress(3))),
    key("target.host", Of("spring_ai", &ServerAddress(4))),
    key("target.path", Of("spring_ai", &UrlPath)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("spring_ai", "org.springframework.*", Layer::Framework)
        .before("4.0")
        .exclusive()
        .with(&[Trait::Accumulates]),
    Profile::new("spring_ai", "org.springframework.*", Layer::Framework).exclusive(),
    Profile::new("spring_ai", "io.micrometer*", Layer::Framework).exclusive(),
];
