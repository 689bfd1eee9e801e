//! A real device's chain, and chains made up and spoilt.

pub(crate) mod forge;

use super::{Attestation, Extension, ExtensionFault, Fault, Origin, Position, root_key, verify};
use forge::{
    BASIC_CONSTRAINTS, CRITICAL, Chain, Draft, KEY_USAGE, PLAIN, constraints, key, tlv, value,
};
use keyferry_bundle::{Domains, ObjectId, Serial};
use proptest::prelude::*;

const LEAF: &[u8] = include_bytes!("../../testing/attestation/object-0x0003.der");
const DEVICE: &[u8] = include_bytes!("../../testing/attestation/device-34331133.der");
const AUTHORITY: &[u8] = include_bytes!("../../testing/attestation/yubico-6742036.der");
const ROOT: &[u8] = include_bytes!("../../testing/attestation/yubico-root.der");

fn real(leaf: &[u8]) -> Result<Attestation, Fault> {
    verify(leaf, &[DEVICE, AUTHORITY], &[ROOT])
}

/// A fault of an extension of the attestation.
fn fault(extension: Extension, problem: ExtensionFault) -> Fault {
    Fault::Extension { certificate: Position::Attestation, extension, problem }
}

#[test]
fn the_real_chain_verifies_and_says_what_the_device_said() {
    let attestation = real(LEAF).unwrap();
    assert_eq!(attestation.firmware.as_str(), "2.4.1");
    assert_eq!(attestation.serial, Serial::new(34_331_133));
    assert_eq!(attestation.origin, Origin::Generated);
    assert_eq!(attestation.domains, Domains::ONE);
    assert_eq!(attestation.capabilities.mask(), 0x100);
    assert!(!attestation.capabilities.is_exportable());
    assert_eq!(attestation.object_id, ObjectId::new(3).unwrap());
    assert_eq!(attestation.label, "");
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4), as it stands in the certificate.
    assert_eq!(attestation.spki[..12], *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00");
    assert_eq!(attestation.spki, LEAF[165..209]);
    let issuers = ["CN=YubiHSM Attestation (34331133)", "CN=Yubico YubiHSM 6742036 Sub-CA"];
    assert_eq!(attestation.issuers, issuers);
}

#[test]
fn the_right_root_may_stand_anywhere_in_the_list() {
    let other = Chain::sound().root.der();
    assert_eq!(verify(LEAF, &[DEVICE, AUTHORITY], &[&other, ROOT]), real(LEAF));
    let unknown = Fault::UnknownRoot("CN=Yubico YubiHSM Root CA".to_owned());
    assert_eq!(verify(LEAF, &[DEVICE, AUTHORITY], &[&other]), Err(unknown.clone()));
    assert_eq!(verify(LEAF, &[DEVICE, AUTHORITY], &[]), Err(unknown));
    // Another root of the same name, as after a change of keys.
    let namesake = Draft { subject: "Root", key: key(9), ..Chain::sound().root };
    let chain = Chain::sound();
    let issuers = [chain.device.der(), chain.authority.der()];
    let issuers = issuers.each_ref().map(Vec::as_slice);
    let (leaf, root, namesake) = (chain.leaf.der(), chain.root.der(), namesake.der());
    assert!(verify(&leaf, &issuers, &[&namesake, &root]).is_ok());
    assert!(verify(&leaf, &issuers, &[&root, &namesake]).is_ok());
    let not_its = Fault::Signature(Position::Issuer(1), Position::Root(0));
    assert_eq!(verify(&leaf, &issuers, &[&namesake]), Err(not_its));
}

#[test]
fn whoever_issued_the_devices_certificate_may_stand_as_the_root() {
    let short = verify(LEAF, &[DEVICE], &[AUTHORITY]).unwrap();
    assert_eq!(short.issuers, ["CN=YubiHSM Attestation (34331133)"]);
    assert_eq!(Attestation { issuers: real(LEAF).unwrap().issuers, ..short }, real(LEAF).unwrap());
    assert!(root_key(AUTHORITY).is_ok());
    // The vendor's root did not issue it, and the device's own certificate issued nothing but attestations.
    let missing = Fault::UnknownRoot("CN=Yubico YubiHSM 6742036 Sub-CA".to_owned());
    assert_eq!(verify(LEAF, &[DEVICE], &[ROOT]), Err(missing.clone()));
    assert_eq!(verify(LEAF, &[DEVICE], &[DEVICE]), Err(missing));
}

