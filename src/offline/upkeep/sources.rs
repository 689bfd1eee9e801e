//! Copies of key material, read from the folders of earlier ceremonies and of whole-device backups. Everything that says what a copy is
//! was signed by the HSM that made it, and is accepted under the version of the policy that it is of.

use super::Accepted;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::kinds::{AttestationChain, KeptAs, ResponseTarget, Target, Work};
use keyferry_bundle::{
    Base64, Device, Digest, Domains, Label, ObjectId, Plan, Response, Upkeep, Verified,
};
use keyferry_ceremony::{Countersigned, upkeep};
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name, files};
use std::path::{Path, PathBuf};

/// The most bytes a copy may have: an RSA-4096 key with all that belongs to it is under 4 KB.
const MAX_COPY: usize = 16 * 1024;

/// A copy of one key material.
pub(super) struct KeyCopy {
    pub(super) object_id: ObjectId,
    pub(super) kept_as: KeptAs,
    pub(super) check_value: Digest,
    /// The public half of a private key, by the bundle.
    pub(super) public_key: Option<Base64>,
    pub(super) attestation: Option<AttestationChain>,
    /// The object's label and domains, where a plan says them.
    pub(super) place: Option<(Label, Domains)>,
    /// The export, as the HSM takes it.
    pub(super) export: Vec<u8>,
    /// The SHA-256 of the file.
    pub(super) wrapped: Digest,
    /// The bundle that names it.
    pub(super) source: Digest,
    pub(super) path: PathBuf,
}

/// Reads every folder. One key material may be in several: once is enough.
pub(super) fn read(folders: &[PathBuf], accepted: &Accepted) -> Result<Vec<KeyCopy>, Failure> {
    let mut copies: Vec<KeyCopy> = Vec::new();
    for folder in folders {
        for copy in read_folder(folder, accepted)? {
            match copies.iter().find(|known| known.object_id == copy.object_id) {
                None => copies.push(copy),
                Some(known)
                    if (known.kept_as, known.check_value) == (copy.kept_as, copy.check_value) => {}
                Some(known) => {
                    return Err(Failure::new(
                        Exit::Refused,
                        "other-material",
                        format!(
                            "two copies of object {} are of different key material",
                            copy.object_id
                        ),
                    )
                    .because(known.path.display())
                    .because(copy.path.display())
                    .hint("restore one of the two: an id holds one object"));
                }
            }
        }
    }
    copies.sort_by_key(|copy| copy.object_id);
    Ok(copies)
}

fn read_folder(folder: &Path, accepted: &Accepted) -> Result<Vec<KeyCopy>, Failure> {
    if folder.join(Name::Plan.to_string()).symlink_metadata().is_ok() {
        return of_ceremony(folder, accepted);
    }
    of_backup(folder, accepted)
}

/// An earlier ceremony.
pub(super) struct Answered {
    ceremony: Ceremony,
    device: Verified<Device>,
    pub(super) plan: Verified<Plan>,
    /// Its newest response.
    pub(super) response: Option<Verified<Response>>,
}

/// A ceremony's folder under the version of the policy that it is of.
pub(super) fn ceremony(folder: &Path, accepted: &Accepted) -> Result<Answered, Failure> {
    let mut newest = None;
    for version in (1..=accepted.history.len()).rev() {
        let history = accepted.history.get(..version).unwrap_or_default();
        let ceremony = Ceremony::under(folder, history)?;
        match ceremony.device() {
            Ok(device) => {
                let plan = ceremony.plan(&device)?;
                let response = newest_response(&ceremony, &device, &plan)?;
                return Ok(Answered { ceremony, device, plan, response });
            }
            Err(failure) => newest = newest.or(Some(failure)),
        }
    }
    Err(newest.unwrap_or_else(|| Failure::bug("no version of the policy")))
}

fn newest_response(
    ceremony: &Ceremony,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
) -> Result<Option<Verified<Response>>, Failure> {
    let counter =
        |name: &Name| if let Name::Response(counter) = name { Some(*counter) } else { None };
    let Some(newest) = ceremony.names().iter().filter_map(counter).max() else { return Ok(None) };
    let request = ceremony.request(device, plan, newest)?;
    ceremony.response(device, plan, &request, Countersigned::Required).map(Some)
}

fn of_ceremony(folder: &Path, accepted: &Accepted) -> Result<Vec<KeyCopy>, Failure> {
    let Answered { ceremony, device, plan, response } = ceremony(folder, accepted)?;
    same_wrap_key(folder, device.body(), accepted)?;
    let response = response.ok_or_else(|| {
        Failure::new(Exit::File, "file-missing", "there is no response here")
            .because(format!("{} has no response-N.json", folder.display()))
            .hint("name folders of ceremonies that were answered")
    })?;
    let mut copies = Vec::new();
    for material in plan.body().materials() {
        let Target { name, object_id, kept_as, label, domains, .. } = material.leader;
        let answered: &ResponseTarget = response
            .body()
            .targets
            .iter()
            .find(|target| target.name == *name)
            .ok_or_else(|| Failure::bug("an accepted response lacks a planned target"))?;
        let backup = ceremony.backup(&device, &plan, name)?;
        if backup.digest() != answered.backup || backup.body().check_value != answered.check_value {
            let shown = Name::Backup(name.clone());
            return Err(Failure::new(
                Exit::Refused,
                "bundle-refused",
                format!("{shown} is not accepted"),
            )
            .because("it is not the backup that the response names"));
        }
        let path = ceremony.path(&Name::WrappedCopy(name.clone()));
        let wrapped = backup.body().wrapped.sha256;
        copies.push(KeyCopy {
            object_id: *object_id,
            kept_as: *kept_as,
            check_value: answered.check_value,
            public_key: answered.public_key.clone(),
            attestation: answered.attestation.clone(),
            place: Some((label.clone(), *domains)),
            export: export(&path, wrapped)?,
            wrapped,
            source: backup.digest(),
            path,
        });
    }
    Ok(copies)
}

