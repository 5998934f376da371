//! The sections `prices` and `limits`: read by the types of those modules, which know what they mean.
//!
//! In: a document. Out: checked [`PricesConfig`] and [`LimitsConfig`], and the [`PriceBook`] that the one makes.
//! It knows which files the sections name; it knows no price and no limit.

use std::path::Path;

use super::LONGEST_FILE;
use super::fault::{Faults, Place};
use super::keys::KEYS;
use super::raw::Document;
use super::settings::{Listen, Settings};
use super::whole;
use crate::dialect::VocabularyConfig;
use crate::ledger::{self, LedgerSettings};
use crate::limits::LimitsConfig;
use crate::price::{Catalogue, Fault, PriceBook, PricesConfig};
use crate::push::settings::PushSettings;
use crate::receive::listen::Address;
use crate::regular_file;
use crate::store::unusable;

/// Why no price book can be made: the key below `prices` and the problem.
pub type PriceFault = Fault;

/// Reads the section `prices`; a relative `catalogue_file` is beside the configuration.
pub(super) fn read_prices(document: &Document, settings: &mut Settings, faults: &mut Faults) {
    let Some(mut prices) = whole::read::<PricesConfig>(document, "prices", faults) else { return };
    if let (Some(file), Some(folder)) = (&mut prices.catalogue_file, Path::new(&document.path).parent()) {
        *file = folder.join(&*file);
    }
    settings.prices = prices;
}

/// Reads the section `limits`; its single values keep the ranges of the table of keys.
pub(super) fn read_limits(document: &Document, settings: &mut Settings, faults: &mut Faults) {
    let Some(limits) = whole::read::<LimitsConfig>(document, "limits", faults) else { return };
    settings.limits = limits;
    for key in KEYS.iter().filter(|key| key.path.starts_with("limits.")) {
        if let Err(problem) = key.set(&mut settings.clone(), &key.show(settings)) {
            faults.add(&document.place_of(key.path), key.path, problem);
        }
    }
}

/// Reads the section `vocabulary`.
pub(super) fn read_vocabulary(document: &Document, settings: &mut Settings, faults: &mut Faults) {
    let Some(vocabulary) = whole::read::<VocabularyConfig>(document, "vocabulary", faults) else { return };
    for (steps, problem) in vocabulary.teach().err().unwrap_or_default() {
        let steps: Vec<&str> =
            std::iter::once("vocabulary").chain(steps.iter().map(String::as_str)).collect();
        let mut path = String::new();
        for (place, step) in steps.iter().enumerate() {
            match step.parse::<usize>() {
                Ok(index) => path.push_str(&format!("[{index}]")),
                Err(_) if place == 0 => path.push_str(step),
                Err(_) => path.push_str(&format!(".{step}")),
            }
        }
        faults.add(&document.place_at(&steps), &path, problem);
    }
    settings.vocabulary = vocabulary;
}