#[test]
fn every_changed_bit_of_the_real_attestation_is_noticed() {
    for index in 0..LEAF.len() {
        let mut changed = LEAF.to_vec();
        changed[index] ^= 1 << (index % 8);
        assert!(real(&changed).is_err(), "byte {index}");
    }
}

#[test]
fn links_left_out_or_in_another_order_are_refused() {
    let refused = |issuers: &[&[u8]]| verify(LEAF, issuers, &[ROOT]).unwrap_err();
    assert_eq!(refused(&[]), Fault::ChainLength(0));
    assert_eq!(refused(&[DEVICE; 5]), Fault::ChainLength(5));
    let named = |child, named: &str| Fault::IssuerName {
        child,
        named: format!("CN={named}"),
        issuer: Position::Issuer(usize::from(child != Position::Attestation)),
    };
    let device = "YubiHSM Attestation (34331133)";
    assert_eq!(refused(&[AUTHORITY]), named(Position::Attestation, device));
    assert_eq!(refused(&[AUTHORITY, DEVICE]), named(Position::Attestation, device));
    let authority = "Yubico YubiHSM 6742036 Sub-CA";
    assert_eq!(refused(&[DEVICE, ROOT]), named(Position::Issuer(0), authority));
    assert_eq!(refused(&[DEVICE]), Fault::UnknownRoot(format!("CN={authority}")));
    // The device's own certificate says nothing of a key.
    let device = verify(DEVICE, &[AUTHORITY], &[ROOT]);
    assert_eq!(device, Err(fault(Extension::Label, ExtensionFault::Missing)));
}

#[test]
fn a_sound_chain_of_ecdsa_signatures_verifies() {
    let attestation = Chain::sound().verify().unwrap();
    assert_eq!(attestation.serial, Serial::new(12_345_678));
    assert_eq!(attestation.domains.to_string(), "1,3");
    assert_eq!(attestation.capabilities.mask(), 0x0001_0080);
    assert!(attestation.capabilities.is_exportable());
    assert_eq!(attestation.object_id.to_string(), "0x0a01");
    assert_eq!(attestation.label, "clé");
}

#[test]
fn each_extension_missing_twice_wrapped_or_followed_by_something_is_refused_by_name() {
    for (index, extension) in Extension::ALL.into_iter().enumerate() {
        let spoilt = |spoil: fn(&mut Vec<forge::Field>, usize)| {
            let mut chain = Chain::sound();
            spoil(&mut chain.leaf.extensions, index);
            let error = chain.verify().unwrap_err();
            assert!(error.to_string().contains(&extension.to_string()), "{error}");
            let Fault::Extension { certificate: Position::Attestation, problem, .. } = error else {
                panic!("{error}");
            };
            problem
        };
        let missing = spoilt(|all, index| drop(all.remove(index)));
        assert_eq!(missing, ExtensionFault::Missing);
        let twice = spoilt(|all, index| all.push(all[index].clone()));
        assert_eq!(twice, ExtensionFault::Duplicated);
        // As the mock of crate `yubihsm` makes them.
        let wrapped = spoilt(|all, index| all[index].2 = tlv(0x30, &[&all[index].2]));
        assert_eq!(wrapped, ExtensionFault::Wrapped);
        for spoil in [
            (|all, index| all[index].2.push(0)) as fn(&mut Vec<forge::Field>, usize),
            |all, index| all[index].2.clear(),
            |all, index| all[index].2[0] ^= 0x40,
            |all, index| all[index].2.truncate(1),
        ] {
            assert!(matches!(spoilt(spoil), ExtensionFault::Form(_)), "{extension}");
        }
    }
}

