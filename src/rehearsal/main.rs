//! What `cargo rehearse` runs.

fn main() -> std::process::ExitCode {
    keyferry_rehearsal::run()
}
