//! KMS in other Regions, for the siblings of a multi-Region key and for keys that are named by ARN.

use crate::kms::{KeyRef, Kms};
use keyferry_bundle::{AwsRegion, KeyArn};
use keyferry_console::Failure;
use std::rc::Rc;

/// Opens KMS in a Region, under the same credentials.
pub trait Regions {
    /// KMS there. Nothing is sent yet.
    ///
    /// # Errors
    /// When settings cannot be read.
    fn at(&self, region: &AwsRegion) -> Result<Rc<dyn Kms>, Failure>;
}

/// KMS at home and wherever else it was needed, each opened once.
pub(crate) struct Everywhere<'a> {
    home: &'a dyn Kms,
    region: AwsRegion,
    regions: &'a dyn Regions,
    opened: Vec<(AwsRegion, Rc<dyn Kms>)>,
}

impl<'a> Everywhere<'a> {
    pub(crate) const fn new(
        home: &'a dyn Kms,
        region: AwsRegion,
        regions: &'a dyn Regions,
    ) -> Self {
        Self { home, region, regions, opened: Vec::new() }
    }

    /// Asks KMS where the key is: in its ARN's Region, else at home.
    pub(crate) fn ask<T>(
        &mut self,
        key: &KeyRef,
        ask: impl FnOnce(&dyn Kms) -> T,
    ) -> Result<T, Failure> {
        let arn = key.as_str().parse::<KeyArn>().ok();
        let Some(region) = arn.map(|arn| arn.region).filter(|region| *region != self.region) else {
            return Ok(ask(self.home));
        };
        if let Some((_, kms)) = self.opened.iter().find(|(opened, _)| *opened == region) {
            return Ok(ask(kms.as_ref()));
        }
        let kms = self.regions.at(&region)?;
        let answer = ask(kms.as_ref());
        self.opened.push((region, kms));
        Ok(answer)
    }
}
