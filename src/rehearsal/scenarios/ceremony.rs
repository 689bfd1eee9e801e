//! One ceremony, from the first identity to the auditor's verdict.

use crate::cast::{CEREMONY, TARGET};
use crate::cloud;
use crate::story::{Ceremony, Law, Planned, Story};
use keyferry_console::Failure;

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let cli = story.cli;
    let hsm = story.begin(&Law::of(cli.region.as_str(), cli.key_spec))?;
    story.chapter("On the bastion: a KMS key that waits for key material");
    let usage = cli.key_usage.map_or_else(Vec::new, |usage| vec!["--key-usage", usage.as_str()]);
    let key = story.key(&cli.alias, cli.key_spec, &usage)?.to_string();
    story.chapter("The officers write down what the ceremony is to do, and approve it");
    let ceremony = Ceremony::new(story, &hsm, CEREMONY);
    let mut what = vec!["--target", TARGET, "--key-arn", &key];
    what.extend(["--key-spec", cli.key_spec.as_str()]);
    what.extend(usage);
    what.extend(["--object-id", "0x0a01", "--does-not-expire"]);
    if let Some(kept) = cli.keep_as {
        what.extend(["--keep-as", kept.as_str()]);
    }
    ceremony.plan(&Planned { after: None, what })?;
    ceremony.request()?;
    story.stage.remember(hsm.casing.state, "before-response")?;
    ceremony.response()?;
    if cli.kms_endpoint.is_none() {
        story.stage.remember(cloud::STATE, "before-import")?;
    }
    ceremony.receipt()?;
    story.audit(&[&ceremony])
}