#[test]
fn values_that_no_device_gives_are_refused_by_name() {
    let form = |extension, value: &[u8]| {
        let mut chain = Chain::sound();
        chain.leaf.extensions.retain(|(id, _, _)| *id != extension_oid(extension));
        chain.leaf.extensions.push((extension_oid(extension), PLAIN, value.to_vec()));
        let error = chain.verify().unwrap_err();
        let Fault::Extension { extension: named, problem, .. } = error else { panic!("{error}") };
        assert_eq!(named, extension);
        matches!(problem, ExtensionFault::Form(_))
    };
    // The form: a length, a sign, unused bits, a number written longer than it need be.
    assert!(form(Extension::Firmware, &tlv(0x04, &[&[2, 4]])));
    assert!(form(Extension::Firmware, &tlv(0x04, &[&[2, 4, 1, 0]])));
    assert!(form(Extension::Serial, &tlv(0x02, &[&[0x80, 0, 0, 0]])));
    assert!(form(Extension::Serial, &tlv(0x02, &[&[0, 1]])));
    assert!(form(Extension::Serial, &tlv(0x02, &[&[1, 0, 0, 0, 0]])));
    assert!(form(Extension::Origin, &tlv(0x03, &[&[0, 0, 1]])));
    assert!(form(Extension::Origin, &tlv(0x03, &[&[1, 2]])));
    assert!(form(Extension::Domains, &tlv(0x03, &[&[0, 1]])));
    assert!(form(Extension::Capabilities, &tlv(0x03, &[&[0; 8]])));
    assert!(form(Extension::ObjectId, &tlv(0x02, &[&[1, 0, 0]])));
    assert!(form(Extension::Label, &tlv(0x0c, &[&[0xff]])));
    // The value.
    for origin in [0x00, 0x03, 0x10, 0x21] {
        assert!(!form(Extension::Origin, &tlv(0x03, &[&[0, origin]])));
    }
    assert!(!form(Extension::Domains, &tlv(0x03, &[&[0, 0, 0]])));
    assert!(!form(Extension::ObjectId, &tlv(0x02, &[&[0]])));
    assert!(!form(Extension::ObjectId, &tlv(0x02, &[&[0, 0xff, 0xff]])));
    assert!(!form(Extension::Label, &tlv(0x0c, &[&[b'a'; 41]])));
}

fn extension_oid(extension: Extension) -> String {
    extension.oid().to_string()
}

#[test]
fn a_restored_key_is_not_taken_for_a_generated_one() {
    let expected = [
        (0x01, Origin::Generated),
        (0x02, Origin::Imported),
        (0x11, Origin::ImportedWrapped),
        (0x12, Origin::ImportedWrapped),
    ];
    for (byte, origin) in expected {
        let mut chain = Chain::sound();
        chain.leaf.extensions[2].2 = tlv(0x03, &[&[0, byte]]);
        assert_eq!(chain.verify().unwrap().origin, origin);
    }
}

#[test]
fn a_key_that_is_attested_cannot_attest_another() {
    let honest = Chain::sound();
    let forged = Draft { issuer: "Key", key: key(5), signer: key(4), ..honest.leaf.clone() };
    let certificates = [&honest.leaf, &honest.device, &honest.authority].map(Draft::der);
    let issuers = certificates.each_ref().map(Vec::as_slice);
    let refused = Fault::MayNotIssue(Position::Issuer(0), "it is no authority's certificate");
    assert_eq!(verify(&forged.der(), &issuers, &[&honest.root.der()]), Err(refused));
}

#[test]
fn issuers_may_issue_only_what_their_certificates_allow() {
    let spoilt = |spoil: fn(&mut Chain)| {
        let mut chain = Chain::sound();
        spoil(&mut chain);
        chain.verify().map(drop)
    };
    let refused = |position, reason| Err(Fault::MayNotIssue(position, reason));
    let (device, authority) = (Position::Issuer(0), Position::Issuer(1));

    let plain = spoilt(|chain| chain.device.extensions[0].2 = tlv(0x30, &[]));
    assert_eq!(plain, refused(device, "it is no authority's certificate"));
    let malformed = spoilt(|chain| chain.device.extensions[0].2 = vec![0x30]);
    assert_eq!(malformed, refused(device, "its basic constraints are malformed or there twice"));
    let short = spoilt(|chain| chain.authority.extensions[0].2 = constraints(Some(0)));
    assert_eq!(short, refused(authority, "its path length does not reach this far down"));
    let exact = spoilt(|chain| {
        chain.device.extensions[0].2 = constraints(Some(0));
        chain.authority.extensions[0].2 = constraints(Some(1));
        chain.root.extensions[0].2 = constraints(Some(2));
    });
    assert_eq!(exact, Ok(()));
    let usage = |bits: [u8; 2]| (KEY_USAGE.to_owned(), CRITICAL, tlv(0x03, &[&bits]));
    let mut chain = Chain::sound();
    chain.root.extensions.push(usage([7, 0x80]));
    let not_for_it = refused(Position::Root(0), "its key is not for signing certificates");
    assert_eq!(chain.verify().map(drop), not_for_it);
    chain.root.extensions[1] = usage([1, 0x06]);
    assert_eq!(chain.verify().map(drop), Ok(()));
    chain.root.extensions.push(usage([1, 0x06]));
    let twice = refused(Position::Root(0), "its key usage is malformed or there twice");
    assert_eq!(chain.verify().map(drop), twice);
    assert_eq!(chain.root.extensions[0].0, BASIC_CONSTRAINTS);
}

