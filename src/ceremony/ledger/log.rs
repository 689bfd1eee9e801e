//! Where the reading of the HSM's log stands.

use crate::hsm_log::{Broken, ENTRY, Entry, follow};
use crate::log;
use keyferry_bundle::kinds::LogHead;
use keyferry_bundle::{Base64, Device, Digest, Log, Verified};
use serde::{Deserialize, Serialize};

/// What was read of an HSM's log, and how much of it is in bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogMemory {
    /// The device bundle under which it was read last.
    device: Digest,
    /// How many log bundles there are.
    counter: u32,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Digest>,
    /// The entry before the first pending one; none after a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<LogHead>,
    /// Entries that were read, and may have been acknowledged, and are in no bundle yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Base64>,
    unlogged_boots: u16,
    unlogged_authentications: u16,
}

/// Why entries do not continue what was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogGap {
    /// Entries between are gone.
    #[error(
        "it was read up to entry {read}, and the HSM has entries from {first} on: what lies between is gone"
    )]
    Missing {
        /// The last entry that was read.
        read: u16,
        /// The first that the HSM has.
        first: u16,
    },
    /// An entry that was read before is another one now.
    #[error("entry {0} is another one than was read before")]
    Changed(u16),
    /// The new entries do not follow each other.
    #[error("it is broken: {0}")]
    Broken(#[from] Broken),
}

impl LogMemory {
    /// Nothing was read since the device's anchor.
    #[must_use]
    pub fn begin(device: &Verified<Device>) -> Self {
        Self {
            device: device.digest(),
            counter: 0,
            previous: None,
            from: Some(device.body().log_anchor),
            pending: None,
            unlogged_boots: 0,
            unlogged_authentications: 0,
        }
    }

    /// The next log bundle is on the medium, and what comes after it is read next. One from long ago changes nothing.
    pub fn bundled(&mut self, bundle: &Verified<Log>) {
        let body = bundle.body();
        if Some(body.counter) != self.counter.checked_add(1) || body.previous != self.previous {
            return;
        }
        self.counter = bundle.body().counter;
        self.previous = Some(bundle.digest());
        self.from = log::last(bundle.body());
        self.pending = None;
        (self.unlogged_boots, self.unlogged_authentications) = (0, 0);
    }

    /// Starts and authentications that the device did not log.
    #[must_use]
    pub const fn unlogged(&self) -> (u16, u16) {
        (self.unlogged_boots, self.unlogged_authentications)
    }

    /// Whether no bundle was made yet: what it has pending begins at the device's anchor.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.counter == 0
    }

    /// Forgets where it was read up to: what lies between is lost, and the next bundle says so.
    pub fn accept_gap(&mut self) {
        self.from = None;
        self.pending = None;
    }

    /// What was read of this HSM's log, under whatever device bundle; `entries` are those that it has now. It begins anew with a device
    /// bundle whose anchor the HSM still has, and whose log it was not that was read before: then the HSM was reset and set up again.
    #[must_use]
    pub fn of(known: Option<Self>, device: &Verified<Device>, entries: &[[u8; ENTRY]]) -> Self {
        let Some(mut known) = known else { return Self::begin(device) };
        if known.device == device.digest() {
            return known;
        }
        let anchor = device.body().log_anchor;
        let anew = entries.first().is_some_and(|bytes| Entry::decode(bytes).head() == anchor);
        if anew && known.clone().read(entries, (0, 0)).is_err() {
            return Self::begin(device);
        }
        known.device = device.digest();
        known
    }

    /// Takes what the device says of its log. Returns how many entries are new.
    ///
    /// # Errors
    /// When they do not continue what was read before; nothing was taken then.
    pub fn read(&mut self, entries: &[[u8; ENTRY]], unlogged: (u16, u16)) -> Result<usize, LogGap> {
        let fresh = match self.head() {
            None => entries,
            Some(head) => fresh(head, entries)?,
        };
        follow(self.head(), fresh)?;
        let mut all = self.pending().to_vec();
        all.extend_from_slice(fresh);
        self.pending = Base64::new(all.concat()).ok();
        // The device counts until somebody acknowledges: the higher count is of the time since the last bundle.
        self.unlogged_boots = self.unlogged_boots.max(unlogged.0);
        self.unlogged_authentications = self.unlogged_authentications.max(unlogged.1);
        Ok(fresh.len())
    }

    /// The last entry that was read.
    #[must_use]
    pub fn head(&self) -> Option<LogHead> {
        self.pending().last().map(|bytes| Entry::decode(bytes).head()).or(self.from)
    }

    /// Entries that are in no bundle yet.
    #[must_use]
    pub fn pending(&self) -> &[[u8; ENTRY]] {
        self.pending.as_ref().map_or(&[], |bytes| bytes.as_bytes().as_chunks().0)
    }

    /// Completes the next log bundle with what is pending; `None` where nothing is.
    #[must_use]
    pub fn next(&self, mut log: Log) -> Option<Log> {
        log.counter = self.counter.checked_add(1)?;
        log.previous = self.previous;
        log.from = self.from;
        log.entries = self.pending.clone()?;
        (log.unlogged_boots, log.unlogged_authentications) =
            (self.unlogged_boots, self.unlogged_authentications);
        Some(log)
    }
}

