//! The officers', witnesses' and auditors' program.

fn main() -> std::process::ExitCode {
    keyferry::run()
}
