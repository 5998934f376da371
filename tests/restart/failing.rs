//! A disk that fails for a while, or is slow: what is answered meanwhile, and what is counted in the end.

use std::time::Duration;

use crate::disk::Disk;
use crate::process::{self, Tollgate, pause};
use crate::traffic::{self, Sender};

const IO: &str = "tollgate_journal_errors_total{reason=\"io\"}";

fn until(what: &str, done: impl Fn() -> bool) {
    let waiting = pause(30_000);
    while !done() {
        assert!(!waiting.is_over(), "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Scenario: writing the journal fails with EIO for a while, or syncing it does. Guarantees: requests are answered 503 with a
/// wait, the reason is counted, scrapes go on with what was kept; afterwards everything goes on, and what was refused is
/// counted once, also after a kill. A sync that failed is not tried again on the same open file.
#[test]
fn what_the_disk_does_not_take_is_refused() {
    for what in ["write", "sync"] {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let tollgate = Tollgate::start(folder.path(), &disk.variables());
        tollgate.is_ready();
        assert_eq!(traffic::post(&tollgate.http, &traffic::request(1, 5)), Some(200));
        assert_eq!(tollgate.settled(), 5.0);
        disk.fail(what, "journal.db");
        let request = traffic::request(2, 3);
        assert_eq!(traffic::post(&tollgate.http, &request), Some(503), "{what}");
        assert_eq!(traffic::wait(&tollgate.http, &request).as_deref(), Some("5"), "{what}");
        until("the reason is counted", || process::value(&tollgate.metrics("text/plain"), IO) > 0.0);
        assert_eq!(tollgate.totals().0, 5.0, "{what}");
        disk.work();
        until("it goes on", || traffic::post(&tollgate.http, &request) == Some(200));
        assert_eq!(tollgate.settled(), 8.0, "{what}");
        tollgate.kill();
        let tollgate = Tollgate::start_ready(folder.path());
        assert_eq!(tollgate.settled(), 8.0, "{what}");
        let told = disk.told();
        assert!(told.lines().any(|line| line.starts_with(what)) && !told.contains("again"), "{told}");
    }
}

/// Scenario: syncs fail under load, and the process is killed in the middle of it. Guarantees: counted = acknowledged.
#[test]
fn a_kill_while_syncs_fail_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path());
    let start = || Tollgate::start(folder.path(), &disk.variables());
    let mut tollgate = start();
    let sender = Sender::start(&tollgate.http, 12);
    for name in ["journal.db", "tollgate.db", "data/"] {
        std::thread::sleep(Duration::from_millis(700));
        disk.fail("sync", name);
        let failed = |line: &str| line.starts_with("sync");
        until("a sync fails", || disk.told().lines().any(failed));
        std::thread::sleep(Duration::from_millis(300));
        tollgate.kill();
        disk.work();
        tollgate = start();
        sender.now_at(&tollgate.http);
        tollgate.is_ready();
    }
    let acknowledged = sender.stop();
    assert_eq!(tollgate.settled(), acknowledged);
    assert!(!disk.told().contains("again"), "{}", disk.told());
}

/// Scenario: snapshots cannot be kept for a while. Guarantees: what is shown stays as it was, and requests are taken, as the
/// journal has them; then everything is shown.
#[test]
fn what_is_shown_waits_for_its_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path());
    let tollgate = Tollgate::start(folder.path(), &disk.variables());
    tollgate.is_ready();
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    disk.fail("sync", "tollgate.db");
    assert_eq!(traffic::post(&tollgate.http, &traffic::request(2, 3)), Some(200));
    until("the reason is counted", || process::value(&tollgate.metrics("text/plain"), IO) > 0.0);
    assert_eq!(tollgate.totals().0, 5.0);
    disk.work();
    assert_eq!(tollgate.settled(), 8.0);
}

/// Scenario: what was kept takes long to be read, each file in turn. Guarantees: meanwhile it is alive and not ready, has no
/// metrics and no ledger yet, and asks senders to come again; it ends when it is told to; and then it goes on.
#[test]
fn while_it_reads_what_was_kept_it_is_alive() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path());
    let tollgate = Tollgate::start_ready(folder.path());
    traffic::post(&tollgate.http, &traffic::request(1, 5));
    assert_eq!(tollgate.settled(), 5.0);
    tollgate.kill();
    for name in ["journal.db", "tollgate.db"] {
        disk.fail("wait", name);
        let tollgate = Tollgate::start(folder.path(), &disk.variables());
        let status = |path: &str| tollgate.get(path, "*/*").map(|(status, _)| status);
        for (path, right) in
            [("/healthz", 200), ("/readyz", 503), ("/metrics", 503), ("/api/v1/spend", 503), ("/", 200)]
        {
            assert_eq!(status(path), Some(right), "{name}: {path}");
        }
        let request = traffic::request(2, 3);
        assert_eq!(traffic::post(&tollgate.http, &request), Some(503), "{name}");
        assert!(traffic::wait(&tollgate.http, &request).is_some(), "{name}");
        if name == "journal.db" {
            tollgate.end();
            disk.work();
            continue;
        }
        disk.work();
        tollgate.is_ready();
        assert_eq!(tollgate.totals().0, 5.0);
        assert_eq!(traffic::post(&tollgate.http, &request), Some(200));
        assert_eq!(tollgate.settled(), 8.0);
    }
}
