//! What every command works with, whatever it does.

use crate::clock::Clock;
use keyferry_console::{Failure, Person, Screen};
use std::fmt;

/// The operator's place: a screen, somebody who answers, and a clock.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Where output goes.
    pub screen: &'a Screen,
    /// Who answers prompts.
    pub person: &'a Person,
    /// What the time is.
    pub clock: &'a dyn Clock,
}

impl fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk<'_> {
    /// Ends a dry run: says what would happen next, and that nothing did.
    ///
    /// # Errors
    /// When stdout cannot take the result.
    pub(crate) fn dry_run(&self, steps: &[String]) -> Result<(), Failure> {
        for step in steps {
            self.screen.result(format!("would {step}"))?;
        }
        self.screen.say("dry run: nothing was changed and nothing was written");
        self.screen.json(&serde_json::json!({ "dry_run": true, "would": steps }))
    }
}
