//! Many keys in several Regions, in one ceremony, and how long each part of it takes.

use super::first::in_region;
use crate::cast::CEREMONY;
use crate::machine::stopped;
use crate::story::{Ceremony, Law, Planned, Story};
use keyferry_bundle::{KeyArn, KeySpec, ObjectId, Plan};
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Where the replicas are, as many as are asked for.
const REPLICAS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-southeast-2"];
/// The keys' list, on the office's machine.
const LIST: &str = "keys.json";
/// The object of the first key.
const FIRST_OBJECT: u16 = 0x1000;

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let (keys, regions) = (usize::from(story.cli.keys), usize::from(story.cli.regions));
    let targets = keys * regions;
    if targets > Plan::MAX_TARGETS {
        let most = Plan::MAX_TARGETS;
        return Err(Failure::usage(format!(
            "{keys} keys in {regions} Regions are {targets} targets"
        ))
        .hint(format!("a plan has at most {most}: name fewer with --keys or --regions")));
    }
    let replicas = REPLICAS.get(..regions.saturating_sub(1)).unwrap_or_default();
    let mut law = Law::of(story.cli.region.as_str(), KeySpec::SymmetricDefault);
    law.regions.extend(replicas);
    let hsm = story.begin(&law)?;
    let watch = Watch::default();

    story.chapter("On the bastion: many keys that wait for key material");
    let list = watch.time("create-key", || create(story, keys, replicas))?;
    let text = serde_json::to_vec(&list).map_err(Failure::bug)?;
    files::write_new(&story.office.folder.join(LIST), &text, Mode::Public)?;

    story.chapter("The officers plan for all of them, and approve it");
    let ceremony = Ceremony::new(story, &hsm, CEREMONY);
    let what = vec!["--targets", LIST, "--does-not-expire"];
    watch.time("plan", || ceremony.plan(&Planned { after: None, what }))?;
    watch.time("fetch", || ceremony.request())?;
    watch.time("respond", || ceremony.response())?;
    watch.time("import", || ceremony.receipt())?;
    watch.time("status", || story.status(&[ceremony.name]))?;
    let folder = watch.time("verify", || story.audit(&[&ceremony]))?;
    watch.show(targets, story.screen);
    Ok(folder)
}

/// The keys and their replicas, as the list that `plan new --targets` reads.
fn create(story: &Story<'_>, keys: usize, replicas: &[&str]) -> Result<Vec<Value>, Failure> {
    let mut list = Vec::new();
    let mut options = vec!["--multi-region"];
    options.extend(replicas.iter().flat_map(|region| ["--replica-region", region]));
    if replicas.is_empty() {
        options.clear();
    }
    for (number, object) in (1..=keys).zip(FIRST_OBJECT..) {
        let alias = format!("{}-{number:03}", story.cli.alias);
        let spec = KeySpec::SymmetricDefault;
        let key = if number == 1 {
            story.key(&alias, spec, &options)?
        } else {
            story.another_key(&alias, spec, &options)?
        };
        let object = ObjectId::new(object).map_err(stopped)?;
        let entry = |key: &KeyArn| {
            let name = format!("key-{number:03}-{}", key.region);
            json!({ "name": name, "key": key, "object_id": object })
        };
        list.push(entry(&key));
        for region in replicas {
            list.push(entry(&in_region(&key, region)?));
        }
    }
    story.screen.say(format!("  ... {keys} keys, {} with their replicas", list.len()));
    Ok(list)
}

/// How long things took.
#[derive(Default)]
struct Watch(RefCell<Vec<(&'static str, Duration)>>);

impl Watch {
    fn time<T>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let done = work()?;
        self.0.borrow_mut().push((what, begun.elapsed()));
        Ok(done)
    }

    fn show(&self, targets: usize, screen: &Screen) {
        let took = self.0.borrow();
        let total: Duration = took.iter().map(|(_, took)| *took).sum();
        screen.say("");
        screen.heading(format!("How long it took for {targets} targets"));
        let row = |(what, took): &(&'static str, Duration)| {
            (*what, format!("{:.1} s", took.as_secs_f32()))
        };
        let mut rows: Vec<_> = took.iter().map(row).collect();
        rows.push(("together", format!("{:.1} s", total.as_secs_f32())));
        screen.table(&rows);
    }
}
