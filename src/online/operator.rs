//! The online operator: an opened identity whose signature counts.

use keyferry_bundle::kinds::Bundle;
use keyferry_bundle::{Holder, Policy, Role, Verified};
use keyferry_ceremony::Refusal;
use keyferry_console::ceremony::refused;
use keyferry_console::identity::Identity;
use keyferry_console::{Exit, Failure, Person, Screen, files};
use std::path::Path;

/// Larger than any identity file.
const MAX_IDENTITY_BYTES: usize = 16 * 1024;

/// Somebody who may sign requests and receipts.
pub(crate) struct Operator {
    identity: Identity,
    holder: Holder,
}

impl Operator {
    /// Opens an identity file and checks, before anything is asked of AWS, that the policy counts its key as an online operator's.
    pub(crate) fn open(
        person: &Person,
        screen: &Screen,
        policy: &Verified<Policy>,
        path: &Path,
    ) -> Result<Self, Failure> {
        let file = files::read_capped(path, MAX_IDENTITY_BYTES)?;
        let passphrase = person.secret(screen, &format!("Passphrase of {}", path.display()))?;
        let identity = Identity::open(&file, passphrase)?;
        let key = identity.public_key()?.id().map_err(Failure::bug)?;
        let required = policy.requirements(&[Role::OnlineOperator]).map_err(Failure::bug)?;
        let enrolled =
            required.enrolled.iter().find(|enrolled| enrolled.key.id().is_ok_and(|id| id == key));
        let counts = required.quorums.iter().any(|quorum| quorum.keys.contains(&key));
        match enrolled {
            Some(enrolled) if counts => Ok(Self { identity, holder: enrolled.holder.clone() }),
            Some(_) | None => Err(Failure::new(
                Exit::Policy,
                "wrong-signer",
                format!("{} may not sign this", path.display()),
            )
            .because(format!("the policy does not count key {key} as an online operator's"))
            .hint("use an online operator's identity; `keyferry policy show` names them")),
        }
    }

    /// Who it is.
    pub(crate) const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// A signed bundle.
    pub(crate) fn sign<T: Bundle>(&self, body: &T) -> Result<Vec<u8>, Failure> {
        let mut envelope = body.to_envelope().map_err(|field| {
            Failure::new(Exit::Refused, "bundle-refused", format!("the {} cannot be made", T::KIND))
                .because(field)
        })?;
        self.identity.sign(&mut envelope)?;
        Ok(envelope.encode())
    }
}

/// Holds our own bundle against the policy before it is written. A quorum that is still short is no fault of ours: the sentence
/// that says who is missing comes back. What is short is not read any further: whoever calls this has held the body against the rules.
pub(crate) fn own_work<T>(
    name: &str,
    accepted: Result<Verified<T>, Refusal>,
) -> Result<Option<String>, Failure> {
    match accepted {
        Ok(_) => Ok(None),
        Err(Refusal::Bundle { source, .. }) if source.is_quorum_short() => {
            Ok(Some(source.to_string()))
        }
        Err(refusal) => Err(refused(name, &refusal)),
    }
}
