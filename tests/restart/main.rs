//! The built binary, killed and started again: what was acknowledged is counted, once, and nothing falls.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::float_cmp, reason = "counts are whole")]

mod disk;
mod failing;
mod money;
mod process;
mod traffic;

use std::time::Duration;

use process::{Tollgate, pause};
use traffic::{Chance, Sender};

/// Kills it at random moments while a client sends. Guarantees of every restart: no counter of calls or dollars is lower
/// than it was shown, and the ledger has at the end what the counters have. What was counted, what was acknowledged.
fn killed(durability: &str, seed: u64, kills: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let start = || Tollgate::start(folder.path(), &[("TOLLGATE_DURABILITY", durability)]);
    let mut chance = Chance::new(seed);
    let mut tollgate = start();
    let sender = Sender::start(&tollgate.http, seed);
    let mut shown = (0.0, 0.0);
    for kill in 0..kills {
        let end = pause(chance.between(100, 1500));
        while !end.is_over() {
            let now = tollgate.totals();
            assert!(
                now.0 >= shown.0 && now.1 >= shown.1,
                "kill {kill}, seed {seed}: {shown:?} was shown, now {now:?}"
            );
            shown = now;
            std::thread::sleep(Duration::from_millis(100));
        }
        tollgate.kill();
        tollgate = start();
        sender.now_at(&tollgate.http);
        tollgate.is_ready();
    }
    let acknowledged = sender.stop();
    let counted = tollgate.settled();
    let (calls, dollars) = tollgate.ledger();
    // The counters' dollars are a sum of floats, one for each kind of token.
    let totals = tollgate.totals();
    assert!(
        calls == totals.0 && (dollars - totals.1).abs() < 1e-12,
        "{:?}, counters {totals:?}",
        (calls, dollars)
    );
    (counted, acknowledged)
}

/// Scenario: kill -9 at random moments, spans waiting, a client that sends again what was not acknowledged. Guarantees:
/// counted = acknowledged, exactly.
#[test]
fn what_was_acknowledged_is_counted_once() {
    let (counted, acknowledged) = killed("acknowledged", 10, 8);
    assert!(acknowledged > 500.0, "{acknowledged} are too few to tell");
    assert_eq!(counted, acknowledged);
}

/// The same with answers before the commit. Guarantees: nothing twice, and at most the last second of each life is lost.
#[test]
fn relaxed_loses_at_most_a_second() {
    let (counted, acknowledged) = killed("relaxed", 11, 5);
    assert!(counted <= acknowledged && counted > acknowledged / 2.0, "{counted} of {acknowledged}");
}

/// Scenario: it is told to end, with spans waiting, and starts again. Guarantees: the same values at once, with their
/// beginnings, and the waiting spans in their time; a resend is recognised.
#[test]
fn an_orderly_restart_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    let first = traffic::request(1, 5);
    assert_eq!(traffic::post(&tollgate.http, &first), Some(200));
    assert_eq!(tollgate.settled(), 5.0);
    let created = |document: String| -> Vec<String> {
        document.lines().filter(|line| line.contains("_created{")).map(str::to_owned).collect()
    };
    let before = created(tollgate.metrics("application/openmetrics-text"));
    assert!(before.len() > 5);
    assert_eq!(traffic::post(&tollgate.http, &traffic::request(2, 3)), Some(200));
    let log = tollgate.end();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    let tollgate = Tollgate::start_ready(folder.path());
    assert!(tollgate.totals().0 >= 5.0, "{:?}", tollgate.totals());
    assert_eq!(traffic::post(&tollgate.http, &first), Some(200));
    assert_eq!(tollgate.settled(), 8.0);
    let after = created(tollgate.metrics("application/openmetrics-text"));
    assert!(before.iter().all(|line| after.contains(line)), "{before:?}\n{after:?}");
}

/// Guarantees: the ledger is whole after an orderly restart and after a kill, also where counters begin anew, and is read by
/// SQL while Tollgate runs.
#[test]
fn the_ledger_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    let dollars = 5.0 * (1000.0 * 0.15 + 7.0 * 0.6) / 1e6;
    assert_eq!(tollgate.ledger(), (5.0, dollars));
    tollgate.end();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.ledger(), (5.0, dollars));
    traffic::post(&tollgate.http, &traffic::request(2, 5));
    assert_eq!(tollgate.settled(), 10.0);
    let database = folder.path().join("data/tollgate.db");
    let open =
        rusqlite::Connection::open_with_flags(&database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let read = |sql: &str| -> (String, f64, f64) {
        open.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    };
    let by_model = "SELECT model, sum(calls), sum(pico_usd) / 1e12 FROM ledger_day GROUP BY model";
    assert_eq!(read(by_model), ("gpt-4o-mini".to_owned(), 10.0, 2.0 * dollars));
    drop(open);
    tollgate.kill();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.ledger(), (10.0, 2.0 * dollars));
}