/// The folder of a whole-device backup: its record, the device bundle, and the copies.
fn of_backup(folder: &Path, accepted: &Accepted) -> Result<Vec<KeyCopy>, Failure> {
    let mut newest = None;
    for version in (1..=accepted.history.len()).rev() {
        let history = accepted.history.get(..version).unwrap_or_default();
        let Some(policy) = history.last() else { continue };
        let bytes = files::read_bundle(&folder.join(Name::Device.to_string()))?;
        match keyferry_ceremony::device::accept(policy, &bytes, Countersigned::Required) {
            Ok(device) => {
                same_wrap_key(folder, device.body(), accepted)?;
                let (name, bytes) = find_record(folder)?;
                let upkeep = upkeep::accept(policy, &device, &bytes, Countersigned::Required)
                    .map_err(|refusal| refused(folder.join(&name).display(), &refusal))?;
                return copies_of(folder, &upkeep);
            }
            Err(refusal) => newest = newest.or(Some(refusal)),
        }
    }
    Err(newest.map_or_else(
        || Failure::bug("no version of the policy"),
        |refusal| refused(folder.join(Name::Device.to_string()).display(), &refusal),
    ))
}

fn find_record(folder: &Path) -> Result<(String, Vec<u8>), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", folder.display()))
            .because(error)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if matches!(Name::parse(&name), Some(Name::Upkeep(_))) {
            found.push(name);
        }
    }
    match found.as_slice() {
        [name] => Ok((name.clone(), files::read_bundle(&folder.join(name))?)),
        _ => Err(Failure::new(
            Exit::File,
            "file-missing",
            format!("{} holds no copies", folder.display()),
        )
        .because(format!("it has no plan.json, and {} upkeep-N.json, not one", found.len()))
        .hint("name the folder of a ceremony, or one that `keyferry-offline backup` wrote")),
    }
}

fn copies_of(folder: &Path, upkeep: &Verified<Upkeep>) -> Result<Vec<KeyCopy>, Failure> {
    if upkeep.body().work != Work::Backup {
        return Err(Failure::new(
            Exit::Refused,
            "bundle-refused",
            format!("{} holds the record of no backup", folder.display()),
        )
        .because(format!("it is that of: {}", upkeep.body().work)));
    }
    let mut copies = Vec::new();
    for object in &upkeep.body().objects {
        let path = folder.join(format!("{}.yhw", object.object_id));
        let wrapped =
            object.wrapped.ok_or_else(|| Failure::bug("an accepted backup lacks a copy"))?;
        copies.push(KeyCopy {
            object_id: object.object_id,
            kept_as: object.kept_as,
            check_value: object.check_value,
            public_key: object.public_key.clone(),
            attestation: object.attestation.clone(),
            place: None,
            export: export(&path, wrapped)?,
            wrapped,
            source: upkeep.digest(),
            path,
        });
    }
    Ok(copies)
}

/// The bytes that the HSM exported, from a file with this digest.
fn export(path: &Path, expected: Digest) -> Result<Vec<u8>, Failure> {
    let text = files::read_capped(path, MAX_COPY)?;
    let refuse = |because: String| {
        Failure::new(Exit::Refused, "copy-altered", format!("{} is not accepted", path.display()))
            .because(because)
            .hint("bring another copy of this file: each medium of the ceremony has one")
    };
    if Digest::of(&text) != expected {
        return Err(refuse("it is not the copy that was made: its SHA-256 differs".to_owned()));
    }
    STANDARD.decode(text.trim_ascii_end()).map_err(|error| refuse(error.to_string()))
}

/// A copy is under the wrap key of the HSM that made it: this HSM has it where it is the same one, or where its wrap key is of the same shares.
fn same_wrap_key(folder: &Path, theirs: &Device, accepted: &Accepted) -> Result<(), Failure> {
    let ours = accepted.device.body();
    let refuse = |because: String| {
        let what = format!("the copies in {} are under another wrap key", folder.display());
        Err(Failure::new(Exit::Refused, "other-wrap-key", what)
            .because(because)
            .hint("set an HSM up with that wrap key: keyferry-offline init --shares-from"))
    };
    match (&theirs.shares, &ours.shares) {
        (Some(theirs), Some(ours)) if theirs.id == ours.id => Ok(()),
        (None, None) if theirs.serial == ours.serial => Ok(()),
        (None, _) => refuse(format!(
            "HSM {} generated its wrap key, which is in no other HSM and in no shares",
            theirs.serial
        )),
        (Some(set), _) => refuse(format!(
            "it is of the shares {}, which the wrap key of HSM {} is not",
            set.id, ours.serial
        )),
    }
}