/// Reads the section `otlp_metrics`; relative files are beside the configuration.
pub(super) fn read_push(document: &Document, settings: &mut Settings, faults: &mut Faults) {
    let Some(mut push) = whole::read::<PushSettings>(document, "otlp_metrics", faults) else { return };
    if let Some(folder) = Path::new(&document.path).parent() {
        for file in [&mut push.tls.ca, &mut push.tls.cert, &mut push.tls.key].into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
    settings.push = Some(push);
}

/// Reads one of the sections of the ledger.
pub(super) fn read_ledger(document: &Document, name: &str, settings: &mut Settings, faults: &mut Faults) {
    let ledger = &mut settings.ledger;
    match name {
        "ledger" => whole::read(document, name, faults).into_iter().for_each(|read| ledger.ledger = read),
        "attribution" => {
            whole::read(document, name, faults).into_iter().for_each(|read| ledger.attribution = read);
        }
        "credits" => whole::read(document, name, faults).into_iter().for_each(|read| ledger.credits = read),
        _ => whole::read(document, name, faults).into_iter().for_each(|read| ledger.budgets = read),
    }
}

/// Checks what the sections mean, after the environment has been read over them.
pub(super) fn check(
    document: &Document,
    environment: &[(String, String)],
    settings: &Settings,
    faults: &mut Faults,
) {
    let told: Vec<String> = faults.0.iter().map(|fault| fault.key.clone()).collect();
    let mut add = |path: &str, problem: &str| {
        if comes_of(path, &told) {
            return;
        }
        let variable = KEYS.iter().find(|key| key.path == path).map(super::Key::variable);
        let from_variable = environment.iter().find(|(name, _)| Some(name) == variable.as_ref());
        let place = from_variable
            .map_or_else(|| document.place_of(path), |(name, _)| Place::Environment(name.clone()));
        faults.add(&place, path, problem);
    };
    for fault in price_book(&settings.prices).err().unwrap_or_default() {
        add(&format!("prices.{}", fault.key), &fault.problem);
    }
    if let Some(problem) = settings.data.folder.as_deref().and_then(unusable) {
        add("data_dir", &problem);
    }
    let own = [&settings.listen.grpc, &settings.listen.http, &settings.listen.metrics];
    for (key, problem) in shared_ports(&settings.listen) {
        add(key, &problem);
    }
    for (key, problem) in settings.push.iter().flat_map(|push| push.faults(&own)) {
        add(&format!("otlp_metrics.{key}"), &problem);
    }
    let LedgerSettings { ledger, attribution, budgets, credits } = &settings.ledger;
    for (key, problem) in ledger::settings::faults(ledger, attribution, budgets, credits) {
        add(&key, &problem);
    }
    for fault in settings.limits.faults() {
        // It begins with the path: `limits.configured[0]: …`.
        let text = fault.to_string();
        let (path, problem) = text.split_once(": ").unwrap_or(("limits", &text));
        add(path, problem);
    }
}

/// True for what a fault that was told makes of what is above or below it in `prices` and `limits`.
fn comes_of(path: &str, told: &[String]) -> bool {
    let structured = |key: &&String| key.starts_with("prices.") || key.starts_with("limits.");
    told.iter().filter(structured).any(|key| key.starts_with(path) || path.starts_with(&**key))
}

/// Addresses that cannot all be listened on: one port or one socket twice.
fn shared_ports(listen: &Listen) -> Vec<(&'static str, String)> {
    let addresses =
        [("listen.grpc", &listen.grpc), ("listen.http", &listen.http), ("listen.metrics", &listen.metrics)];
    let mut shared = Vec::new();
    for (index, (key, address)) in addresses.into_iter().enumerate() {
        let earlier = addresses[..index].iter().find(|(_, other)| meet(address, other));
        if let Some((other, _)) = earlier {
            shared.push((key, format!("`{address}` is taken by {other}; each wants one of its own")));
        }
    }
    shared
}

fn meet(left: &Address, right: &Address) -> bool {
    match (left, right) {
        (Address::Tcp(left), Address::Tcp(right)) => {
            let everywhere = left.ip().is_unspecified() || right.ip().is_unspecified();
            left.port() == right.port() && left.port() != 0 && (left.ip() == right.ip() || everywhere)
        }
        (Address::Unix(left), Address::Unix(right)) => left == right,
        (Address::Tcp(_), Address::Unix(_)) | (Address::Unix(_), Address::Tcp(_)) => false,
    }
}

/// The price book of a section, on the embedded catalogue or on the file that it names.
///
/// # Errors
/// Every fault of the section, or why the file cannot be used.
pub fn price_book(prices: &PricesConfig) -> Result<PriceBook, Vec<PriceFault>> {
    let Some(file) = &prices.catalogue_file else { return PriceBook::new(prices) };
    let fault = |problem: String| vec![Fault { key: "catalogue_file".to_owned(), problem }];
    let json = regular_file::read_up_to(LONGEST_FILE, file)
        .map_err(|error| fault(format!("`{}` cannot be read: {error}", file.display())))?;
    let catalogue = Catalogue::parse(&json)
        .map_err(|error| fault(format!("`{}` is not a price catalogue: {error}", file.display())))?;
    PriceBook::with_catalogue(catalogue, prices)
}