/// Guarantees: who is forgotten is in neither file and in no log beside them, and the sums stay.
#[test]
fn who_is_forgotten_is_in_no_file() {
    const ALICE: &str = "alice-of-this-test";
    let user =
        format!(r#"{{"key":"user.id","value":{{"stringValue":"{ALICE}"}}}},{{"key":"gen_ai.operation.name""#);
    let request = traffic::request(1, 5).replace(r#"{"key":"gen_ai.operation.name""#, &user);
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &request);
    assert_eq!(tollgate.settled(), 5.0);
    let before = tollgate.ledger();
    tollgate.end();
    let named = || -> Vec<String> {
        let files = std::fs::read_dir(folder.path().join("data")).unwrap().map(|file| file.unwrap().path());
        let has = |bytes: &[u8]| bytes.windows(ALICE.len()).any(|part| part == ALICE.as_bytes());
        files
            .filter(|file| has(&std::fs::read(file).unwrap()))
            .map(|file| file.display().to_string())
            .collect()
    };
    assert!(!named().is_empty(), "the ledger has her");
    let told = process::forget(folder.path(), &format!("user={ALICE}"));
    assert!(told.starts_with("1 rows of user="), "{told}");
    assert_eq!(named(), Vec::<String>::new());
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.ledger(), before);
}

/// Scenario: a backup is taken, more is counted, the backup is put in place. Guarantees: the copy is made while
/// Tollgate runs; every series begins anew at 0, and what comes then is counted from there.
#[test]
fn a_restored_backup_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    let copy = folder.path().join("copy.db");
    let told = process::backup(folder.path(), &copy);
    assert!(told.starts_with("copied to "), "{told}");
    traffic::post(&tollgate.http, &traffic::request(2, 4));
    assert_eq!(tollgate.settled(), 9.0);
    tollgate.end();
    for name in ["tollgate.db-wal", "tollgate.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join("data").join(name));
    }
    std::fs::rename(copy, folder.path().join("data/tollgate.db")).unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.totals().0, 0.0);
    traffic::post(&tollgate.http, &traffic::request(3, 2));
    assert_eq!(tollgate.settled(), 2.0);
    let log = tollgate.end();
    assert!(log.contains("begins anew at 0"), "{log}");
}

/// Guarantees: a journal whose bytes were changed is set aside, said so, and the process serves.
#[test]
fn a_damaged_journal_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    tollgate.end();
    let data = folder.path().join("data");
    for name in ["journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::write(data.join("journal.db"), [7; 9000]).unwrap();
    let tollgate = Tollgate::start_ready(folder.path());
    assert_eq!(tollgate.totals().0, 0.0);
    traffic::post(&tollgate.http, &traffic::request(3, 2));
    assert_eq!(tollgate.settled(), 2.0);
    let log = tollgate.end();
    assert!(log.contains("journal.db is damaged") && log.contains("begins anew at 0"), "{log}");
}

/// Scenario: files of format 1, as a Tollgate of November 2026 left them, with five calls counted and three that wait.
/// Guarantees: they are read, by this version and every later one.
#[test]
fn files_of_version_1_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    for name in ["journal.db", "tollgate.db"] {
        let kept =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/restart/version-1").join(name);
        std::fs::copy(kept, folder.path().join("data").join(name)).unwrap();
    }
    let tollgate = Tollgate::start(folder.path(), &[("TOLLGATE_SERIES_IDLE_SECONDS", "0")]);
    tollgate.is_ready();
    assert_eq!(tollgate.settled(), 8.0);
    let log = tollgate.end();
    assert!(log.contains("going on where it ends") && !log.contains("anew"), "{log}");
}

