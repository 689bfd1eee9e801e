//! Device bundles whose wrap key is in shares. The proofs are sound throughout: a reader of the format alone does not verify them.

use super::Kit;
use super::cast::{base64, seed, signed, spoil, text};
use super::story::{device, first_policy, parse};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::kinds::{ShareHolder, ShareScheme, ShareSet, payload_type};
use keyferry_bundle::{Base64, Device, Digest, Kind, Role, Serial};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer as _};
use p256::elliptic_curve::PrimeField as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{ProjectivePoint, Scalar};

const GROUP: &str = "shares";
/// Who has a share: besides the policy's custodians, one more.
const HOLDERS: [(&str, &str); 3] = [
    ("carla", "age13re7j20r53mu7huw9s4xe43hplx8t66nc03d9s0na6s2p6lmf3wqs0ncga"),
    ("claus", "age12z58s03a68u5sd8njyu9lye6u0gxhnveamjulvvnymt8lug4mugsk9ljsj"),
    ("clara", "age1kyqvsk0k8g0j3jmfy3qv9ppvxg5tdqxr3w4hx5uyl2m0zt7q8szsd7pq0p"),
];

fn scalar(name: &str) -> Scalar {
    Option::from(Scalar::from_repr(seed("scalar", name).into())).unwrap()
}

fn point(scalar: Scalar, compressed: bool) -> Base64 {
    let point = (ProjectivePoint::GENERATOR * scalar).to_affine();
    base64(point.to_sec1_point(compressed).as_bytes())
}

/// 2 of 3 for a serial number, with every proof: share i is the secret and i times the coefficient.
fn proved(serial: Serial) -> ShareSet {
    let (secret, coefficient) = (scalar("wrap key"), scalar("coefficient"));
    let holder = |(index, (holder, recipient)): (u8, &(&str, &str))| ShareHolder {
        index,
        holder: parse(holder),
        recipient: parse(recipient),
        proof: None,
        present: None,
    };
    let mut set = ShareSet {
        scheme: ShareScheme::FeldmanP256,
        id: Digest::of(b""),
        hsm: None,
        threshold: 2,
        commitments: vec![point(secret, true), point(coefficient, true)],
        holders: (1..).zip(&HOLDERS).map(holder).collect(),
    };
    set.id = set.computed_id(serial);
    let mut share = secret;
    for place in 0..set.holders.len() {
        share += coefficient;
        let key = SigningKey::from_slice(&share.to_repr()).unwrap();
        let ShareHolder { index, holder, .. } = set.holders[place].clone();
        let proof: DerSignature = key.sign(&set.proof_message(serial, index, &holder));
        set.holders[place].proof = Some(base64(proof.as_bytes()));
    }
    set
}

pub(crate) fn in_shares() -> Device {
    let mut device = device();
    device.shares = Some(proved(device.serial));
    device
}

/// As [`in_shares`], with the wrap key of another HSM, put together from the shares 1 and 3.
pub(crate) fn joined() -> Device {
    let mut device = device();
    let first = Serial::new(7);
    let mut set = proved(first);
    set.hsm = Some(first);
    let (secret, coefficient) = (scalar("wrap key"), scalar("coefficient"));
    for (place, share) in
        [(0, secret + coefficient), (2, secret + coefficient + coefficient + coefficient)]
    {
        let key = SigningKey::from_slice(&share.to_repr()).unwrap();
        let ShareHolder { index, holder, .. } = set.holders[place].clone();
        let message = set.proof_message(device.serial, index, &holder);
        let present: DerSignature = key.sign(&message);
        set.holders[place].present = Some(base64(present.as_bytes()));
    }
    device.shares = Some(set);
    device
}

pub(crate) fn add(kit: &mut Kit) {
    rules(kit);
    of_another(kit);
    grammar(kit);
}

fn trust() -> Trust {
    Trust::Device { policy: base64(&first_policy()), roles: vec![Role::Witness] }
}

