//! The bastion's program; everything is in the library.

fn main() -> std::process::ExitCode {
    keyferry_online::main()
}
