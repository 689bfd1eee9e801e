//! Trying many points, on every core.

use super::Cut;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Tries every point. What went wrong at any of them is told at the end, all at once; what a point returns is counted.
pub(crate) fn each(points: &[Cut], work: impl Fn(Cut) -> Result<Vec<String>, String> + Sync) {
    let next = AtomicUsize::new(0);
    let (wrong, notes) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::<String, usize>::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(cut) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match work(*cut) {
                        Ok(seen) => {
                            for note in seen {
                                *notes.lock().unwrap().entry(note).or_default() += 1;
                            }
                        }
                        Err(problem) => {
                            println!("  {cut}: {problem}");
                            wrong.lock().unwrap().push(format!("{cut}: {problem}"));
                        }
                    }
                }
            });
        }
    });
    for (note, count) in notes.into_inner().unwrap() {
        println!("  {note}: at {count} points");
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} points:\n{}", wrong.len(), points.len(), wrong.join("\n"));
}
