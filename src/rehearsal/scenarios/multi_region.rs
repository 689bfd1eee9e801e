//! One key material in three Regions: what is encrypted in one is readable in the others.

use super::first::in_region;
use crate::cast::{CEREMONY, TARGET};
use crate::story::{Ceremony, Law, Planned, Story};
use keyferry_bundle::{KeyArn, KeySpec};
use keyferry_console::Failure;

/// Where the replicas are.
const REPLICAS: [&str; 2] = ["eu-west-1", "us-east-1"];

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let mut law = Law::of(story.cli.region.as_str(), KeySpec::SymmetricDefault);
    law.regions.extend(REPLICAS);
    let hsm = story.begin(&law)?;
    story.chapter(
        "On the bastion: a multi-Region key and its replicas, which wait for key material",
    );
    let mut options = vec!["--multi-region"];
    options.extend(REPLICAS.iter().flat_map(|region| ["--replica-region", region]));
    let primary = story.key(&story.cli.alias, KeySpec::SymmetricDefault, &options)?;
    let replicas =
        REPLICAS.into_iter().map(|it| in_region(&primary, it)).collect::<Result<Vec<_>, _>>()?;

    story.chapter("The officers plan one key material for three keys, and approve it");
    let ceremony = Ceremony::new(story, &hsm, CEREMONY);
    let arn = primary.to_string();
    let further = |it: &KeyArn| format!("{TARGET}-{}={it}@0x0a01", it.region);
    let further: Vec<String> = replicas.iter().map(further).collect();
    let mut what = vec!["--target", TARGET, "--key-arn", &arn, "--object-id", "0x0a01"];
    what.extend(further.iter().flat_map(|it| ["--add", it]));
    what.push("--does-not-expire");
    ceremony.plan(&Planned { after: None, what })?;
    ceremony.hold()?;

    story.chapter("An application encrypts in one Region and reads in another");
    let application = story.application();
    let kept = application.encrypt(&primary)?;
    for replica in &replicas {
        application.decrypt(replica, &kept)?;
    }
    story.status(&[ceremony.name])?;
    story.audit(&[&ceremony])
}
