//! What went wrong, because of what, and what to do.

use crate::Exit;
use std::error::Error;
use std::fmt::Display;

/// A failure as a person and a script see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// A stable name for scripts, such as `bundle-refused`.
    pub code: &'static str,
    /// What happened.
    pub error: String,
    /// Because of what, outermost first.
    pub because: Vec<String>,
    /// What to do, often as a command.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure that nothing else explains.
    pub fn new(exit: Exit, code: &'static str, error: impl Into<String>) -> Self {
        Self { exit, code, error: error.into(), because: Vec::new(), hint: None }
    }

    /// A command line that cannot be meant.
    pub fn usage(error: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", error)
    }

    /// A defect of this program.
    pub fn bug(cause: impl Display) -> Self {
        Self::new(Exit::Bug, "bug", "the program has a defect")
            .because(cause)
            .hint("please report it with the command you ran")
    }

    /// A bundle that is refused: exit 3, or 4 when the policy or a quorum is not met.
    pub fn refused(file: impl Display, refusal: &dyn Error, by_policy: bool) -> Self {
        let (exit, code) = if by_policy {
            (Exit::Policy, "policy-not-met")
        } else {
            (Exit::Refused, "bundle-refused")
        };
        Self::new(exit, code, format!("{file} is not accepted")).caused_by(refusal)
    }

    /// A reason.
    #[must_use]
    pub fn because(mut self, cause: impl Display) -> Self {
        self.because.push(cause.to_string());
        self
    }

    /// A reason and everything behind it.
    #[must_use]
    pub fn caused_by(mut self, cause: &dyn Error) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            self.because.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// A remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
