//! `keyferry plan new` for several keys, for importing again and for rotating, with the real program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is a failing test"
)]

mod desk;

use desk::{Desk, Run, check_value, material_id};
use keyferry_bundle::Plan;
use keyferry_bundle::kinds::{Operation, Pin, Target};

const PRIMARY: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const REPLICA: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const OTHER: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";

/// A desk whose policy allows two Regions.
fn desk() -> Desk {
    let desk = Desk::ready();
    desk.replace("policy-v2.json", &["--add-region", "eu-west-1"]);
    let mut device = desk.device();
    device.policy = desk.digest("policy-v2.json");
    desk.write("device.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    desk
}

/// `plan new` with nothing but what is given and what every plan has.
fn plan(desk: &Desk, folder: &str, more: &[&str]) -> Run {
    let mut args = vec!["plan", "new", folder, "--device", "device.json", "--ceremony-id", folder];
    if !more.contains(&"--previous") {
        args.push("--first");
    }
    desk.run(&[&args, more].concat(), &[])
}

/// A primary and its replica with one key material, another key with its own; up to the receipt.
fn imported() -> Desk {
    let desk = desk();
    let replica = format!("replica={REPLICA}@0x0a01");
    let other = format!("other={OTHER}@0x0a02");
    let keys = ["--target", "primary", "--key-arn", PRIMARY, "--object-id", "0x0a01"];
    let more = ["--add", &replica, "--add", &other, "--does-not-expire"];
    let more = [&keys[..], &more, &["--wrapping-key-spec", "RSA_2048"]].concat();
    plan(&desk, "first", &more).done();
    desk.hold("first");
    desk
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.targets.iter().map(|target| target.name.as_str()).collect()
}

#[test]
fn keys_of_one_object_share_what_the_first_of_them_says() {
    let desk = imported();
    let plan = desk.plan_of("first");
    assert_eq!(names(&plan), ["primary", "replica", "other"]);
    let labels: Vec<&str> = plan.targets.iter().map(|target| target.label.as_str()).collect();
    assert_eq!(labels, ["primary", "primary", "other"]);
    let regional: Vec<bool> = plan.targets.iter().map(|target| target.multi_region).collect();
    assert_eq!((plan.materials().len(), regional), (2, vec![true, true, false]));
    assert_eq!(plan.operation, Operation::Import);
}

#[test]
fn a_list_says_what_it_wants_and_the_options_the_rest() {
    let desk = desk();
    let entry = |name: &str, key: &str, object: &str, more: &str| {
        format!(r#"{{"name":"{name}","key":"{key}","object_id":"{object}"{more}}}"#)
    };
    let list = [
        entry("a", PRIMARY, "0x0a01", r#","label":"root of trust","domains":"1""#),
        entry("b", REPLICA, "0x0a01", ""),
        entry(
            "c",
            OTHER,
            "0x0a03",
            r#","wrapping_key_spec":"RSA_3072","expiration":{"model":"KEY_MATERIAL_DOES_NOT_EXPIRE"}"#,
        ),
    ];
    desk.write("keys.json", format!("[{}]", list.join(",\n")).as_bytes());
    let made = plan(&desk, "batch", &["--targets", "keys.json", "--does-not-expire"]).done();
    assert!(made.out.contains("batch/plan.json"), "{made:#?}");
    let made = desk.plan_of("batch");
    assert_eq!(made.targets[1].label.as_str(), "root of trust");
    assert_eq!(made.targets[0].wrapping_key_spec.as_str(), "RSA_4096");
    assert_eq!(made.targets[2].wrapping_key_spec.as_str(), "RSA_3072");
    plan(&desk, "no-expiry", &["--targets", "keys.json"])
        .refused(2, "nothing says when the key material of a expires");
    desk.write(
        "keys.json",
        format!("[{},\n{}]", list[0], entry("b", REPLICA, "0x0a02", r#","colour":"red""#))
            .as_bytes(),
    );
    plan(&desk, "colour", &["--targets", "keys.json", "--does-not-expire"])
        .refused(3, "targets[1].colour");
    // A rule that holds over keys of one object.
    desk.write(
        "keys.json",
        format!("[{},\n{}]", list[0], entry("b", REPLICA, "0x0a01", r#","label":"b""#)).as_bytes(),
    );
    plan(&desk, "label", &["--targets", "keys.json", "--does-not-expire"])
        .refused(3, "targets[1].label: is another one than that of target a");
    plan(&desk, "both", &["--targets", "keys.json", "--does-not-expire", "--object-id", "0x0a01"])
        .usage("cannot be used with");
    assert!(!desk.path("label").exists() && !desk.path("colour").exists());
}

/// The pin that a plan made of the first ceremony must have.
fn pin(desk: &Desk, folder: &str, name: &str) -> Pin {
    let before = desk.plan_of(folder);
    let target = before.target(&name.parse().unwrap()).unwrap();
    Pin {
        response: desk.digest(&format!("{folder}/response-1.json")),
        check_value: check_value(target),
        key_material_id: Some(material_id(target)),
    }
}

#[test]
fn key_material_is_imported_again_as_the_earlier_ceremony_left_it() {
    let desk = imported();
    let again = ["--operation", "reimport", "--of", "first", "--previous", "first/plan.json"];
    let until = ["--does-not-expire"];
    plan(&desk, "again", &[&again[..], &until].concat()).done();
    let (before, made) = (desk.plan_of("first"), desk.plan_of("again"));
    assert_eq!((made.operation, made.counter), (Operation::Reimport, 2));
    for (target, before) in made.targets.iter().zip(&before.targets) {
        let expected =
            Target { material: Some(pin(&desk, "first", before.name.as_str())), ..before.clone() };
        assert_eq!(*target, expected);
    }
    let lint = ["plan", "lint", "again", "--previous", "first/plan.json", "--of", "first"];
    let told = desk.run(&lint, &[]).done().out;
    assert!(told.contains("[several-regions]") && !told.contains("[restore]"), "{told}");
    assert!(!told.contains("[previous]") && !told.contains("[object-id-used]"), "{told}");
    let lint = ["plan", "lint", "first", "--previous", "first/plan.json"];
    desk.run(&lint, &[]).refused(3, "counter: is 1, but plan 1 is there: the next one is 2");
    plan(&desk, "one", &[&again[..], &until, &["--target", "other"]].concat()).done();
    assert_eq!(names(&desk.plan_of("one")), ["other"]);
    plan(&desk, "none", &[&again[..], &until, &["--target", "nobody"]].concat())
        .refused(2, "no ceremony of --of has a key named nobody");
    // A further key: which key material, where there are two?
    let third = OTHER.replace("99999999", "77777777");
    let add = |rest: &str| format!("third={third}{rest}");
    let asked = add("");
    plan(&desk, "third", &[&again[..], &until, &["--add", &asked]].concat())
        .refused(2, "which key material is third to get?");
    let asked = add("@0x0a02");
    plan(&desk, "third", &[&again[..], &until, &["--add", &asked]].concat()).done();
    let made = desk.plan_of("third");
    assert_eq!(names(&made), ["primary", "replica", "other", "third"]);
    let known = made.targets[3].material.clone().unwrap();
    assert_eq!(known, Pin { key_material_id: None, ..pin(&desk, "first", "other") });
    let asked = add("@0x0a02#2");
    plan(&desk, "fourth", &[&again[..], &until, &["--add", &asked]].concat())
        .refused(2, "no ceremony of --of has that key material");
    for (stray, told) in [
        ("--object-id=0x0a05", "--object-id"),
        ("--label=x", "--label"),
        ("--domains=2", "--domains"),
    ] {
        plan(&desk, "stray", &[&again[..], &until, &[stray]].concat())
            .refused(2, &format!("{told} does not go with --operation reimport"));
    }
}

#[test]
fn a_key_is_rotated_after_all_that_it_had() {
    let desk = imported();
    let rotate = |folder: &str, of: &[&str], more: &[&str]| {
        let of: Vec<&str> = of.iter().flat_map(|folder| ["--of", folder]).collect();
        let args = ["--operation", "rotate", "--does-not-expire", "--previous", "first/plan.json"];
        plan(&desk, folder, &[&args[..], &of, more].concat())
    };
    rotate("second", &["first"], &[]).refused(2, "nothing says where the HSM keeps the new key");
    rotate("second", &["first"], &["--object-id", "0x0a02"]).refused(2, "0x0a02 is not free");
    rotate("second", &["first"], &["--object-id", "0x0aff"]).done();
    let made = desk.plan_of("second");
    let objects: Vec<String> = made.targets.iter().map(|t| t.object_id.to_string()).collect();
    assert_eq!(objects, ["0x0aff", "0x0aff", "0x0b00"]);
    for target in &made.targets {
        assert_eq!((target.generation, &target.material), (2, &None));
        assert_eq!(target.earlier, [pin(&desk, "first", target.name.as_str())]);
    }
    desk.hold("second");
    rotate("third", &["second"], &["--object-id", "0x0c00"])
        .refused(3, "its generation 1 is missing");
    rotate("third", &["first", "second"], &["--object-id", "0x0c00", "--target", "other"]).done();
    let made = desk.plan_of("third");
    assert_eq!((names(&made), made.targets[0].generation), (vec!["other"], 3));
    let earlier = ["first", "second"].map(|folder| pin(&desk, folder, "other"));
    assert_eq!(made.targets[0].earlier, earlier);
    // Both generations of a key can be imported again.
    let both = ["--operation", "reimport", "--of", "first", "--of", "second"];
    let more = ["--target", "other", "--does-not-expire", "--previous", "second/plan.json"];
    plan(&desk, "both", &[&both[..], &more].concat()).done();
    let made = desk.plan_of("both");
    assert_eq!(names(&made), ["other", "other-2"]);
    assert_eq!(made.targets[1].generation, 2);
}

#[test]
fn an_earlier_ceremony_is_believed_only_as_far_as_its_receipt() {
    let desk = Desk::held();
    let again = ["--operation", "reimport", "--does-not-expire", "--previous", "tests-1/plan.json"];
    let of = |folder| plan(&desk, "again", &[&again[..], &["--of", folder]].concat());
    plan(&desk, "again", &again).refused(2, "--operation reimport takes an earlier ceremony");
    plan(&desk, "again", &again[2..]).refused(2, "nothing names the key, or not all of it");
    of("nowhere").refused(8, "nowhere/device.json cannot be read");
    // Rotating takes KMS's id of what was there, which this receipt has not.
    let rotate = ["--operation", "rotate", "--object-id", "0x0a09", "--of", "tests-1"];
    plan(&desk, "again", &[&rotate[..], &again[2..]].concat()).refused(3, "has no key material id");
    let sound = desk.read("tests-1/receipt-1.json");
    let mut spoilt = sound.clone();
    spoilt[40] ^= 1;
    desk.write("tests-1/receipt-1.json", &spoilt);
    of("tests-1").refused(3, "receipt-1.json is not accepted");
    std::fs::remove_file(desk.path("tests-1/receipt-1.json")).unwrap();
    of("tests-1").refused(8, "tests-1 holds no receipt");
    desk.write("tests-1/receipt-1.json", &sound);
    assert!(!desk.path("again").exists());
    // Under a version of the policy that came later.
    Desk::wait_for_another_second();
    desk.replace("policy-v2.json", &["--add-region", "eu-west-1"]);
    let mut device = desk.device();
    device.policy = desk.digest("policy-v2.json");
    desk.write("device.json", &keyferry_ceremony::testing::signed(&device, &["hsm"]));
    desk.sign("device.json", "wendy", "hsm-1").done();
    of("tests-1").done();
    plan(&desk, "late", &["--of", "tests-1", "--does-not-expire"])
        .refused(2, "import brings the first key material");
}
