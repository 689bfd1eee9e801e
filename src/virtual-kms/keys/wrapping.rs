//! Which wrapping AWS takes for which key (AWS KMS developer guide, "Select a wrapping algorithm"; API reference,
//! `GetParametersForImport`). Written apart from the ceremony's own table, so that one checks the other. Taken here and refused there:
//! SHA-1, which AWS takes, and Ed25519 keys.

use keyferry_bundle::{Curve, KeyFamily, KeySpec, WrappingAlgorithm, WrappingKeySpec};

/// Whether a wrapping is refused, and why.
pub(crate) fn refuse(
    spec: KeySpec,
    algorithm: WrappingAlgorithm,
    wrapping_key: WrappingKeySpec,
) -> Option<String> {
    let oaep = match algorithm {
        WrappingAlgorithm::RsaesOaepSha256 | WrappingAlgorithm::RsaesOaepSha1 => true,
        WrappingAlgorithm::RsaAesKeyWrapSha256 | WrappingAlgorithm::RsaAesKeyWrapSha1 => false,
    };
    let taken = match spec.family() {
        KeyFamily::Symmetric | KeyFamily::Hmac(_) => oaep,
        KeyFamily::Rsa(_) => !oaep,
        KeyFamily::Ecc(Curve::P521) => !oaep || wrapping_key != WrappingKeySpec::Rsa2048,
        // The last one: the service model has the key spec, and no document tells of its import. Taken like the others of its size.
        KeyFamily::Ecc(Curve::P256 | Curve::P384 | Curve::P256k1) | KeyFamily::Ed25519 => true,
    };
    (!taken).then(|| {
        format!("{spec} key material cannot be wrapped with {algorithm} under {wrapping_key}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use WrappingAlgorithm as W;

    #[test]
    fn every_cell_of_the_matrix() {
        // OAEP under 2048, 3072, 4096 bits, then RSA AES key wrap.
        let table = [
            ("SYMMETRIC_DEFAULT", "yyynnn"),
            ("HMAC_224", "yyynnn"),
            ("HMAC_256", "yyynnn"),
            ("HMAC_384", "yyynnn"),
            ("HMAC_512", "yyynnn"),
            ("RSA_2048", "nnnyyy"),
            ("RSA_3072", "nnnyyy"),
            ("RSA_4096", "nnnyyy"),
            ("ECC_NIST_P256", "yyyyyy"),
            ("ECC_NIST_P384", "yyyyyy"),
            ("ECC_NIST_P521", "nyyyyy"),
            ("ECC_SECG_P256K1", "yyyyyy"),
            ("ECC_NIST_EDWARDS25519", "yyyyyy"),
        ];
        assert_eq!(table.len(), KeySpec::ALL.len());
        let forms = [
            [W::RsaesOaepSha256, W::RsaAesKeyWrapSha256],
            [W::RsaesOaepSha1, W::RsaAesKeyWrapSha1],
        ];
        for (spec, cells) in table {
            for algorithms in forms {
                let found: String = algorithms
                    .iter()
                    .flat_map(|a| WrappingKeySpec::ALL.iter().map(|k| (*a, *k)))
                    .map(|(a, k)| refuse(spec.parse().unwrap(), a, k).map_or('y', |_| 'n'))
                    .collect();
                assert_eq!(found, cells, "{spec}");
            }
        }
    }
}
