//! The device bundle.

use super::Args;
use crate::audit;
use crate::hsm_access::{hsm_failed, sign, unmakeable};
use crate::transcript::Written;
use keyferry_bundle::kinds::{AttestationChain, Bundle as _, DeviceKey, LogHead, ShareSet};
use keyferry_bundle::{Base64, Device, Domains, LogDigest, Policy, Verified};
use keyferry_ceremony::{Countersigned, device};
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen, clock, fingerprint};
use keyferry_hsm::{Hsm, Purpose};

/// Signs with the new signing key, checks its own work under the pinned policy, writes.
pub(super) fn write(
    args: &Args,
    policy: &Verified<Policy>,
    hsm: &dyn Hsm,
    is_new: bool,
    shares: Option<ShareSet>,
) -> Result<Verified<Device>, Failure> {
    let info = hsm.device().map_err(|error| hsm_failed(&error))?;
    let public = hsm.public_key(args.signing_key).map_err(|error| hsm_failed(&error))?;
    let signing = hsm
        .object(Purpose::SigningKey.kind(), args.signing_key)
        .map_err(|error| hsm_failed(&error))?
        .ok_or_else(|| Failure::bug("the signing key is gone"))?;
    let spki = public.to_spki_der().and_then(Base64::new).map_err(Failure::bug)?;
    let mut body = Device {
        environment: policy.body().environment,
        policy: policy.digest(),
        created: clock::now()?,
        name: args.name.clone(),
        serial: info.serial,
        firmware: info.firmware,
        signing_key: DeviceKey {
            object_id: args.signing_key,
            label: signing.label.parse().map_err(Failure::bug)?,
            spki,
            attestation: Some(attest(args, hsm)?),
        },
        wrap_key: args.wrap_key,
        credentials: args.credentials(),
        domains: Domains::ONE,
        audit: audit::options(hsm)?,
        log_anchor: LogHead { number: 0, digest: LogDigest::from_bytes([0; 16]) },
        shares,
    };
    body.log_anchor = audit::anchor(hsm, &body, is_new)?;
    let mut envelope = body.to_envelope().map_err(|error| unmakeable(&error))?;
    sign(hsm, args.signing_key, &public, &mut envelope)?;
    let bytes = envelope.encode();
    let device = device::accept(policy, &bytes, Countersigned::NotYet)
        .map_err(|refusal| refused("the new device bundle", &refusal))?;
    files::write_new(&args.out, &bytes, Mode::Public)?;
    Ok(device)
}

/// Says what is there now and what comes next.
pub(super) fn show(args: &Args, device: &Verified<Device>, screen: &Screen) -> Result<(), Failure> {
    screen.heading(format!("HSM {} is set up", args.name));
    screen.table(&fingerprint::rows(&device.digest()));
    screen.say(format!(
        "Next: each witness signs it: keyferry sign {} --identity FILE",
        args.out.display()
    ));
    screen.result(args.out.display().to_string())
}

pub(super) fn answer_json(
    args: &Args,
    device: &Verified<Device>,
    written: &Written,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.json(&serde_json::json!({
        "device": args.out,
        "digest": device.digest(),
        "transcripts": written.as_ref().map(Vec::as_slice).unwrap_or_default(),
    }))
}

/// What the HSM says of its signing key. Whether it is believed, the policy's attestation roots decide.
fn attest(args: &Args, hsm: &dyn Hsm) -> Result<AttestationChain, Failure> {
    let certificate = hsm.attest(args.signing_key).map_err(|error| hsm_failed(&error))?;
    let device = hsm.attestation_certificate().map_err(|error| hsm_failed(&error))?;
    Ok(AttestationChain {
        certificate: Base64::new(certificate).map_err(Failure::bug)?,
        issuers: vec![Base64::new(device).map_err(Failure::bug)?],
    })
}