/// The entries after `head`, which the device may still have.
fn fresh(head: LogHead, entries: &[[u8; ENTRY]]) -> Result<&[[u8; ENTRY]], LogGap> {
    let known = |bytes: &[u8; ENTRY]| Entry::decode(bytes).number == head.number;
    if let Some(at) = entries.iter().position(known) {
        let (before, after) = entries.split_at(at + 1);
        let same = before.last().is_some_and(|bytes| Entry::decode(bytes).head() == head);
        return if same { Ok(after) } else { Err(LogGap::Changed(head.number)) };
    }
    match entries.first().map(|bytes| Entry::decode(bytes).number) {
        Some(first) if first != head.number.wrapping_add(1) => {
            Err(LogGap::Missing { read: head.number, first })
        }
        Some(_) | None => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Story, deeds};
    use keyferry_bundle::kinds::KeptAs;
    use proptest::prelude::*;

    fn sound() -> (LogMemory, Vec<[u8; ENTRY]>) {
        let mut story = Story::sound();
        story.record(&deeds::usual(KeptAs::Opaque));
        story.relink();
        (LogMemory::begin(&story.accept_device().unwrap()), story.log.entries().to_vec())
    }

    #[test]
    fn what_was_read_twice_is_taken_once() {
        let (mut memory, entries) = sound();
        assert_eq!(memory.read(&entries[..5], (0, 0)), Ok(5));
        assert_eq!(memory.read(&entries[2..], (0, 1)), Ok(entries.len() - 5));
        assert_eq!(memory.read(&entries[2..], (0, 0)), Ok(0));
        assert_eq!(memory.read(&[], (0, 0)), Ok(0));
        assert_eq!(memory.pending(), entries);
        assert_eq!(memory.unlogged_authentications, 1);
    }

    /// The folder of an earlier ceremony comes back.
    #[test]
    fn a_log_bundle_from_long_ago_takes_nothing_back() {
        let story = Story::sound();
        let (mut memory, entries) = sound();
        memory.read(&entries, (0, 0)).unwrap();
        let first = story.accept_log().unwrap();
        memory.bundled(&first);
        assert_eq!((memory.counter, memory.pending().len()), (1, 0));
        let mut second = story.clone();
        second.log_after(&story);
        memory.read(second.log.entries(), (0, 0)).unwrap();
        let pending = memory.clone();
        memory.bundled(&first);
        assert_eq!(memory, pending);
        memory.bundled(&second.accept_log().unwrap());
        assert_eq!(memory.counter, 2);
    }

    /// A new version of the policy brings a new device bundle; a reset brings a new log.
    #[test]
    fn the_log_goes_on_under_a_new_device_bundle_and_begins_anew_after_a_reset() {
        let (mut memory, entries) = sound();
        memory.read(&entries[..5], (0, 0)).unwrap();
        let mut story = Story::sound();
        story.device.created = story.device.created.plus_days(1);
        story.device.log_anchor = Entry::decode(&entries[4]).head();
        story.relink();
        let device = story.accept_device().unwrap();
        let mut on = LogMemory::of(Some(memory.clone()), &device, &entries);
        assert_eq!(on.read(&entries, (0, 0)), Ok(entries.len() - 5));
        assert_eq!(on.from, memory.from);
        let reset = Entry::after(&[5; 16], 1, crate::hsm_log::Record::RESET);
        story.device.log_anchor = reset.head();
        story.relink();
        let device = story.accept_device().unwrap();
        let anew = LogMemory::of(Some(memory), &device, &[reset.encode()]);
        assert_eq!(anew, LogMemory::begin(&device));
    }

    /// Somebody else acknowledged: attack 20 of the threat model.
    #[test]
    fn entries_that_somebody_acknowledged_leave_a_gap() {
        let (mut memory, entries) = sound();
        memory.read(&entries[..5], (0, 0)).unwrap();
        let gap = memory.read(&entries[7..], (0, 0)).unwrap_err();
        assert_eq!(gap, LogGap::Missing { read: 8, first: 11 });
        assert_eq!(memory.pending().len(), 5);
        memory.accept_gap();
        assert_eq!(memory.read(&entries[7..], (0, 0)), Ok(entries.len() - 7));
        assert_eq!(memory.from, None);
    }

    #[test]
    fn an_entry_that_changed_since_is_named() {
        let (mut memory, mut entries) = sound();
        memory.read(&entries[..5], (0, 0)).unwrap();
        entries[4][31] ^= 1;
        assert_eq!(memory.read(&entries, (0, 0)), Err(LogGap::Changed(8)));
    }

    proptest! {
        #[test]
        fn in_whatever_pieces_it_is_read_it_is_the_same_log(
            cuts in prop::collection::vec((0_usize..15, 0_usize..15), 0..8),
        ) {
            let (mut memory, entries) = sound();
            let mut reached = 0;
            for (back, ahead) in cuts {
                let from = reached.min(back);
                let to = (reached + ahead).min(entries.len());
                memory.read(&entries[from..to.max(from)], (0, 0)).unwrap();
                reached = reached.max(to);
            }
            memory.read(&entries[reached.min(3)..], (0, 0)).unwrap();
            prop_assert_eq!(memory.pending(), entries);
        }
    }
}
