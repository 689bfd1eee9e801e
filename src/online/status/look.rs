//! What is asked of KMS about one key. Nothing that one key lacks keeps the others from being looked at.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{KeyDescription, KeyRef};
use crate::lifecycle::{self, Generation};
use crate::regions::Everywhere;
use crate::subjects::Subject;
use keyferry_bundle::{KeyArn, KeySpec};
use keyferry_console::Failure;

/// A key and all that KMS said of it.
pub(super) struct Looked<'a> {
    pub(super) subject: &'a Subject,
    /// What `DescribeKey` says, or why it says nothing.
    pub(super) found: Result<KeyDescription, Failure>,
    /// The generations of a symmetric key with imported material; none where KMS does not list them.
    pub(super) generations: Option<Vec<Generation>>,
    /// The other keys of a multi-Region key that are not looked at by themselves.
    pub(super) siblings: Vec<Sibling>,
}

/// A key of the same multi-Region key in another Region.
pub(super) struct Sibling {
    pub(super) key: KeyArn,
    pub(super) primary: bool,
    pub(super) found: Result<KeyDescription, Failure>,
}

pub(super) fn at<'a>(
    desk: Desk<'_>,
    everywhere: &mut Everywhere<'_>,
    subject: &'a Subject,
    subjects: &[Subject],
) -> Looked<'a> {
    let found = describe(everywhere, &subject.key);
    let mut looked = Looked { subject, found, generations: None, siblings: Vec::new() };
    let Ok(found) = &looked.found else { return looked };
    if found.origin == "EXTERNAL" && found.key_spec == KeySpec::SymmetricDefault.as_str() {
        let key = found.key.clone();
        let asked = everywhere
            .ask(&KeyRef::from(&key), |kms| lifecycle::generations(kms, &key))
            .and_then(|answer| answer.map_err(|error| failed("kms:ListKeyRotations", &error)));
        match asked {
            Ok(generations) => looked.generations = Some(generations),
            Err(failure) => desk.screen.warn(format!(
                "{}: the generations of its key material are not known: {}: {}",
                subject.label,
                failure.error,
                failure.because.join(": ")
            )),
        }
    }
    if let Some(regions) = &found.regions {
        for key in regions.keys().filter(|key| **key != found.key) {
            let name = KeyRef::from(key);
            if subjects.iter().any(|other| other.key == name) {
                continue;
            }
            let primary = *key == regions.primary;
            let found = describe(everywhere, &name);
            looked.siblings.push(Sibling { key: key.clone(), primary, found });
        }
    }
    looked
}

fn describe(everywhere: &mut Everywhere<'_>, key: &KeyRef) -> Result<KeyDescription, Failure> {
    everywhere
        .ask(key, |kms| kms.describe_key(key))?
        .map_err(|error| failed("kms:DescribeKey", &error).because(format!("key {key}")))
}
