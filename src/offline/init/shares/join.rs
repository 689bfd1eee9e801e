//! The wrap key of another HSM, put together from its custodians' shares: so that this HSM takes back what that one exported.
//!
//! Everything about the shares is settled before the HSM is asked for anything: each was opened by its custodian, is held against the
//! set's commitments, and proves anew that it is there; what they make is held against the commitments too.

use super::{ShareArgs, probe};
use crate::hsm_access::hsm_failed;
use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{Device, Envelope, Holder, Kind, Policy, Serial, Verified};
use keyferry_ceremony::{Countersigned, device};
use keyferry_console::ceremony::refused;
use keyferry_console::custodian::CustodianIdentity;
use keyferry_console::files;
use keyferry_console::{Exit, Failure, Person, Screen, share};
use keyferry_hsm::{Hsm, KeyMaterial, Place, Purpose};
use keyferry_shares::{
    ProofFile, SET_FILE, SetFile, Share, combine, present, proof_file, prove, verify_proofs,
};
use std::path::{Path, PathBuf};

/// The most bytes a set or a proof may have.
const MAX_FILE: usize = 64 * 1024;
/// Characters of the set's id that stand in the wrap key's label: enough to tell sets apart, and the label has no more room.
const TAG: usize = 16;

/// A wrap key that was put together.
pub(in crate::init) struct Joined {
    /// As this HSM's device bundle has it.
    set: ShareSet,
    /// The HSM whose wrap key was split.
    first: Serial,
    /// None where the HSM got it before.
    key: Option<KeyMaterial>,
    present: Vec<Holder>,
}

impl Joined {
    /// Opens the shares and puts the wrap key together; none where the command line names no shares.
    pub(in crate::init) fn ask(
        args: &ShareArgs,
        history: &[Verified<Policy>],
        serial: Serial,
        person: &Person,
        screen: &Screen,
    ) -> Result<Option<Self>, Failure> {
        if args.shares_from.is_empty() && args.printed == 0 {
            let again = args.share_set.as_deref();
            return again.map(|path| Self::again(path, history, serial)).transpose();
        }
        let path = args.set_path();
        let (first, mut set) = read_set(&path, history)?;
        let shares = opened(args, person, screen)?;
        let refuse = |error: &dyn std::error::Error| {
            Failure::new(Exit::Refused, "share-refused", "these shares do not make the wrap key")
                .caused_by(error)
                .hint("nothing was changed in the HSM: bring shares of the set in --share-set, one a custodian")
        };
        let key = combine(&set, first, &shares).map_err(|error| refuse(&error))?;
        let key = KeyMaterial::take(key.to_vec()).map_err(|error| hsm_failed(&error))?;
        prove_missing(&mut set, first, &shares, &path)?;
        let set = present(&set, first, serial, &shares).map_err(|error| refuse(&error))?;
        let present = shares.iter().map(|share| share.holder().clone()).collect();
        Ok(Some(Self { set, first, key: Some(key), present }))
    }

    /// For an HSM that got the wrap key before, and needs a device bundle under a new version of the policy: its old one has the proofs.
    fn again(path: &Path, history: &[Verified<Policy>], serial: Serial) -> Result<Self, Failure> {
        let (first, set) = read_set(path, history)?;
        if set.hsm.is_none() || verify_proofs(&set, serial).is_err() {
            let what =
                format!("{} is not of HSM {serial} and a wrap key from shares", path.display());
            return Err(Failure::new(Exit::Refused, "share-set", what).hint(
                "name the device bundle that this HSM had, or the shares with --shares-from",
            ));
        }
        let there = set.holders.iter().filter(|holder| holder.present.is_some());
        let present = there.map(|holder| holder.holder.clone()).collect();
        Ok(Self { set, first, key: None, present })
    }

    /// The set, as this HSM's device bundle has it.
    pub(in crate::init) const fn set(&self) -> &ShareSet {
        &self.set
    }

    /// The wrap key's label: it names the set, so that a later run cannot take one wrap key for another.
    pub(in crate::init) fn label(&self) -> String {
        let id: String = self.set.id.to_string().chars().take(TAG).collect();
        format!("keyferry wrap key {id}")
    }

    /// Where the wrap key comes from, in words.
    pub(in crate::init) fn told(&self) -> String {
        let names: Vec<&str> = self.present.iter().map(Holder::as_str).collect();
        format!("that of HSM {}, put together from the shares of {}", self.first, names.join(", "))
    }

    /// Puts the wrap key in, and has the HSM show that it is that one. What an earlier run left is made anew: nobody knows how far it got.
    pub(in crate::init) fn put(&self, hsm: &dyn Hsm, place: &Place) -> Result<(), Failure> {
        let key = self.key.as_ref().ok_or_else(|| {
            Failure::new(Exit::Unchanged, "wrap-key", "this HSM has no wrap key yet")
                .because("it was not set up before")
                .hint("name the shares that make the wrap key with --shares-from")
        })?;
        probe::sweep(hsm, place.id)?;
        let kind = Purpose::SplitWrapKey.kind();
        if hsm.object(kind, place.id).map_err(|error| hsm_failed(&error))?.is_some() {
            hsm.delete_wrap_key(place.id).map_err(|error| hsm_failed(&error))?;
        }
        hsm.put_wrap_key(place, key).map_err(|error| hsm_failed(&error))?;
        probe::export(hsm, place, key, &self.set.id).map(drop)
    }
}

