//! `keyferry-offline inspect`: what the HSM is and holds.

use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use keyferry_bundle::{Environment, ObjectId, Serial};
use keyferry_console::{Failure, Person, Screen};
use keyferry_hsm::{Hsm as _, YubiHsm2};
use serde_json::json;

/// What to show.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry-offline --hsm usb:12345678 inspect --auth-key 0x0002")]
pub(crate) struct Args {
    /// The serial number the HSM must have
    #[arg(long, value_name = "N")]
    serial: Option<Serial>,

    /// Open a session with this authentication key and list the objects too
    #[arg(long, value_name = "ID")]
    auth_key: Option<ObjectId>,
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    // No policy is at hand; a rehearsal may override, and whoever types a production password must not.
    isolation::check(Environment::Rehearsal, access.allow_network, screen)?;
    let info = YubiHsm2::identify(&access.hsm).map_err(|error| hsm_failed(&error))?;
    if let Some(expected) = args.serial.filter(|serial| *serial != info.serial) {
        let error = keyferry_hsm::Error::WrongSerial { expected, found: info.serial };
        return Err(hsm_failed(&error));
    }
    let log = format!("{} of {} entries used", info.log_used, info.log_capacity);
    screen.result(format!("serial    {}", info.serial))?;
    screen.result(format!("firmware  {}", info.firmware))?;
    screen.result(format!("log       {log}"))?;
    let mut answer = json!({
        "serial": info.serial,
        "firmware": info.firmware,
        "log": { "used": info.log_used, "capacity": info.log_capacity },
    });
    if let Some(key) = args.auth_key {
        let hsm = access.open(info.serial, key, person, screen)?;
        let storage = hsm.storage().map_err(|error| hsm_failed(&error))?;
        let objects = hsm.objects().map_err(|error| hsm_failed(&error))?;
        screen.result(format!(
            "storage   {} of {} objects and {} bytes free",
            storage.free_objects, storage.total_objects, storage.free_bytes
        ))?;
        let mut listed = Vec::with_capacity(objects.len());
        for (kind, id) in &objects {
            let found = hsm.object(*kind, *id).map_err(|error| hsm_failed(&error))?;
            let label = found.map(|object| object.label).unwrap_or_default();
            screen.result(format!("object    {id}  {:18}  {label}", kind.to_string()))?;
            listed.push(json!({ "id": id, "type": kind.to_string(), "label": label }));
        }
        if let Some(members) = answer.as_object_mut() {
            members.insert("free_objects".to_owned(), storage.free_objects.into());
            members.insert("free_bytes".to_owned(), storage.free_bytes.into());
            members.insert("objects".to_owned(), listed.into());
        }
    }
    screen.json(&answer)
}
