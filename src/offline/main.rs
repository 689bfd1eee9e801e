//! The ceremony room's program.

fn main() -> std::process::ExitCode {
    keyferry_offline::run()
}
