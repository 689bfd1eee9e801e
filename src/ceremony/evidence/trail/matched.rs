//! Which event belongs to which bundle: each to one.

use super::expected::{Asked, Uploaded};
use super::told;
use crate::cloudtrail::{Action, Event, Trail};
use crate::evidence::Report;
use keyferry_bundle::{KeyArn, Timestamp};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The events, and which of them some bundle accounts for.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    trail: &'a Trail,
    /// The events of each key that no bundle accounts for, in the order of their times.
    free: BTreeMap<&'a KeyArn, Vec<(usize, &'a Event)>>,
}

impl<'a> Matched<'a> {
    pub(super) fn new(trail: &'a Trail) -> Self {
        let mut free: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (place, event) in trail.events().iter().enumerate() {
            free.entry(&event.key).or_default().push((place, event));
        }
        Self { trail, free }
    }

    /// The events of these keys that no bundle accounts for, in the order of their times.
    pub(super) fn rest<'k>(&self, keys: impl Iterator<Item = &'k KeyArn>) -> Vec<&'a Event> {
        let of_key = |key| self.free.get(key).into_iter().flatten().copied();
        let mut rest: Vec<(usize, &Event)> = keys.flat_map(of_key).collect();
        rest.sort_by_key(|(place, _)| *place);
        rest.into_iter().map(|(_, event)| event).collect()
    }

    /// The free event of that kind, key and fit that is nearest to a moment; it is free no longer.
    fn take(
        &mut self,
        action: Action,
        key: &KeyArn,
        moment: i64,
        fits: impl Fn(&Event) -> bool,
    ) -> Option<&'a Event> {
        let free = self.free.get_mut(key)?;
        let wanted = |event: &Event| event.action == action && fits(event);
        let found = free.iter().enumerate().filter(|(_, (_, event))| wanted(event));
        let (index, _) =
            found.min_by_key(|(_, (_, event))| event.time.unix_seconds().abs_diff(moment))?;
        Some(free.remove(index).1)
    }

    /// Finds the event of one target's parameters; says so, and gives its time.
    pub(super) fn asked(&mut self, asked: &Asked, report: &mut Report) -> Option<Timestamp> {
        let (id, file, name) = ("cloudtrail.request", &asked.file, &asked.name);
        let fits = |event: &Event| asked.is(event);
        let found = self.take(Action::GetParameters, &asked.key, asked.handed_out, fits);
        if let Some(event) = found {
            let sentence =
                format!("target {name}: AWS recorded GetParametersForImport {}", told(event));
            report.holds_that(id, file, sentence);
            return Some(event.time);
        }
        let what = format!("target {name}: GetParametersForImport of {}", asked.key);
        self.absent(id, file, &what, &asked.key, &asked.window(), report);
        None
    }

    /// Finds the event of one target's upload and says so.
    pub(super) fn uploaded(
        &mut self,
        upload: &Uploaded<'_>,
        report: &mut Report,
    ) -> Option<&'a Event> {
        let (id, file, target) = ("cloudtrail.import", &upload.upload.file, upload.upload);
        let fits = |event: &Event| upload.differs(event).is_none();
        let found = self.take(Action::Import, &target.key, *upload.window().end(), fits);
        if let Some(event) = found {
            let sentence =
                format!("target {}: AWS recorded ImportKeyMaterial {}", target.name, told(event));
            report.holds_that(id, file, sentence);
        } else {
            let what = format!("target {}: ImportKeyMaterial into {}", target.name, target.key);
            self.absent(id, file, &what, &target.key, &upload.window(), report);
        }
        found
    }

    /// Other imports that could be the same upload: `import --resume` repeats one. Where KMS names the material, it shows that they
    /// are; where it does not, nothing does.
    pub(super) fn repeated(&mut self, upload: &Uploaded<'_>, first: &Event, report: &mut Report) {
        let (id, file, target) = ("cloudtrail.import", &upload.upload.file, upload.upload);
        let fits = |event: &Event| upload.differs(event).is_none();
        let end = *upload.window().end();
        while let Some(event) = self.take(Action::Import, &target.key, end, fits) {
            let name = &target.name;
            let same =
                event.key_material_id.is_some() && event.key_material_id == target.key_material_id;
            if same {
                let sentence = format!(
                    "target {name}: AWS recorded ImportKeyMaterial of the same key material {}",
                    told(event)
                );
                report.holds_that(id, file, sentence);
            } else {
                let sentence = format!(
                    "target {name}: AWS recorded another ImportKeyMaterial {}: whether it repeats event {} is not shown",
                    told(event),
                    first.id
                );
                report.leaves_open(id, file, sentence);
            }
        }
    }

    /// There is no event. That refuses the bundle where the files cover the time at which it must have been.
    fn absent(
        &self,
        id: &'static str,
        file: &str,
        what: &str,
        key: &KeyArn,
        window: &RangeInclusive<i64>,
        report: &mut Report,
    ) {
        let place = format!("account {} in {}", key.account, key.region);
        let Some((first, last)) = self.trail.span(&key.account, &key.region) else {
            let sentence = format!("{what} is not shown: the files have no event of {place}");
            return report.leaves_open(id, file, sentence);
        };
        let covers = format!("the files have events of {place} from {first} to {last}");
        let covered = first.unix_seconds()..=last.unix_seconds();
        if covered.contains(window.start()) && covered.contains(window.end()) {
            report.refuses(
                id,
                file,
                format!("{what}: AWS recorded none that fits, though {covers}"),
            );
        } else {
            report.leaves_open(id, file, format!("{what} is not shown: {covers}"));
        }
    }
}
