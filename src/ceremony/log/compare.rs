//! What a second reader finds: the host that the room used owns the session, and could make up a whole log.

use crate::hsm_log::{Broken, ENTRY, Entry, follow};
use keyferry_bundle::Log;

/// What the HSM still has, beside what a log bundle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// How many entries are the same in both.
    pub same: usize,
    /// Entries after the bundle's last.
    pub newer: Vec<Entry>,
}

/// Why the HSM's own log is not the one of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// An entry differs.
    #[error("entry {0} is another one in the HSM than in the bundle: the bundle was made up")]
    Entry(u16),
    /// Nothing of the bundle is left, and more than that is gone.
    #[error(
        "the HSM begins with entry {first}, the bundle ends with entry {last}: what lies between was acknowledged, by a later ceremony or by somebody"
    )]
    Gone {
        /// The first entry that the HSM has.
        first: u16,
        /// The last of the bundle.
        last: u16,
    },
    /// The HSM ends before the bundle does.
    #[error(
        "the HSM's last entry is {found}, the bundle goes on to entry {last}: the bundle was made up, or this is another HSM's log"
    )]
    Short {
        /// The last entry that the HSM has.
        found: u16,
        /// The last of the bundle.
        last: u16,
    },
    /// What is newer does not follow.
    #[error("what the HSM logged since does not follow: {0}")]
    Broken(#[from] Broken),
}

/// Holds the entries that a second reader took from the HSM against a log bundle.
///
/// # Errors
/// The first entry that differs, or a gap.
pub fn compare(log: &Log, entries: &[[u8; ENTRY]]) -> Result<Compared, Disagreement> {
    let number = |bytes: &[u8; ENTRY]| Entry::decode(bytes).number;
    let Some(last) = log.entries().last().map(|bytes| Entry::decode(bytes).head()) else {
        return Ok(Compared { same: 0, newer: Vec::new() });
    };
    let mut same = 0;
    for bytes in entries {
        match log.entries().iter().find(|known| number(known) == number(bytes)) {
            Some(known) if known == bytes => same += 1,
            Some(_) => return Err(Disagreement::Entry(number(bytes))),
            None => {}
        }
    }
    // Numbers wrap: what is less than half a turn ahead is newer.
    let is_newer = |bytes: &&[u8; ENTRY]| {
        let ahead = number(bytes).wrapping_sub(last.number);
        ahead != 0 && ahead < u16::MAX / 2
    };
    let newer: Vec<[u8; ENTRY]> = entries.iter().filter(is_newer).copied().collect();
    if let Some(found) = entries.last().map(number)
        && newer.is_empty()
        && found != last.number
    {
        return Err(Disagreement::Short { found, last: last.number });
    }
    match newer.first().map(number) {
        Some(first) if same == 0 && first != last.number.wrapping_add(1) => {
            Err(Disagreement::Gone { first, last: last.number })
        }
        Some(_) | None => Ok(Compared { same, newer: follow(Some(last), &newer)? }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm_log::{Record, command};
    use crate::testing::{Story, deeds};
    use keyferry_bundle::kinds::KeptAs;

    /// What the HSM has: the log, and what it did after that.
    fn hsm(story: &Story) -> Vec<[u8; ENTRY]> {
        let mut whole = story.clone();
        let sign = deeds::by(2, command::SIGN_ECDSA, 0x0100, 0xffff);
        whole.record(&[&deeds::usual(KeptAs::Opaque)[..], &[sign, sign]].concat());
        whole.log.entries().to_vec()
    }

    #[test]
    fn an_honest_log_is_the_same_and_its_tail_follows() {
        let story = Story::sound();
        let count = story.log.entries().len();
        let entries = hsm(&story);
        let compared = compare(&story.log, &entries).unwrap();
        assert_eq!((compared.same, compared.newer.len()), (count, 2));
        // Acknowledged in part, or up to its end.
        assert_eq!(compare(&story.log, &entries[9..]).unwrap().same, count - 9);
        assert_eq!(compare(&story.log, &entries[count..]).unwrap().same, 0);
        assert_eq!(
            compare(&story.log, &entries[count + 1..]),
            Err(Disagreement::Gone {
                first: 3 + 2 + u16::try_from(count).unwrap(),
                last: 3 + u16::try_from(count).unwrap()
            })
        );
    }

    #[test]
    fn an_hsm_that_ends_before_the_bundle_contradicts_it() {
        let story = Story::sound();
        let entries = hsm(&story);
        let short = compare(&story.log, &entries[..5]);
        assert!(matches!(short, Err(Disagreement::Short { found: 8, .. })), "{short:?}");
        let mut behind = story.clone();
        behind.log.entries = keyferry_bundle::Base64::new(
            Entry { number: 900, record: Record::BOOT, digest: [1; 16] }.encode(),
        )
        .unwrap();
        assert!(matches!(compare(&behind.log, &entries), Err(Disagreement::Short { .. })));
    }

    /// Attack 22: the host owns the session and makes up a consistent chain that hides an export.
    #[test]
    fn a_log_that_the_host_made_up_is_caught_by_the_second_reader() {
        let story = Story::sound();
        let mut real = story.clone();
        let mut records = deeds::usual(KeptAs::Opaque);
        records.insert(12, deeds::by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01));
        real.record(&records);
        assert_eq!(compare(&story.log, real.log.entries()), Err(Disagreement::Entry(17)));
        let mut tail = hsm(&story);
        let last = tail.len() - 1;
        tail[last] = Entry {
            number: Entry::decode(&tail[last]).number,
            record: Record::BOOT,
            digest: [7; 16],
        }
        .encode();
        assert!(matches!(compare(&story.log, &tail), Err(Disagreement::Broken(Broken::Link(_)))));
    }
}