/// Each share, opened by one of the identities or typed.
fn opened(args: &ShareArgs, person: &Person, screen: &Screen) -> Result<Vec<Share>, Failure> {
    let identities = args
        .identity
        .iter()
        .map(|path| CustodianIdentity::ask(person, screen, path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut shares = Vec::new();
    for path in &args.shares_from {
        shares.push(open(path, &identities)?);
    }
    for number in 1..=args.printed {
        screen.say(format!("Share {number} of {} from paper:", args.printed));
        shares.push(share::typed(person, screen)?);
    }
    Ok(shares)
}

fn open(path: &Path, identities: &[CustodianIdentity]) -> Result<Share, Failure> {
    let mut last = None;
    for identity in identities {
        match share::open(path, identity) {
            Ok(share) => return Ok(share),
            // Another identity may open it; what is opened and no share is none.
            Err(failure) if failure.code == "age-file" => last = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    Err(last.unwrap_or_else(|| {
        Failure::usage(format!("nobody can open {}", path.display()))
            .hint("name the custodians' age identities with --identity, once for each")
    }))
}

/// The set and the HSM whose wrap key was split: from a device bundle of any version of the policy, or from a share folder.
fn read_set(path: &Path, history: &[Verified<Policy>]) -> Result<(Serial, ShareSet), Failure> {
    let bytes = files::read_bundle(path).map_err(|failure| {
        failure.hint("name the device bundle of an HSM with that wrap key, or shares.json of its share folder, with --share-set")
    })?;
    if Envelope::decode_canonical(&bytes).is_ok() {
        let device = any_version(path, &bytes, history)?;
        let set = device.body().shares.clone().ok_or_else(|| {
            let what = format!("{} names no shares", path.display());
            Failure::new(Exit::Refused, "share-set", what)
                .because("the wrap key of its HSM was not split")
        })?;
        return Ok((set.origin(device.body().serial), set));
    }
    let file = SetFile::decode(&bytes).map_err(|error| {
        let what = format!("{} is no set of shares and no device bundle", path.display());
        Failure::new(Exit::Refused, "share-set", what).because(error)
    })?;
    let SetFile { serial, shares: mut set, .. } = file;
    let unproved = set.clone();
    for holder in &mut set.holders {
        let proof = path.with_file_name(proof_file(holder.index, &holder.holder));
        if proof.symlink_metadata().is_err() {
            continue;
        }
        let read = ProofFile::decode(&files::read_capped(&proof, MAX_FILE)?)
            .and_then(|file| file.accept(&unproved, serial, holder.index));
        holder.proof = Some(read.map_err(|error| {
            let what = format!("{} is not accepted", proof.display());
            Failure::new(Exit::Refused, "share-proof", what).because(error)
        })?);
    }
    Ok((serial, set))
}

/// A device bundle, which may be of any version of the policy that led to the pinned one: the HSM may be long lost.
fn any_version(
    path: &Path,
    bytes: &[u8],
    history: &[Verified<Policy>],
) -> Result<Verified<Device>, Failure> {
    let shown = path.display();
    let mut newest = None;
    for policy in history.iter().rev() {
        match device::accept(policy, bytes, Countersigned::Required) {
            Ok(device) => return Ok(device),
            Err(refusal) => newest = newest.or(Some(refusal)),
        }
    }
    Err(newest.map_or_else(
        || Failure::bug(format!("no version of the policy for a {}", Kind::Device)),
        |refusal| refused(&shown, &refusal),
    ))
}

/// Everybody proved their share when the wrap key was split; who is here can do so again.
fn prove_missing(
    set: &mut ShareSet,
    first: Serial,
    shares: &[Share],
    path: &Path,
) -> Result<(), Failure> {
    let plain = set.clone();
    for holder in set.holders.iter_mut().filter(|holder| holder.proof.is_none()) {
        let here = shares.iter().find(|share| share.index() == holder.index);
        let proof = here.map(|share| prove(&plain, first, share)).transpose();
        holder.proof = proof.map_err(|error| Failure::bug(&error))?;
        if holder.proof.is_none() {
            let name = proof_file(holder.index, &holder.holder);
            let what = format!("{}'s proof of the share is not here", holder.holder);
            return Err(Failure::new(Exit::File, "share-proof", what)
                .because(format!("{name} is not beside {}", path.display()))
                .hint("name the device bundle of an HSM with that wrap key with --share-set: it has every proof"));
        }
    }
    Ok(())
}

impl ShareArgs {
    /// Where the public part of the shares is.
    fn set_path(&self) -> PathBuf {
        let beside = || self.shares_from.first().map(|share| share.with_file_name(SET_FILE));
        self.share_set.clone().or_else(beside).unwrap_or_else(|| PathBuf::from(SET_FILE))
    }
}
