//! KMS in other Regions, each with a script of its own.

use super::{Script, Step};
use crate::kms::Kms;
use crate::regions::Regions;
use keyferry_bundle::AwsRegion;
use keyferry_console::Failure;
use std::cell::RefCell;
use std::rc::Rc;

/// Regions in the order in which they must be opened, each once.
pub(crate) struct Elsewhere {
    ahead: RefCell<Vec<(AwsRegion, Script)>>,
    opened: RefCell<Vec<Rc<Script>>>,
}

impl Elsewhere {
    pub(crate) fn nowhere() -> Self {
        Self::of([])
    }

    pub(crate) fn of<const N: usize>(regions: [(&str, Vec<Step>); N]) -> Self {
        let scripts =
            regions.into_iter().map(|(region, steps)| (region.parse().unwrap(), Script::of(steps)));
        Self { ahead: RefCell::new(scripts.collect()), opened: RefCell::default() }
    }

    /// Every Region was opened, and no step is left.
    pub(crate) fn finish(self) {
        assert!(self.ahead.into_inner().is_empty(), "a Region was never asked");
        for script in self.opened.into_inner() {
            Rc::into_inner(script).unwrap().finish();
        }
    }
}

impl Regions for Elsewhere {
    fn at(&self, region: &AwsRegion) -> Result<Rc<dyn Kms>, Failure> {
        let mut ahead = self.ahead.borrow_mut();
        assert!(!ahead.is_empty(), "{region} is not in the script");
        let (expected, script) = ahead.remove(0);
        assert_eq!(*region, expected);
        let script = Rc::new(script);
        self.opened.borrow_mut().push(Rc::clone(&script));
        Ok(script)
    }
}
