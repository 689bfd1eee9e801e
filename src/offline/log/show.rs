//! `keyferry-offline log show`.

use super::dump;
use keyferry_ceremony::hsm_log::{Entry, follow};
use keyferry_console::{Exit, Failure, Screen};
use serde_json::json;
use std::path::PathBuf;

/// Which log.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry-offline log show hsm-1.hex")]
pub(crate) struct Args {
    /// What `yubihsm-shell -a get-logs` printed, with `--outformat hex` or without
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let dump = dump(&args.file)?;
    let mut listed = Vec::new();
    for bytes in &dump.entries {
        let entry = Entry::decode(bytes);
        screen.result(format!("{:5}  {}", entry.number, entry.record))?;
        listed.push(json!({
            "number": entry.number,
            "command": entry.record.command,
            "session_key": entry.record.session_key,
            "target": entry.record.target,
            "second": entry.record.second,
            "result": entry.record.result,
            "tick": entry.record.tick,
            "digest": entry.head().digest,
        }));
    }
    let (boots, sessions) = (dump.unlogged_boots, dump.unlogged_authentications);
    screen.say(format!("Not logged: {boots} starts, {sessions} sessions."));
    screen.json(&json!({
        "entries": listed,
        "unlogged_boots": boots,
        "unlogged_authentications": sessions,
    }))?;
    follow(None, &dump.entries).map(drop).map_err(|broken| {
        Failure::new(Exit::Refused, "log-broken", "the entries do not follow each other")
            .because(broken)
    })
}
