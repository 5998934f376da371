//! The section `prices`: read by the types of [`crate::price`], which know what it means.
//!
//! In: a document. Out: a checked [`PricesConfig`], and the [`PriceBook`] that it makes. It knows which files the
//! section names, and no price.

use std::path::Path;

use super::fault::Faults;
use super::raw::Document;
use super::settings::Settings;
use crate::price::{Catalogue, Fault, PriceBook, PricesConfig};

/// Why no price book can be made: the key below `prices` and the problem.
pub type PriceFault = Fault;

/// Reads the section; a relative `catalogue_file` is beside the configuration.
pub(super) fn read(document: &Document, settings: &mut Settings, faults: &mut Faults) {
    let mut prices = match document.section::<PricesConfig>("prices") {
        Ok(Some(prices)) => prices,
        Ok(None) => return,
        Err((place, problem)) => return faults.add(&place, "prices", problem),
    };
    if let (Some(file), Some(folder)) = (&mut prices.catalogue_file, Path::new(&document.path).parent()) {
        *file = folder.join(&*file);
    }
    for fault in price_book(&prices).err().unwrap_or_default() {
        let path = format!("prices.{}", fault.key);
        faults.add(&document.place_of(&path), &path, fault.problem);
    }
    settings.prices = prices;
}

/// The price book of a section, on the embedded catalogue or on the file that it names.
///
/// # Errors
/// Every fault of the section, or why the file cannot be used.
pub fn price_book(prices: &PricesConfig) -> Result<PriceBook, Vec<PriceFault>> {
    let Some(file) = &prices.catalogue_file else { return PriceBook::new(prices) };
    let fault = |problem: String| vec![Fault { key: "catalogue_file".to_owned(), problem }];
    let json = std::fs::read(file)
        .map_err(|error| fault(format!("`{}` cannot be read: {error}", file.display())))?;
    let catalogue = Catalogue::parse(&json)
        .map_err(|error| fault(format!("`{}` is not a price catalogue: {error}", file.display())))?;
    PriceBook::with_catalogue(catalogue, prices)
}
