//! Keys of the same id in other Regions. Each waits for an import of its own; aliases come when all are there.

use super::must_be_free;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, KeyState, Kms, NewKey};
use crate::regions::Regions;
use crate::{session, waiting};
use keyferry_bundle::{AwsRegion, KeyArn};
use keyferry_console::{Exit, Failure};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Each Region once, and none the primary's.
pub(super) fn must_differ(replicas: &[AwsRegion], home: &AwsRegion) -> Result<(), Failure> {
    let mut seen = BTreeSet::from([home]);
    match replicas.iter().find(|region| !seen.insert(region)) {
        None => Ok(()),
        Some(twice) => Err(Failure::usage(format!("{twice} would get two keys of one id"))
            .because(format!("the primary is in {home}"))
            .hint("name each --replica-region once, and another than --region")),
    }
}

/// KMS in the Regions of the replicas.
pub(super) struct Elsewhere(Vec<(AwsRegion, Rc<dyn Kms>)>);

impl Elsewhere {
    /// Opens each Region, and shows who is asked there.
    pub(super) fn open(
        desk: Desk<'_>,
        regions: &dyn Regions,
        replicas: &[AwsRegion],
    ) -> Result<Self, Failure> {
        let open = |region: &AwsRegion| {
            let kms = regions.at(region)?;
            session::open(desk, kms.as_ref(), None)?;
            Ok((region.clone(), kms))
        };
        replicas.iter().map(open).collect::<Result<_, Failure>>().map(Self)
    }

    /// KMS in each Region, in order.
    pub(super) fn services(&self) -> impl Iterator<Item = &dyn Kms> {
        self.0.iter().map(|(_, kms)| kms.as_ref())
    }

    pub(super) fn must_be_free(&self, alias: &KeyRef) -> Result<(), Failure> {
        let free = |(region, kms): &(AwsRegion, Rc<dyn Kms>)| {
            must_be_free(kms.as_ref(), alias)
                .map_err(|failure| failure.because(format!("in {region}")))
        };
        self.0.iter().try_for_each(free)
    }

    /// Replicates the key into each Region, and waits until it is there.
    pub(super) fn replicate(
        &self,
        desk: Desk<'_>,
        primary: &dyn Kms,
        created: &KeyArn,
        like: &NewKey,
        alias: &KeyRef,
    ) -> Result<Vec<KeyDescription>, Failure> {
        let mut replicas = Vec::with_capacity(self.0.len());
        for (region, kms) in &self.0 {
            desk.screen.say(format!("Replicating into {region} ..."));
            let replica = KeyArn { region: region.clone(), ..created.clone() };
            let in_part = |failure| self.in_part(failure, created, &replicas, alias);
            match waiting::patiently(desk.clock, || primary.replicate_key(created, region, like)) {
                Ok(_) => {}
                Err(error @ CallError::NoAnswer(_)) => {
                    desk.screen.warn(format!("{error}; looking whether the replica is there"));
                }
                Err(error) => {
                    let what = format!("{created} was created, but no replica in {region}");
                    let failure = Failure::new(Exit::Unknown, "no-replica", what);
                    return Err(in_part(failure.caused_by(&error)));
                }
            }
            let there = |found: &KeyDescription| {
                if found.key == replica && found.state == KeyState::PendingImport {
                    return Ok(());
                }
                Err(format!("DescribeKey shows {} {}", found.key, found.state))
            };
            let found = waiting::until(desk, kms.as_ref(), &KeyRef::from(&replica), there);
            let found = found.map_err(|last| {
                let what = format!(
                    "{created} was created, but nobody knows whether it has a replica in {region}"
                );
                in_part(Failure::new(Exit::Unknown, "unknown-replica", what).because(last))
            })?;
            replicas.push(found);
        }
        Ok(replicas)
    }

    /// What there is, what is missing, and how to go on. No key has its alias yet.
    fn in_part(
        &self,
        failure: Failure,
        created: &KeyArn,
        replicas: &[KeyDescription],
        alias: &KeyRef,
    ) -> Failure {
        let is = |replica: &KeyDescription| format!("{} was created too", replica.key);
        let failure = replicas.iter().map(is).fold(failure, Failure::because);
        let (id, home) = (&created.key_id, &created.region);
        let missing = self.0.iter().skip(replicas.len()).map(|(region, _)| region.as_str());
        let everywhere = std::iter::once(home).chain(self.0.iter().map(|(region, _)| region));
        failure
            .because("none of the keys has its alias yet")
            // Without a policy of its own a replica would get AWS's, which keeps nobody apart.
            .hint(format!(
                "wait a minute and look with `aws kms describe-key --key-id {created}`. Go on with `aws kms replicate-key --region {home} \
                 --key-id {id} --replica-region REGION --policy file://POLICY`, with the key policy above and your --description and --tags, \
                 for {}; then `aws kms create-alias --region REGION --alias-name {alias} --target-key-id {id}` for {}. Or delete what there \
                 is, replicas first: `aws kms schedule-key-deletion --region REGION --key-id {id}`",
                list(missing),
                list(everywhere.map(AwsRegion::as_str)),
            ))
    }
}

fn list<'a>(regions: impl Iterator<Item = &'a str>) -> String {
    regions.collect::<Vec<_>>().join(", ")
}
