//! Hashes, signatures and what is signed, against the standards' own examples.

use super::{SelfTest, hex};
use crate::proof::{agrees_on, signed_by};
use keyferry_bundle::envelope::pae;
use keyferry_bundle::{Digest, KeySpec, PublicKey};

/// What stands before the point in a `SubjectPublicKeyInfo` (RFC 5480, RFC 8410).
const ED25519: &str = "302a300506032b6570032100";
const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const P384: &str = "3076301006072a8648ce3d020106052b8104002203620004";
const P521: &str = "30819b301006072a8648ce3d020106052b810400230381860004";
const SECP256K1: &str = "3056301006072a8648ce3d020106052b8104000a03420004";

/// RFC 6979 appendix A.2: the message of every example here.
const SAMPLE: &[u8] = b"sample";

pub(super) fn tests() -> Vec<SelfTest> {
    let mut tests = vec![
        SelfTest::answer(
            "SHA-256",
            "FIPS 180-4, `abc`",
            b"abc",
            &hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            |message| Ok(Digest::of(message).as_bytes().to_vec()),
        ),
        SelfTest::answer(
            "what is signed (PAE)",
            "DSSE v1, protocol.md",
            b"hello world",
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            |payload| Ok(pae("http://example.com/HelloWorld", payload)),
        ),
    ];
    tests.extend(bundle_signatures());
    tests.extend(proofs());
    tests
}

/// Signatures on bundles.
fn bundle_signatures() -> [SelfTest; 3] {
    let message_3 = [
        &hex("af82")[..],
        &hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]
    .concat();
    let sample = [
        SAMPLE,
        &hex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
    ]
    .concat();
    [
        SelfTest::verdict(
            "Ed25519, no message",
            "RFC 8032 section 7.1, test 1",
            &hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
                 5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
            |signature| {
                let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
                verified(&[ED25519, key].concat(), &[], signature)
            },
        ),
        SelfTest::verdict("Ed25519", "RFC 8032 section 7.1, test 3", &message_3, |bytes| {
            let (message, signature) = split(bytes, 2)?;
            let key = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
            verified(&[ED25519, key].concat(), message, signature)
        }),
        SelfTest::verdict("ECDSA P-256 with SHA-256", "RFC 6979 A.2.5", &sample, |bytes| {
            let (message, signature) = split(bytes, SAMPLE.len())?;
            verified(&[P256, P256_POINT].concat(), message, signature)
        }),
    ]
}

const P256_POINT: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                          7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

/// What KMS proves with: signatures of the other curves, and an agreed secret.
fn proofs() -> [SelfTest; 4] {
    let of = |message: &[u8], signature: &str| [message, &hex(signature)].concat();
    [
        SelfTest::verdict(
            "ECDSA P-384 with SHA-384",
            "RFC 6979 A.2.6",
            &of(
                SAMPLE,
                "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c\
                81a648152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db2603138f130e740a1962\
                4526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
            ),
            |bytes| {
                let point = "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0\
                    ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54c\
                    a84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";
                proved(KeySpec::EccNistP384, &[P384, point].concat(), bytes, SAMPLE.len())
            },
        ),
        SelfTest::verdict(
            "ECDSA P-521 with SHA-512",
            "RFC 6979 A.2.7",
            &of(
                SAMPLE,
                "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f\
                174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa0241617cce7cf5\
                064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0\
                777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
            ),
            |bytes| {
                let point = "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123\
                    d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a400493101c962cd4d\
                    2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc2\
                    3f924faafbd4d33f81ea66956dfeaa2bfdfcf5";
                proved(KeySpec::EccNistP521, &[P521, point].concat(), bytes, SAMPLE.len())
            },
        ),
        SelfTest::verdict(
            "ECDSA secp256k1 with SHA-256",
            "RFC 6979 for the key 1, as Bitcoin's libraries publish it",
            &of(
                SATOSHI,
                "3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3\
                d802202442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
            ),
            |bytes| {
                // SEC 2: the base point.
                let point = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                    483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
                let spki = [SECP256K1, point].concat();
                proved(KeySpec::EccSecgP256k1, &spki, bytes, SATOSHI.len())
            },
        ),
        SelfTest::answer(
            "ECDH P-256",
            "NIST CAVP, ECC CDH, count 0",
            &hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534"),
            &hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"),
            |scalar| {
                let point = "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
                    db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";
                agrees_on(KeySpec::EccNistP256, &hex(&[P256, point].concat()), scalar)
                    .ok_or_else(|| "no secret was agreed on".to_owned())
            },
        ),
    ]
}

const SATOSHI: &[u8] = b"Satoshi Nakamoto";

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), String> {
    bytes.split_at_checked(at).ok_or_else(|| "it is too short".to_owned())
}

fn verified(spki: &str, message: &[u8], signature: &[u8]) -> Result<(), String> {
    let key = PublicKey::from_spki_der(&hex(spki))?;
    sound(key.verifies(message, signature))
}

fn proved(spec: KeySpec, spki: &str, bytes: &[u8], message: usize) -> Result<(), String> {
    let (message, signature) = split(bytes, message)?;
    sound(signed_by(spec, &hex(spki), message, signature))
}

fn sound(verifies: bool) -> Result<(), String> {
    verifies.then_some(()).ok_or_else(|| "the signature does not verify".to_owned())
}
