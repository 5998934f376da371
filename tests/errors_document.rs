//! `docs/errors.md` is what the tables say.

use std::{env, fs};

#[test]
fn the_committed_page_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let page = tollgate::classify::document();
    if env::var_os("TOLLGATE_WRITE_DOCS").is_some() {
        fs::write(path, &page).expect("docs/ can be written");
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/errors.md is old: TOLLGATE_WRITE_DOCS=1 cargo test --test errors_document"
    );
}
