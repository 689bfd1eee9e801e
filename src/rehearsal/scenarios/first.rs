//! How every longer story begins: a symmetric key, and the ceremony that gives it its first key material.

use crate::cast::{CEREMONY, TARGET};
use crate::story::{Ceremony, Hsm, Law, Planned, Story};
use keyferry_bundle::{KeyArn, KeySpec};
use keyferry_console::Failure;

/// An HSM that can hold ceremonies, and a KMS key that waits for key material.
pub(super) struct Opening<'s> {
    story: &'s Story<'s>,
    pub(super) hsm: Hsm,
    pub(super) key: KeyArn,
}

/// Everything up to the key.
pub(super) fn begin<'s>(story: &'s Story<'s>) -> Result<Opening<'s>, Failure> {
    let law = Law::of(story.cli.region.as_str(), KeySpec::SymmetricDefault);
    under(story, &law)
}

/// The same, under another policy.
pub(super) fn under<'s>(story: &'s Story<'s>, law: &Law<'_>) -> Result<Opening<'s>, Failure> {
    let hsm = story.begin(law)?;
    story.chapter("On the bastion: a KMS key that waits for key material");
    let key = story.key(&story.cli.alias, KeySpec::SymmetricDefault, &[])?;
    Ok(Opening { story, hsm, key })
}

impl Opening<'_> {
    /// The first ceremony, planned: `expires` is `--does-not-expire`, or `--valid-to` and a time.
    pub(super) fn plan(&self, expires: &[&str]) -> Result<Ceremony<'_>, Failure> {
        let story = self.story;
        story.chapter("The officers write down what the ceremony is to do, and approve it");
        let ceremony = Ceremony::new(story, &self.hsm, CEREMONY);
        let key = self.key.to_string();
        let what = ["--target", TARGET, "--key-arn", &key, "--object-id", "0x0a01"];
        ceremony.plan(&Planned { after: None, what: [what.as_slice(), expires].concat() })?;
        Ok(ceremony)
    }
}

/// The key of the same id in another Region.
pub(super) fn in_region(key: &KeyArn, region: &str) -> Result<KeyArn, Failure> {
    let region = region.parse().map_err(Failure::bug)?;
    Ok(KeyArn { region, ..key.clone() })
}
