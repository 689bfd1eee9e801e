//! `CreateVolume`, `DescribeVolumes`.

use super::answer::{element, nested};
use super::defaults::AWS_KEY;
use super::state::Volume;
use super::{Ec2Refusal, Form};
use crate::keys::KeyState;
use crate::keys::spec::is_symmetric;
use crate::operations::Context;
use crate::random;
use crate::state::State;
use std::collections::BTreeMap;

const KINDS: &[&str] = &["gp2", "gp3", "standard", "st1", "sc1"];
/// The biggest volume of most kinds, GiB.
const MOST_GIBIBYTES: u32 = 16_384;

/// Makes a volume; the one there is for a client token that was used before.
pub(super) fn create(context: &mut Context<'_>, mut form: Form) -> Result<String, Ec2Refusal> {
    let asked = form.but("ClientToken");
    let token = form.take("ClientToken");
    if let Some((before, id)) = token.as_ref().and_then(|t| context.state.ebs.tokens.get(t)) {
        if *before != asked {
            let message = "The client token was used before, in a request with other parameters.";
            return Err(Ec2Refusal::new("IdempotentParameterMismatch", message));
        }
        let volume = context.state.ebs.volumes.get(id);
        let volume = volume.ok_or_else(|| not_found(id))?;
        return Ok(shown(id, volume, state_of(volume)));
    }
    let volume = asked_for(context, form)?;
    let id = format!("vol-{:017x}", u128::from_be_bytes(random::bytes()?) >> 60);
    let answer = shown(&id, &volume, "creating");
    if let Some(token) = token {
        context.state.ebs.tokens.insert(token, (asked, id.clone()));
    }
    context.state.ebs.volumes.insert(id, volume);
    Ok(answer)
}

fn asked_for(context: &Context<'_>, mut form: Form) -> Result<Volume, Ec2Refusal> {
    let state = &*context.state;
    let zone = form.required("AvailabilityZone")?;
    let letter = zone.strip_prefix(state.region.as_str());
    if !letter.is_some_and(|l| l.len() == 1 && l.bytes().all(|b| b.is_ascii_lowercase())) {
        let message = format!("Invalid availability zone: [{zone}]");
        return Err(Ec2Refusal::new("InvalidParameterValue", message));
    }
    let size = form.required("Size")?;
    let gibibytes = size.parse().ok().filter(|size| (1..=MOST_GIBIBYTES).contains(size));
    let gibibytes = gibibytes.ok_or_else(|| Ec2Refusal::value("size", &size))?;
    let kind = form.take("VolumeType").unwrap_or_else(|| "gp2".to_owned());
    if !KINDS.contains(&kind.as_str()) {
        return Err(Ec2Refusal::value("volumeType", &kind));
    }
    let named = form.take("KmsKeyId");
    let said = form.flag("Encrypted")?;
    let tags = tags(&mut form)?;
    form.finish()?;
    let encrypted = said == Some(true) || state.ebs.encrypt_by_default;
    if named.is_some() && (!encrypted || said == Some(false)) {
        let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
        return Err(Ec2Refusal::new("InvalidParameterDependency", message));
    }
    let (mut key, mut failed) = (None, false);
    if encrypted {
        let name = named.or_else(|| state.ebs.default_key.clone());
        let (shown, usable) = key_of(state, name.as_deref().unwrap_or(AWS_KEY));
        (key, failed) = (Some(shown), !usable);
    }
    let created = context.now;
    Ok(Volume { zone, gibibytes, kind, encrypted, key, created, tags, failed })
}

/// A key's ARN, or its name where there is none such; and whether EBS can use it now.
fn key_of(state: &State, name: &str) -> (String, bool) {
    match state.find(name) {
        Ok(key) => {
            let usable = key.state() == KeyState::Enabled && is_symmetric(key.spec);
            (state.key_arn(&key.id), usable)
        }
        // AWS makes its own key when it is first needed; here it is none of KMS's.
        Err(_) if name == AWS_KEY => (state.arn(name), true),
        Err(_) => (name.to_owned(), false),
    }
}

fn tags(form: &mut Form) -> Result<BTreeMap<String, String>, Ec2Refusal> {
    let mut tags = BTreeMap::new();
    let Some(of) = form.take("TagSpecification.1.ResourceType") else { return Ok(tags) };
    if of != "volume" {
        return Err(Ec2Refusal::value("resourceType", &of));
    }
    for n in 1.. {
        let at = |part| format!("TagSpecification.1.Tag.{n}.{part}");
        let Some(key) = form.take(&at("Key")) else { break };
        let value = form.take(&at("Value")).unwrap_or_default();
        if key.is_empty() || key.starts_with("aws:") || tags.insert(key.clone(), value).is_some() {
            return Err(Ec2Refusal::value("tagKey", &key));
        }
    }
    Ok(tags)
}

/// Describes the volumes asked for, or all.
pub(super) fn describe(context: &Context<'_>, mut form: Form) -> Result<String, Ec2Refusal> {
    let wanted = form.list("VolumeId");
    form.finish()?;
    let volumes = &context.state.ebs.volumes;
    if let Some(missing) = wanted.iter().find(|id| !volumes.contains_key(*id)) {
        return Err(not_found(missing));
    }
    let listed = volumes.iter().filter(|(id, _)| wanted.is_empty() || wanted.contains(id));
    let items = listed.map(|(id, volume)| nested("item", &shown(id, volume, state_of(volume))));
    Ok(nested("volumeSet", &items.collect::<String>()))
}

fn state_of(volume: &Volume) -> &'static str {
    if volume.failed { "error" } else { "available" }
}

fn shown(id: &str, volume: &Volume, state: &str) -> String {
    let tag = |(key, value): (&String, &String)| {
        nested("item", &(element("key", key) + &element("value", value)))
    };
    let mut parts = vec![
        element("volumeId", id),
        element("size", &volume.gibibytes.to_string()),
        element("snapshotId", ""),
        element("availabilityZone", &volume.zone),
        element("status", state),
        element("createTime", &volume.created.to_string()),
        nested("attachmentSet", ""),
        element("volumeType", &volume.kind),
        element("encrypted", &volume.encrypted.to_string()),
        element("multiAttachEnabled", "false"),
    ];
    parts.extend(volume.key.as_ref().map(|key| element("kmsKeyId", key)));
    if !volume.tags.is_empty() {
        parts.push(nested("tagSet", &volume.tags.iter().map(tag).collect::<String>()));
    }
    parts.concat()
}

fn not_found(id: &str) -> Ec2Refusal {
    Ec2Refusal::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}
