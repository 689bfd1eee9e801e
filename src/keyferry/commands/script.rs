//! `keyferry script`: the plan as a numbered script on paper.

use super::outside::must_lie_outside;
use super::plan_lint;
use crate::cli::script::Args;
use crate::opened::Trusted;
use crate::script::Given;
use keyferry_bundle::{Envelope, Role};
use keyferry_ceremony::draft::{self, Progress};
use keyferry_ceremony::lint::{self, Standing};
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Ceremony, Exit, Failure, Name, Screen, clock, fingerprint};
use serde_json::json;
use std::path::Path;

/// Reads the plan, makes its script and writes it.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let folder = &args.ceremony.folder;
    must_lie_outside("script", &args.out.path, std::slice::from_ref(folder))?;
    files::must_be_free(&args.out.path)?;
    let trusted = Trusted::load(args.ceremony.trust.trust.as_deref())?;
    let policy = trusted.in_force()?;
    let ceremony = Ceremony::under(folder, trusted.history())?;
    let device = ceremony.device()?;
    let bytes = files::read_bundle(&ceremony.path(&Name::Plan))?;
    let (plan, seats) =
        draft::plan(policy, &device, &bytes).map_err(|refusal| refused(Name::Plan, &refusal))?;
    let digest = Envelope::decode_canonical(&bytes).map_err(Failure::bug)?.digest();
    let officers = seats.progress().into_iter().find(|p| p.role == Role::CeremonyOfficer);
    let approval = officers.ok_or_else(|| Failure::bug("a plan has no officers"))?;
    if !args.draft {
        must_be_approved(&approval)?;
    }
    let found = lint::lint(policy, &device, &bytes, clock::now()?, &lint::Beside::default());
    if found.refuses() && !args.draft {
        return Err(plan_lint::refused(&Name::Plan.to_string(), &found)
            .hint("plan again; --draft makes a script nevertheless, which says DRAFT"));
    }
    for finding in &found.findings {
        // Who has not signed is the draft's own business.
        if finding.standing != Standing::Remark || finding.code != lint::Code::Quorum {
            screen.warn(&finding.sentence);
        }
    }
    let given = Given {
        policy,
        device: &device,
        plan: &plan,
        digest,
        approval,
        signers: seats.signers().into_iter().cloned().collect(),
        draft: args.draft,
        folder: called(folder),
        known: ceremony.names().to_vec(),
        room: args.room.clone(),
    };
    let script = given.script();
    files::write_new(&args.out.path, args.out.format.write(&script).as_bytes(), Mode::Public)?;

    screen.table(&fingerprint::rows(&digest));
    let file = args.out.path.display().to_string();
    screen
        .say("The fingerprint of the plan stands on its first page: compare it before you print.");
    screen.result(&file)?;
    screen.json(&json!({
        "file": file,
        "ceremony": plan.ceremony,
        "counter": plan.counter,
        "digest": digest,
        "draft": script.is_draft(),
        "steps": script.length(),
    }))
}

fn must_be_approved(approval: &Progress) -> Result<(), Failure> {
    let missing = approval.missing();
    if missing == 0 {
        return Ok(());
    }
    let free: Vec<String> = approval.free.iter().map(ToString::to_string).collect();
    Err(Failure::new(Exit::Policy, "policy-not-met", "the plan is not approved")
        .because(format!("{missing} more must sign as {}: {}", approval.role, free.join(", ")))
        .hint("have them sign it: keyferry sign CEREMONY/plan.json --identity FILE; or make a draft: --draft"))
}

/// What people call a folder: its name without the way to it.
fn called(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    real.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned())
}
