//! Keys of the same id in other Regions. Each waits for key material of its own import, and has the alias there too.

use super::must_be_free;
use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyRef, KeyState, Kms, NewKey};
use crate::regions::Regions;
use crate::upload::BUSY;
use crate::waiting;
use keyferry_bundle::{AwsRegion, KeyArn};
use keyferry_console::{Exit, Failure};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

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
    pub(super) fn open(regions: &dyn Regions, replicas: &[AwsRegion]) -> Result<Self, Failure> {
        let open = |region: &AwsRegion| Ok((region.clone(), regions.at(region)?));
        replicas.iter().map(open).collect::<Result<_, Failure>>().map(Self)
    }

    pub(super) fn must_be_free(&self, alias: &KeyRef) -> Result<(), Failure> {
        let free = |(region, kms): &(AwsRegion, Rc<dyn Kms>)| {
            must_be_free(kms.as_ref(), alias)
                .map_err(|failure| failure.because(format!("in {region}")))
        };
        self.0.iter().try_for_each(free)
    }

    /// Replicates the key into each Region, waits until it is there, and gives it its alias.
    pub(super) fn replicate(
        &self,
        desk: Desk<'_>,
        primary: &dyn Kms,
        created: &KeyDescription,
        like: &NewKey,
        alias: &KeyRef,
    ) -> Result<Vec<KeyDescription>, Failure> {
        let mut replicas = Vec::with_capacity(self.0.len());
        for (region, kms) in &self.0 {
            desk.screen.say(format!("Replicating into {region} ..."));
            let replica = KeyArn { region: region.clone(), ..created.key.clone() };
            match send(desk, || primary.replicate_key(&created.key, region, like)) {
                Ok(_) => {}
                Err(error @ CallError::NoAnswer(_)) => {
                    desk.screen.warn(format!("{error}; looking whether the replica is there"));
                }
                Err(error) => {
                    return Err(in_part(failed("kms:ReplicateKey", &error), created, region));
                }
            }
            let there = |found: &KeyDescription| {
                if found.state == KeyState::PendingImport {
                    Ok(())
                } else {
                    Err(format!("DescribeKey shows {} {}", found.key, found.state))
                }
            };
            let found = waiting::until(desk, kms.as_ref(), &KeyRef::from(&replica), there);
            let found = found.map_err(|last| {
                let what = format!("nobody knows whether there is a replica in {region}");
                let failure = Failure::new(Exit::Unknown, "unknown-replica", what).because(last);
                in_part(failure, created, region)
            })?;
            kms.create_alias(alias, &found.key)
                .map_err(|error| in_part(failed("kms:CreateAlias", &error), created, region))?;
            replicas.push(found);
        }
        Ok(replicas)
    }
}

/// A call that KMS was too busy to take changed nothing: it is made again.
fn send<T>(desk: Desk<'_>, call: impl Fn() -> Result<T, CallError>) -> Result<T, CallError> {
    let mut waits = BUSY.iter();
    loop {
        match (call(), waits.next()) {
            (Err(CallError::Throttled(_)), Some(seconds)) => {
                desk.clock.wait(Duration::from_secs(*seconds));
            }
            (answer, _) => return answer,
        }
    }
}

/// The primary exists, with its alias; this Region is not as it is to be.
fn in_part(failure: Failure, created: &KeyDescription, region: &AwsRegion) -> Failure {
    Failure { exit: Exit::Unknown, ..failure }
        .because(format!("{} was created; {region} and the Regions after it are not complete", created.key))
        .hint(format!(
            "go on with `aws kms replicate-key --key-id {} --replica-region {region}` and `aws kms create-alias --region {region}`",
            created.key
        ))
}
