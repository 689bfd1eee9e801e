//! `keyferry verify` over 10, 100 and 1,000 ceremonies in one folder: time for each ceremony, and the most memory the program had.
//!
//! `cargo bench -p keyferry`. Linux only: it asks `/proc`.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use keyferry_ceremony::testing::Story;
use serde_json::{Value, json};
use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Each is run so often; the fastest counts: the others share the machine with somebody.
const RUNS: u32 = 5;

/// How long a run took, and the most memory it had, in MB.
#[derive(Debug, Clone, Copy)]
struct Cost {
    time: Duration,
    memory: f64,
}

/// One ceremony more in the folder, and what AWS recorded of it.
fn write(folder: &Path, story: &Story, events: &mut Vec<Value>) -> Outcome<()> {
    let own = folder.join(story.plan.ceremony.as_str());
    std::fs::create_dir_all(&own)?;
    for file in story.folder() {
        std::fs::write(own.join(file.name), file.bytes)?;
    }
    for target in &story.plan.targets {
        for (name, time) in [
            ("GetParametersForImport", "2026-11-04T00:00:10Z"),
            ("ImportKeyMaterial", "2026-11-04T01:59:00Z"),
        ] {
            events.push(json!({
                "eventSource": "kms.amazonaws.com",
                "eventName": name,
                "eventTime": time,
                "eventID": format!("event-{}", events.len()),
                "awsRegion": target.key.region,
                "recipientAccountId": target.key.account,
                "resources": [{ "ARN": target.key }],
            }));
        }
    }
    Ok(())
}

/// Runs the program to its end.
fn run(folder: &Path, options: &[&str]) -> Outcome<Cost> {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["verify", "--no-pin"])
        .args(options)
        .arg("ceremonies")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut output = child.stdout.take().ok_or("no output")?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0.0;
    let end = loop {
        // The line is gone with the program's memory.
        memory = f64::max(memory, peak(&status).unwrap_or_default());
        if let Some(end) = child.try_wait()? {
            break end;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let time = start.elapsed();
    let text = reading.join().map_err(|_| "the reader panicked")??;
    if !end.success() || !text.contains("VERIFIED, IF") && !text.contains("\"verified\":true") {
        return Err(format!("{end}: {text}").into());
    }
    Ok(Cost { time, memory })
}

/// The most resident memory so far, in MB.
fn peak(status: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string(status)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u32 =
        line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM")?.parse()?;
    Ok(f64::from(kib) / 1024.0)
}

fn main() -> Outcome<()> {
    println!(
        "{:<12}{:<24}{:>10}{:>16}{:>10}",
        "ceremonies", "", "seconds", "ms a ceremony", "peak MB"
    );
    let folder = tempfile::tempdir()?;
    let (mut story, mut events) = (Story::sound(), Vec::new());
    let mut written = 0;
    for number in [10_u32, 100, 1000] {
        while written < number {
            write(&folder.path().join("ceremonies"), &story, &mut events)?;
            story = story.next();
            written += 1;
        }
        let trail = json!({ "Records": events }).to_string();
        std::fs::write(folder.path().join("trail.json"), trail)?;
        for (name, options) in
            [("", &[][..]), ("--json", &["--json"]), ("--cloudtrail", &["--cloudtrail=trail.json"])]
        {
            let runs = (0..RUNS).map(|_| run(folder.path(), options));
            let runs = runs.collect::<Outcome<Vec<Cost>>>()?;
            let time = runs.iter().map(|cost| cost.time).min().unwrap_or_default().as_secs_f64();
            let memory = runs.iter().map(|cost| cost.memory).fold(0.0, f64::max);
            let each = time * 1000.0 / f64::from(number);
            println!("{number:<12}{name:<24}{time:>10.3}{each:>16.2}{memory:>10.1}");
        }
    }
    Ok(())
}
