//! What differs between two policies, as people read it and as scripts do.

use super::Page;
use keyferry_bundle::{Policy, Role};
use keyferry_ceremony::policy::{Change, Subject, changes};
use serde_json::{Value, json};

/// The page: a row a difference.
pub(crate) fn page(old: &Policy, new: &Policy) -> Page {
    let mut page = Page::new(format!(
        "what differs between policy \"{}\", version {}, and version {}",
        old.name, old.version, new.version
    ));
    for change in changes(old, new) {
        page.row(label(&change), value(&change));
    }
    if page.rows.is_empty() {
        page.row("nothing", "but version and date");
    }
    page
}

/// The same for scripts.
pub(crate) fn values(old: &Policy, new: &Policy) -> Vec<Value> {
    let value = |change: Change| {
        let (subject, role) = named(change.subject);
        let kind = match (&change.from, &change.to) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(_), Some(_)) => "changed",
        };
        json!({
            "subject": subject,
            "role": role,
            "whose": change.whose,
            "change": kind,
            "from": change.from,
            "to": change.to,
        })
    };
    changes(old, new).into_iter().map(value).collect()
}

/// A stable name, and the role where it is about one.
const fn named(subject: Subject) -> (&'static str, Option<Role>) {
    match subject {
        Subject::Environment => ("environment", None),
        Subject::Name => ("name", None),
        Subject::Expires => ("expires", None),
        Subject::Key => ("key", None),
        Subject::Revoked => ("revoked", None),
        Subject::Threshold(role) => ("threshold", Some(role)),
        Subject::Member(role) => ("member", Some(role)),
        Subject::Partition => ("partition", None),
        Subject::Account => ("account", None),
        Subject::Region => ("region", None),
        Subject::KeySpec => ("key-spec", None),
        Subject::WrappingAlgorithm => ("wrapping-algorithm", None),
        Subject::SmallestWrappingKey => ("smallest-wrapping-key", None),
        Subject::Device => ("device", None),
        Subject::AttestationRoot => ("attestation-root", None),
        Subject::Custodian => ("custodian", None),
    }
}

/// What people call it, in the words of a policy's page.
fn label(change: &Change) -> String {
    let plain = match change.subject {
        Subject::Environment => "environment",
        Subject::Name => "name",
        Subject::Expires => "expires",
        Subject::Key => "key",
        Subject::Revoked => "revoked key",
        Subject::Threshold(role) | Subject::Member(role) => {
            return super::policy::may(role).to_owned();
        }
        Subject::Partition => "partition",
        Subject::Account => "account",
        Subject::Region => "region",
        Subject::KeySpec => "key spec",
        Subject::WrappingAlgorithm => "wrapping algorithm",
        Subject::SmallestWrappingKey => "smallest wrapping public key",
        Subject::Device => "HSM serial",
        Subject::AttestationRoot => "attestation root",
        Subject::Custodian => "custodian",
    };
    match (&change.whose, change.subject) {
        (Some(whose), Subject::Custodian) => format!("{plain} {whose}"),
        (Some(whose), _) => format!("{plain} of {whose}"),
        (None, _) => plain.to_owned(),
    }
}

fn value(change: &Change) -> String {
    let seat = |value: &String| match (change.subject, &change.whose) {
        (Subject::Threshold(_), _) => format!("{value} needed"),
        (Subject::Member(_), Some(whose)) => format!("{whose} ({value})"),
        _ => value.clone(),
    };
    match (&change.from, &change.to) {
        (None, Some(to)) => format!("+ {}", seat(to)),
        (Some(from), None) => format!("- {}", seat(from)),
        (Some(from), Some(to)) => format!("- {}\n+ {}", seat(from), seat(to)),
        (None, None) => String::new(),
    }
}
