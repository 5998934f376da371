//! `tollgate`: parse the arguments, run the command, tell the outcome.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tollgate::command::CommandLine;

fn main() -> ExitCode {
    match CommandLine::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to tell when standard error is gone too.
            let _ = writeln!(std::io::stderr(), "{failure}");
            failure.exit_code()
        }
    }
}
