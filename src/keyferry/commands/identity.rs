//! `keyferry identity new` and `show`.

use crate::cli::identity::FileArg;
use keyferry_bundle::PublicKey;
use keyferry_console::files::{self, Mode};
use keyferry_console::identity::{Identity, public_key_pem};
use keyferry_console::{Failure, Person, Screen};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Makes a key and writes both its files, or neither.
pub(crate) fn new(args: &FileArg, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let public = public_path(&args.file);
    files::must_be_free(&args.file)?;
    files::must_be_free(&public)?;
    let prompt = format!("New passphrase for {}, 12 characters or more", args.file.display());
    let (identity, sealed) = Identity::create(person.new_secret(screen, &prompt)?)?;
    let key = identity.public_key()?;
    let pem = public_key_pem(&key)?;
    files::write_all_new(&[
        (args.file.clone(), sealed, Mode::Private),
        (public.clone(), pem.into_bytes(), Mode::Public),
    ])?;
    screen.say(format!(
        "{} is the key: keep it and its passphrase to yourself.",
        args.file.display()
    ));
    screen.say(format!("{} goes to whoever makes the policy.", public.display()));
    print(&args.file, &key, None, screen)
}

/// Shows the public half.
pub(crate) fn show(args: &FileArg, person: &Person, screen: &Screen) -> Result<(), Failure> {
    let key = Identity::ask(person, screen, &args.file)?.public_key()?;
    let pem = public_key_pem(&key)?;
    print(&args.file, &key, Some(&pem), screen)
}

fn print(file: &Path, key: &PublicKey, pem: Option<&str>, screen: &Screen) -> Result<(), Failure> {
    let id = key.id().map_err(Failure::bug)?;
    screen.json(&json!({
        "file": file.display().to_string(),
        "public_key": public_path(file).display().to_string(),
        "key_id": id,
        "algorithm": key.algorithm(),
        "pem": public_key_pem(key)?,
    }))?;
    screen.result(format!("key id {id}"))?;
    pem.map_or(Ok(()), |pem| screen.result(pem.trim_end()))
}

/// `FILE.pub.pem`.
fn public_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub.pem");
    name.into()
}
