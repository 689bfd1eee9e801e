//! `keyferry share`, with the real program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;

use age::secrecy::ExposeSecret as _;
use desk::Desk;
use keyferry_bundle::{Base64, Custodian, Digest, Serial};
use keyferry_shares::{ProofFile, SetFile, Share, randomness, share_file, split};
use std::io::Write as _;

const SERIAL: Serial = Serial::new(12_345_678);
const NAMES: [&str; 3] = ["carol", "dave", "erin"];

/// A desk with a set, three custodians' identities, and their shares, in clear for the test.
fn handed_out(desk: &Desk, folder: &str) -> Vec<Share> {
    std::fs::create_dir(desk.path(folder)).unwrap();
    let mut custodians = Vec::new();
    for name in NAMES {
        let identity = age::x25519::Identity::generate();
        let text = format!("# made for a test\n{}\n", identity.to_string().expose_secret());
        desk.write(&format!("{folder}/{name}.key"), text.as_bytes());
        let recipient = identity.to_public().to_string().parse().unwrap();
        custodians.push(Custodian { holder: name.parse().unwrap(), recipient });
    }
    let drawn = |what: &str| Digest::of(format!("{folder} {what}").as_bytes());
    let random = [*drawn("one").as_bytes(), *drawn("two").as_bytes()].concat();
    assert_eq!(random.len(), randomness(2));
    let split = split(drawn("key").as_bytes(), SERIAL, 2, &custodians, &random).unwrap();
    for (share, custodian) in split.shares.iter().zip(&custodians) {
        let recipient: age::x25519::Recipient = custodian.recipient.as_str().parse().unwrap();
        let sealed =
            age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        let mut file = Vec::new();
        let mut writer = sealed.unwrap().wrap_output(&mut file).unwrap();
        writer.write_all(share.to_text().as_bytes()).unwrap();
        writer.finish().unwrap();
        let name = share_file(share.index(), share.holder());
        desk.write(&format!("{folder}/{name}"), &file);
    }
    let probe = Base64::new([1]).unwrap();
    let set = SetFile { serial: SERIAL, shares: split.set, probe };
    desk.write(&format!("{folder}/shares.json"), &set.encode().unwrap());
    split.shares
}

fn accepted(desk: &Desk, proof: &str, index: u8) -> bool {
    let set = SetFile::decode(&desk.read("set/shares.json")).unwrap();
    let proof = ProofFile::decode(&desk.read(proof)).unwrap();
    proof.accept(&set.shares, SERIAL, index).is_ok()
}

#[test]
fn a_custodian_proves_a_share_without_showing_it() {
    let desk = Desk::empty();
    let shares = handed_out(&desk, "set");
    let prove = ["share", "prove", "set/share-2-dave.age", "--identity", "set/dave.key"];
    let run = desk.run(&prove, &[]).done();
    assert!(run.err.contains("Share 2 of 3, dave's, is there and is the right one"), "{run:#?}");
    assert!(accepted(&desk, "set/share-2-dave.proof.json", 2));
    assert!(!accepted(&desk, "set/share-2-dave.proof.json", 1));
    let text = shares[1].to_text();
    for value in text.lines().filter(|line| line.starts_with("value-")) {
        let proof = String::from_utf8(desk.read("set/share-2-dave.proof.json")).unwrap();
        for shown in [&run.out, &run.err, &proof] {
            assert!(!shown.contains(&value[8..27]), "{shown}");
        }
    }
    // Nothing is overwritten.
    desk.run(&prove, &[]).refused(8, "is already there");
    let elsewhere = [&["--json"], &prove[..], &["--out", "p.json"]].concat();
    let json = desk.run(&elsewhere, &[]).done().json();
    assert_eq!((json["holder"].as_str(), json["index"].as_u64()), (Some("dave"), Some(2)));
    assert_eq!(desk.read("p.json"), desk.read("set/share-2-dave.proof.json"));
}

#[test]
fn a_share_is_opened_by_its_custodian_alone_and_held_against_its_set() {
    let desk = Desk::empty();
    handed_out(&desk, "set");
    handed_out(&desk, "other");
    let prove = |share: &str, identity: &str, set: &str| {
        desk.run(&["share", "prove", share, "--identity", identity, "--set", set], &[])
    };
    let (share, set) = ("set/share-1-carol.age", "set/shares.json");
    prove(share, "set/dave.key", set).refused(8, "set/share-1-carol.age cannot be opened");
    prove(share, share, set).refused(2, "nobody answered: Passphrase of");
    prove(share, "set/carol.key", "other/shares.json")
        .refused(3, "the share of carol is of another set: it names another id");
    prove(share, "set/carol.key", "nowhere.json").refused(8, "--set: the room's shares.json");
    prove(share, "set/carol.key", "set/carol.key").refused(3, "is no set of shares");
    desk.write("set/text.age", &desk.read("set/share-1-carol.age")[..40]);
    prove("set/text.age", "set/carol.key", set).refused(8, "set/text.age cannot be opened");
    assert!(!desk.path("set/share-1-carol.proof.json").exists());
    // A set whose commitments were changed is no set.
    let text = String::from_utf8(desk.read(set)).unwrap();
    let at = text.find("\"commitments\":[\"").unwrap() + 20;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    desk.write("changed.json", format!("{}{other}{}", &text[..at], &text[at + 1..]).as_bytes());
    prove(share, "set/carol.key", "changed.json").refused(3, "is no set of shares");
}

#[test]
fn a_printed_share_is_typed_and_a_mistake_is_found_in_its_line() {
    let desk = Desk::empty();
    let shares = handed_out(&desk, "set");
    let text = shares[2].to_text();
    let upper = text.to_ascii_uppercase().replace(' ', "  ");
    let lines: Vec<&str> = upper.lines().collect();
    let prove =
        ["share", "prove", "--printed", "--set", "set/shares.json", "--out", "set/typed.json"];
    let run = desk.run(&prove, &lines).done();
    assert!(accepted(&desk, "set/typed.json", 3));
    assert!(lines.iter().all(|line| !run.err.to_ascii_uppercase().contains(line)), "{run:#?}");
    for place in 0..lines.len() {
        let mistyped = lines[place].replacen(['1', 'A'], "7", 1);
        if mistyped == lines[place] {
            continue;
        }
        let mut wrong = lines.clone();
        wrong[place] = &mistyped;
        desk.run(&prove, &wrong).refused(3, &format!("line {} of the share: ", place + 1));
    }
    // A line of another share.
    let other = shares[0].to_text();
    let mut mixed = lines.clone();
    mixed[6] = other.lines().nth(6).unwrap();
    desk.run(&prove, &mixed).refused(3, "the checksum does not fit");
}

#[test]
fn a_share_is_shown_on_a_terminal_alone() {
    let desk = Desk::empty();
    handed_out(&desk, "set");
    let show = ["share", "show", "set/share-1-carol.age", "--identity", "set/carol.key"];
    for more in [&[][..], &["--json"]] {
        let run = desk.run(&[&show[..], more].concat(), &["carol"]);
        let run = run.refused(2, "a share is shown on a terminal and nowhere else");
        assert!(!run.out.contains("value-") && !run.err.contains("value-"), "{run:#?}");
    }
}