/// ecdsa-with-SHA256 and ecdsa-with-SHA384.
const SHA256: &str = "1.2.840.10045.4.3.2";
const SHA384: &str = "1.2.840.10045.4.3.3";

#[test]
fn signatures_by_another_key_and_other_algorithms_are_refused() {
    let mut chain = Chain::sound();
    chain.leaf.signer = key(7);
    let not_its = Fault::Signature(Position::Attestation, Position::Issuer(0));
    assert_eq!(chain.verify(), Err(not_its));
    let mut chain = Chain::sound();
    chain.authority.signer = key(7);
    let not_its = Fault::Signature(Position::Issuer(1), Position::Root(0));
    assert_eq!(chain.verify(), Err(not_its));
    for stated in [[SHA384, SHA384], [SHA384, SHA256], [SHA256, SHA384]] {
        let mut chain = Chain::sound();
        chain.leaf.algorithms = stated;
        assert_eq!(chain.verify(), Err(Fault::Algorithm(Position::Attestation)));
    }
}

#[test]
fn a_device_speaks_of_itself_alone() {
    let mut chain = Chain::sound();
    chain.leaf.extensions[1].2 = tlv(0x02, &[&[1]]);
    let other = Fault::OtherDevice { attested: Serial::new(1), issuer: Serial::new(12_345_678) };
    assert_eq!(chain.verify(), Err(other));
    let mut chain = Chain::sound();
    chain.device.extensions.truncate(2);
    let nameless = Fault::Extension {
        certificate: Position::Issuer(0),
        extension: Extension::Serial,
        problem: ExtensionFault::Missing,
    };
    assert_eq!(chain.verify(), Err(nameless));
}

#[test]
fn a_critical_extension_that_is_not_understood_is_refused_and_another_is_not() {
    let mut chain = Chain::sound();
    let unknown = "1.3.6.1.4.1.41482.4.99".to_owned();
    chain.leaf.extensions.push((unknown.clone(), PLAIN, value(Extension::Serial)));
    assert!(chain.verify().is_ok());
    chain.leaf.extensions[7].1 = CRITICAL;
    assert_eq!(chain.verify(), Err(Fault::Critical(Position::Attestation, unknown)));
}

#[test]
fn bytes_around_a_certificate_are_refused() {
    assert_eq!(real(&[LEAF, &[0]].concat()), Err(Fault::NotDer(Position::Attestation)));
    assert_eq!(real(&[]), Err(Fault::NotDer(Position::Attestation)));
    let long = [LEAF, &[0; 4096]].concat();
    assert_eq!(real(&long), Err(Fault::TooLong(Position::Attestation)));
}

#[test]
fn what_der_writes_in_one_way_is_not_taken_in_another() {
    let mut chain = Chain::sound();
    // FALSE, which DER leaves out.
    chain.leaf.extensions[0].1 = b"\x01\x01\x00";
    assert_eq!(chain.verify(), Err(Fault::NotDer(Position::Attestation)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(real(&bytes).is_err());
        prop_assert!(verify(LEAF, &[&bytes, AUTHORITY], &[ROOT]).is_err());
        prop_assert!(verify(LEAF, &[DEVICE, AUTHORITY], &[&bytes]).is_err());
    }

    #[test]
    fn arbitrary_values_of_an_extension_upset_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        tag in prop::sample::select(vec![0x02, 0x03, 0x04, 0x0c, 0x30]),
        index in 0..7_usize,
    ) {
        let mut chain = Chain::sound();
        chain.leaf.extensions[index].2 = tlv(tag, &[&bytes]);
        let _ = chain.verify();
        chain.leaf.extensions[index].2 = bytes;
        let _ = chain.verify();
    }

    #[test]
    fn parts_of_the_real_attestation_exchanged_are_noticed(
        start in 0..LEAF.len(),
        bytes in prop::collection::vec(any::<u8>(), 1..8),
    ) {
        let mut changed = LEAF.to_vec();
        changed.splice(start..(start + bytes.len()).min(LEAF.len()), bytes);
        prop_assume!(changed != LEAF);
        prop_assert!(real(&changed).is_err());
    }
}
