//! What is done to a ledger while Tollgate runs: other prices, names that are forgotten or never kept.

use std::path::Path;

use crate::process::{self, Tollgate};
use crate::traffic;

const ALICE: &str = "alice-of-this-test";
const SESSION: &str = "session-of-this-test";

/// Five calls of Alice in a session, to a model of our own.
fn request(number: u64) -> String {
    let text = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}},"#);
    let named = format!(
        r#"{}{}{{"key":"gen_ai.operation.name""#,
        text("user.id", ALICE),
        text("session.id", SESSION)
    );
    let request = traffic::request(number, 5).replace(r#"{"key":"gen_ai.operation.name""#, &named);
    request.replace("gpt-4o-mini", "acme-7b")
}

fn write(folder: &Path, configuration: &str) {
    std::fs::write(folder.join("tollgate.yaml"), configuration).unwrap();
}

/// Files of the directory that have a text, write-ahead logs included.
fn having(folder: &Path, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("data")).unwrap().map(|file| file.unwrap().path());
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let files = files.filter(|file| std::fs::read(file).is_ok_and(|bytes| has(&bytes)));
    files.map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// Scenario: a model has no price; then the configuration has one, and is read again. Guarantees: nothing is written
/// unless it is asked for; then the ledger is what it would have been, the counters stay, what it was before is kept
/// with the time, and all that outlives the process.
#[test]
fn what_had_no_price_gets_one_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "attribution: {session: {on: true}}\n");
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &request(1));
    assert_eq!(tollgate.settled(), 5.0);
    let reprice =
        |more: &[&str]| tollgate.command(folder.path(), &[&["reprice", "--from", "2d"], more].concat());
    let told = reprice(&["--apply"]);
    assert!(told.contains("Not repriced: 5 calls of $0: no price is known for them."), "{told}");
    let prices = "prices: {models: [{model: acme-7b, prices: {input: 2, output: 3}}]}\n";
    write(folder.path(), &format!("attribution: {{session: {{on: true}}}}\n{prices}"));
    tollgate.signal("-HUP");
    let dry = process::until(|| Some(reprice(&[])).filter(|told| told.contains("would change")));
    let dollars = 5.0 * (1000.0 * 2.0 + 7.0 * 3.0) / 1e6;
    assert!(dry.contains("5 calls would change; their $0 would be $0.010105"), "{dry}");
    assert!(dry.contains("5,035 tokens that had no price have one.") && dry.contains("--apply"), "{dry}");
    assert_eq!(tollgate.ledger(), (5.0, 0.0));
    let told = reprice(&["--apply"]);
    assert!(told.contains("5 calls changed; their $0 are $0.010105"), "{told}");
    assert_eq!((tollgate.ledger(), tollgate.totals()), ((5.0, dollars), (5.0, 0.0)));
    assert!(reprice(&["--apply"]).contains("0 calls changed"));
    traffic::post(&tollgate.http, &request(2));
    assert_eq!(tollgate.settled(), 10.0);
    assert_eq!((tollgate.ledger(), tollgate.totals()), ((10.0, 2.0 * dollars), (10.0, dollars)));
    assert_eq!(tollgate.spent(&format!("session={SESSION}")), (10.0, 2.0 * dollars));
    tollgate.kill();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.ledger(), (10.0, 2.0 * dollars));
    assert_eq!(tollgate.spent(&format!("session={SESSION}")), (10.0, 2.0 * dollars));
    let database = folder.path().join("data/tollgate.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let open = rusqlite::Connection::open_with_flags(database, flags).unwrap();
    let sql = "SELECT calls, price_source, former_pico_usd, former_unpriced_tokens, repriced > '2020' FROM ledger_repriced";
    let former = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    };
    let former: (i64, String, i64, i64, bool) = open.query_row(sql, (), former).unwrap();
    assert_eq!(former, (5, "unpriced".to_owned(), 0, 5035, true));
}

/// Scenario: Alice is forgotten while Tollgate runs and her last spans wait. Guarantees: an answer comes when she is in no
/// file and no log beside it; sums stay; nobody can ask for it with a page of a browser.
#[test]
fn who_is_forgotten_while_it_runs_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "attribution: {session: {on: true}}\n");
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &request(1));
    assert_eq!(tollgate.settled(), 5.0);
    traffic::post(&tollgate.http, &request(2));
    assert!(!having(folder.path(), ALICE).is_empty(), "the ledger has her");
    assert_eq!(tollgate.post("/api/v1/ledger/forget", &format!("user={ALICE}")), 405);
    let told = tollgate.command(folder.path(), &["forget", &format!("user={ALICE}")]);
    assert!(told.contains("are put down to `forgotten` now"), "{told}");
    assert_eq!(having(folder.path(), ALICE), Vec::<String>::new());
    assert_eq!((tollgate.settled(), tollgate.ledger().0), (10.0, 10.0));
    assert_eq!(tollgate.spent("user=forgotten").0, 10.0);
    tollgate.end();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.spent("user=forgotten").0, 10.0);
}

/// Guarantees: a name that is kept as a hash is in no file at any time, is the same after a restart, and is found by who
/// knows it.
#[test]
fn a_hashed_name_is_never_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "attribution: {user: {hash: true}}\n");
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &request(1));
    assert_eq!(having(folder.path(), ALICE), Vec::<String>::new(), "it waits");
    assert_eq!(tollgate.settled(), 5.0);
    assert_eq!(tollgate.spent(&format!("user={ALICE}")).0, 5.0);
    tollgate.end();
    assert_eq!(having(folder.path(), ALICE), Vec::<String>::new());
    assert!(!having(folder.path(), "hmac-").is_empty());
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &request(2));
    assert_eq!(tollgate.settled(), 10.0);
    assert_eq!(tollgate.spent(&format!("user={ALICE}")).0, 10.0);
    tollgate.command(folder.path(), &["forget", &format!("user={ALICE}")]);
    assert_eq!(tollgate.spent(&format!("user={ALICE}")).0, 0.0);
}