/// Scenario: the directory has more bytes than it may. Guarantees: a request is answered 503 with a wait, the reason is
/// counted, scrapes go on with what was kept; when there is room again, so does everything.
#[test]
fn what_cannot_be_kept_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tollgate = Tollgate::start(folder.path(), &[("TOLLGATE_DATA_MAX_BYTES", "16MiB")]);
    tollgate.is_ready();
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    let ballast = folder.path().join("data/ballast");
    std::fs::write(&ballast, vec![0; 17 << 20]).unwrap();
    assert_eq!(traffic::post(&tollgate.http, &traffic::request(2, 3)), Some(503));
    assert_eq!(traffic::wait(&tollgate.http, &traffic::request(2, 3)).as_deref(), Some("5"));
    let (waiting, counted) = (pause(10_000), "tollgate_journal_errors_total{reason=\"max_bytes\"}");
    while process::value(&tollgate.metrics("text/plain"), counted) == 0.0 {
        assert!(!waiting.is_over(), "the reason is not counted");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(tollgate.totals().0, 5.0);
    std::fs::remove_file(ballast).unwrap();
    let waiting = pause(10_000);
    while traffic::post(&tollgate.http, &traffic::request(2, 3)) != Some(200) {
        assert!(!waiting.is_over(), "it does not go on");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(tollgate.settled(), 8.0);
}

/// Guarantees: a second process on one directory ends, and names both.
#[test]
fn one_process_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let first = Tollgate::start_ready(folder.path());
    let (status, told) = process::refused(folder.path());
    let expected = format!("process {} has it, and this process, ", first.id());
    assert!(told.contains(&expected), "{told}");
    assert_eq!(status, Some(1));
}

/// Scenario: without a directory, a scraper that comes every half second. Guarantees: after the signal the OTLP ports
/// are closed, and `/metrics` stays until that scraper has read everything; nobody else is waited for.
#[test]
fn without_a_directory_the_last_values_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = [
        ("TOLLGATE_DATA_DIR", ""),
        ("TOLLGATE_SERIES_HOLD_SECONDS", "auto"),
        ("TOLLGATE_SETTLE_SECONDS", "60"),
    ];
    let tollgate = Tollgate::start(folder.path(), &nowhere);
    for _ in 0..3 {
        tollgate.scrape();
        std::thread::sleep(Duration::from_millis(500));
    }
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.totals().0, 0.0, "they wait");
    tollgate.signal("-TERM");
    let waiting = pause(5000);
    while traffic::post(&tollgate.http, &traffic::request(2, 1)).is_some() {
        assert!(!waiting.is_over(), "the OTLP port is still open");
        std::thread::sleep(Duration::from_millis(20));
    }
    while process::value(&tollgate.scrape().expect("metrics stay"), "llm_requests_total") != 5.0 {
        assert!(!waiting.is_over(), "the last values are not shown");
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = tollgate.ended();
    assert!(log.contains("every regular scraper"), "{log}");
}

/// Scenario: calls were counted and shown, and others were acknowledged a moment before a kill; the next process has other
/// prices. Guarantees: what was shown keeps its dollars to the last digit, in the counters and in the ledger; each call has one
/// price.
#[test]
fn a_replay_prices_nothing_that_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("tollgate.yaml");
    std::fs::write(&prices, "{}").unwrap();
    let settings = [("TOLLGATE_CONFIG", prices.to_str().unwrap())];
    let tollgate = Tollgate::start(folder.path(), &settings);
    tollgate.is_ready();
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    let shown = tollgate.totals();
    assert_eq!(traffic::post(&tollgate.http, &traffic::request(2, 3)), Some(200));
    tollgate.kill();
    std::fs::write(
        &prices,
        "prices: {models: [{provider: openai, model: gpt-4o-mini, prices: {input: 1000, output: 0.6}}]}",
    )
    .unwrap();
    let tollgate = Tollgate::start(folder.path(), &settings);
    tollgate.is_ready();
    let of_three = |input: f64| 3.0 * (1000.0 * input + 7.0 * 0.6) / 1e6;
    // The three were not on disk as counted, or, where the kill was late, they were.
    let allowed = [shown.1, shown.1 + of_three(1000.0), shown.1 + of_three(0.15)];
    let is = |dollars: f64, which: &[f64]| which.iter().any(|right| (dollars - right).abs() < 1e-9);
    let at_once = tollgate.totals();
    assert!(is(at_once.1, &allowed), "{shown:?} was shown, now {at_once:?}");
    assert_eq!(tollgate.settled(), 8.0);
    let (dollars, ledger) = (tollgate.totals().1, tollgate.ledger().1);
    assert!(is(dollars, &allowed[1..]) && (ledger - dollars).abs() < 1e-9, "{shown:?}, {dollars}, {ledger}");
}
