//! The script of one ceremony, to be printed: what its plan, its device bundle and the policy make of `docs/runbook.md`.
//!
//! One model, [`Script`], says who does what, where, with which commands, and what the screen must show; the pages in Markdown and in HTML
//! are two ways of writing it down. A test walks the model as the ceremony would and finds a step that lacks what it needs.

mod act;
mod bastion;
mod front;
mod given;
mod html;
mod markdown;
mod model;
mod office;
mod outcome;
mod room;
mod targets;

pub(crate) use given::Given;
pub(crate) use model::Script;

#[cfg(test)]
mod tests;

/// How a script is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Markdown.
    Markdown,
    /// One HTML page, with a style sheet for print.
    Html,
}

impl Format {
    /// The whole file.
    pub(crate) fn write(self, script: &Script) -> String {
        match self {
            Self::Markdown => markdown::page(script),
            Self::Html => html::page(script),
        }
    }
}