/// Rules of a set. But where it is about the id itself, the id is that of the spoiled set.
fn rules(kit: &mut Kit) {
    let mut broken = |name: &str, change: &dyn Fn(&mut ShareSet), field: &str, comment: &str| {
        let mut body = in_shares();
        let serial = body.serial;
        let set = body.shares.as_mut().unwrap();
        change(set);
        if field != "shares.id" {
            set.id = set.computed_id(serial);
        }
        let bundle = signed(&body, &["hsm-1", "wendy"]);
        let vector = Vector::refused("payload-field", Kind::Device, trust(), bundle, comment);
        let vector = vector.field(field);
        let by_schema = matches!(name, "threshold-1" | "no-holders" | "index-0");
        kit.add(GROUP, name, if by_schema { vector.schema(Refusing::Payload) } else { vector });
    };
    let other = proved(Serial::new(7));
    broken("of-another-hsm", &|set| *set = other.clone(), "shares.id", "a set for another HSM");
    broken(
        "id-of-other-commitments",
        &|set| set.commitments.swap(0, 1),
        "shares.id",
        "other commitments than those of the id",
    );
    broken(
        "id-of-another-recipient",
        &|set| set.holders[1].recipient = set.holders[2].recipient.clone(),
        "shares.holders[2].recipient",
        "two shares for one recipient",
    );
    broken(
        "holder-twice",
        &|set| set.holders[2].holder = set.holders[0].holder.clone(),
        "shares.holders[2].holder",
        "two shares of one holder",
    );
    broken("threshold-1", &|set| set.threshold = 1, "shares.threshold", "one share is enough");
    broken(
        "threshold-above-holders",
        &|set| set.threshold = 4,
        "shares.threshold",
        "more shares are needed than there are",
    );
    broken("no-holders", &|set| set.holders.clear(), "shares.holders", "nobody has a share");
    broken(
        "commitment-missing",
        &|set| set.threshold = 3,
        "shares.commitments",
        "fewer commitments than the threshold",
    );
    broken(
        "commitment-uncompressed",
        &|set| set.commitments[1] = point(scalar("coefficient"), false),
        "shares.commitments[1]",
        "an uncompressed point",
    );
    broken(
        "commitment-off-the-curve",
        &|set| set.commitments[1] = base64(&[[2].as_slice(), &[0xff; 32]].concat()),
        "shares.commitments[1]",
        "33 bytes that are no point",
    );
    broken(
        "commitment-neutral",
        &|set| set.commitments[0] = base64(&[0]),
        "shares.commitments[0]",
        "the neutral element",
    );
    broken(
        "indices-swapped",
        &|set| set.holders.swap(0, 1),
        "shares.holders[0].index",
        "shares out of order",
    );
    broken("index-0", &|set| set.holders[0].index = 0, "shares.holders[0].index", "a share 0");
    broken(
        "proof-missing",
        &|set| set.holders[1].proof = None,
        "shares.holders[1].proof",
        "a share that nobody proved",
    );
}

/// Rules of a set whose wrap key was another HSM's.
fn of_another(kit: &mut Kit) {
    let mut broken = |name: &str, change: &dyn Fn(&mut Device), field: &str, comment: &str| {
        let mut body = joined();
        change(&mut body);
        let bundle = signed(&body, &["hsm-1", "wendy"]);
        let vector = Vector::refused("payload-field", Kind::Device, trust(), bundle, comment);
        kit.add(GROUP, name, vector.field(field));
    };
    let own = device().serial;
    broken(
        "too-few-present",
        &|device| device.shares.as_mut().unwrap().holders[2].present = None,
        "shares.holders",
        "fewer were there than make the wrap key",
    );
    broken(
        "hsm-is-this-one",
        &|device| {
            let set = device.shares.as_mut().unwrap();
            set.hsm = Some(own);
            set.id = set.computed_id(own);
        },
        "shares.hsm",
        "another HSM's wrap key, and the other is this one",
    );
    broken(
        "present-of-its-own",
        &|device| {
            let set = device.shares.as_mut().unwrap();
            set.hsm = None;
            set.id = set.computed_id(own);
        },
        "shares.holders[0].present",
        "somebody was there, though the wrap key is the HSM's own",
    );
    broken(
        "id-of-this-hsm",
        &|device| {
            let set = device.shares.as_mut().unwrap();
            let hsm = set.hsm.take();
            set.id = set.computed_id(own);
            set.hsm = hsm;
        },
        "shares.id",
        "the id of a set of this HSM, whose wrap key was another's",
    );
}

fn grammar(kit: &mut Kit) {
    let sound = text(&in_shares());
    for (name, from, to, field, comment) in [
        (
            "scheme-unknown",
            "\"scheme\":\"feldman-p256\"",
            "\"scheme\":\"feldman-k256\"",
            "shares.scheme",
            "another scheme",
        ),
        (
            "secret-beside",
            "\"threshold\":2",
            "\"threshold\":2,\"secret\":\"AA==\"",
            "shares.secret",
            "a member that a set does not have",
        ),
    ] {
        let payload = spoil(&sound, from, to);
        let kind = payload_type(Kind::Device);
        let bundle = super::cast::sealed(&kind, payload.as_bytes(), &["hsm-1", "wendy"]);
        let vector = Vector::refused("payload-field", Kind::Device, trust(), bundle, comment);
        kit.add(GROUP, name, vector.field(field).schema(Refusing::Payload));
    }
}
