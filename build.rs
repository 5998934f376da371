//! Compiles `proto/` to Rust without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files =
        protox::compile(["proto/trace.proto", "proto/status.proto", "proto/metrics.proto"], ["proto"])?;
    prost_build::Config::new().compile_fds(files)?;
    Ok(())
}
