//! A disk that fails: `tests/faults/failing.c` before the process.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What it is told, and what it did.
#[derive(Debug)]
pub(crate) struct Disk {
    preloaded: PathBuf,
    control: PathBuf,
}

impl Disk {
    /// One that works.
    pub(crate) fn new(folder: &Path) -> Self {
        let (preloaded, control) = (folder.join("failing.so"), folder.join("failing"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/failing.c");
        // SQLite was built by the same compiler.
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&preloaded, &source])
            .arg("-ldl")
            .status();
        assert!(built.expect("cc runs").success());
        Self { preloaded, control }
    }

    /// For the process that has this disk.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 2] {
        [
            ("LD_PRELOAD", self.preloaded.to_str().expect("text")),
            ("FAILING_DISK", self.control.to_str().expect("text")),
        ]
    }

    /// `write`, `sync` or `wait`, for files with this in their path.
    pub(crate) fn fail(&self, what: &str, name: &str) {
        let next = self.control.with_extension("next");
        std::fs::write(&next, format!("{what} {name}\n")).expect("written");
        std::fs::rename(next, &self.control).expect("renamed");
    }

    pub(crate) fn work(&self) {
        std::fs::remove_file(&self.control).expect("it failed");
    }

    /// What failed, a line each.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.control.with_extension("told")).unwrap_or_default()
    }
}
