//! Many uploads at once. KMS takes fifteen a second (AWS KMS developer guide, "Request quotas"); eight at a time stay below that where an
//! answer takes half a second, and whoever is told to slow down does.

use crate::clock::HostClock;
use crate::kms::Kms;
use crate::regions::Regions;
use crate::upload::{self, Job};
use keyferry_bundle::AwsRegion;
use keyferry_bundle::kinds::ReceiptTarget;
use keyferry_console::{Exit, Failure};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// How many at a time.
const AT_ONCE: usize = 8;

/// Uploads all of them. `done` is told of each as soon as KMS shows it, in whatever order; after the first that fails no other is begun,
/// and the failure comes back with the name of its target once those under way have ended.
pub(super) fn upload(
    regions: &(dyn Regions + Sync),
    jobs: &[&Job<'_>],
    mut done: impl FnMut(ReceiptTarget) -> Result<(), Failure>,
) -> Result<(), (usize, Failure)> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(jobs.len()) {
            let send = send.clone();
            let (next, stop) = (&next, &stop);
            scope.spawn(move || {
                let mut clients: BTreeMap<AwsRegion, Rc<dyn Kms>> = BTreeMap::new();
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let outcome = one(regions, &mut clients, job);
                    if send.send((index, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut first: Result<(), (usize, Failure)> = Ok(());
        for (index, outcome) in answers {
            if let Err(failure) = outcome.and_then(&mut done) {
                stop.store(true, Ordering::Relaxed);
                // What nobody knows outweighs what KMS refused.
                let heavier = match &first {
                    Ok(()) => true,
                    Err((_, known)) => known.exit != Exit::Unknown && failure.exit == Exit::Unknown,
                };
                if heavier {
                    first = Err((index, failure));
                }
            }
        }
        first
    })
}

fn one(
    regions: &dyn Regions,
    clients: &mut BTreeMap<AwsRegion, Rc<dyn Kms>>,
    job: &Job<'_>,
) -> Result<ReceiptTarget, Failure> {
    let region = &job.planned.key.region;
    let kms = if let Some(kms) = clients.get(region) {
        Rc::clone(kms)
    } else {
        let kms = regions.at(region)?;
        clients.insert(region.clone(), Rc::clone(&kms));
        kms
    };
    upload::run(kms.as_ref(), &HostClock, &|_| (), job)
}
