//! Keys on Weierstrass curves: FIPS 186-5, SEC 2 and RFC 5639, one set of functions for all eight.
//!
//! A body is the secret scalar and the two coordinates of the point, each as long as an element of the field.

use super::Body;
use super::brainpool512::BrainpoolP512r1;
use crate::store::Algorithm;
use crate::wire::{DeviceError, Fields};
use der::asn1::UintRef;
use der::{Encode as _, Sequence};
use ecdsa::EcdsaCurve;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{CurveArithmetic, FieldBytes, Generate as _, NonZeroScalar, PublicKey};
use getrandom::SysRng;
use pkcs8::ObjectIdentifier;
use zeroize::Zeroizing;

/// How often a random number is drawn before the source of random numbers is blamed: none of 256 in a row is a scalar with
/// probability 2^-256 at worst.
const DRAWS: usize = 256;

/// One of the curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P224,
    P256,
    P384,
    P521,
    K256,
    Brainpool256,
    Brainpool384,
    Brainpool512,
}

/// Calls a generic function for a curve.
macro_rules! on {
    ($curve:expr, $function:ident($($argument:expr),*)) => {
        match $curve {
            Curve::P224 => $function::<p224::NistP224>($($argument),*),
            Curve::P256 => $function::<p256::NistP256>($($argument),*),
            Curve::P384 => $function::<p384::NistP384>($($argument),*),
            Curve::P521 => $function::<p521::NistP521>($($argument),*),
            Curve::K256 => $function::<k256::Secp256k1>($($argument),*),
            Curve::Brainpool256 => $function::<bp256::BrainpoolP256r1>($($argument),*),
            Curve::Brainpool384 => $function::<bp384::BrainpoolP384r1>($($argument),*),
            Curve::Brainpool512 => $function::<BrainpoolP512r1>($($argument),*),
        }
    };
}

/// What the functions below ask of a curve.
trait Arithmetic:
    EcdsaCurve
    + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
    + elliptic_curve::Curve<FieldBytesSize: ModulusSize>
{
}

impl<C> Arithmetic for C where
    C: EcdsaCurve
        + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
        + elliptic_curve::Curve<FieldBytesSize: ModulusSize>
{
}

impl Curve {
    pub(crate) const fn of(algorithm: Algorithm) -> Option<Self> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "an algorithm is a curve or it is not")]
        match algorithm {
            Algorithm::EcP224 => Some(Self::P224),
            Algorithm::EcP256 => Some(Self::P256),
            Algorithm::EcP384 => Some(Self::P384),
            Algorithm::EcP521 => Some(Self::P521),
            Algorithm::EcK256 => Some(Self::K256),
            Algorithm::EcBp256 => Some(Self::Brainpool256),
            Algorithm::EcBp384 => Some(Self::Brainpool384),
            Algorithm::EcBp512 => Some(Self::Brainpool512),
            _ => None,
        }
    }

    /// Bytes of an element of the field, of a scalar, and of a shared secret.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 | Self::K256 | Self::Brainpool256 => 32,
            Self::P384 | Self::Brainpool384 => 48,
            Self::P521 => 66,
            Self::Brainpool512 => 64,
        }
    }

    /// The curve's name in keys and certificates.
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P224 => "1.3.132.0.33",
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
            Self::K256 => "1.3.132.0.10",
            Self::Brainpool256 => "1.3.36.3.3.2.8.1.1.7",
            Self::Brainpool384 => "1.3.36.3.3.2.8.1.1.11",
            Self::Brainpool512 => "1.3.36.3.3.2.8.1.1.13",
        })
    }

    /// The body of the key behind a scalar.
    pub(crate) fn body(self, scalar: &[u8]) -> Result<Body, DeviceError> {
        if scalar.len() != self.size() {
            return Err(DeviceError::WrongLength);
        }
        on!(self, body(scalar))
    }

    /// The body of a new key.
    pub(crate) fn generate(self) -> Result<Body, DeviceError> {
        let mut scalar = Zeroizing::new(vec![0; self.size()]);
        for _ in 0..DRAWS {
            getrandom::fill(&mut scalar).map_err(|_| DeviceError::StorageFailed)?;
            if let (Self::P521, Some(first)) = (self, scalar.first_mut()) {
                *first &= 1;
            }
            if let Ok(body) = self.body(&scalar) {
                return Ok(body);
            }
        }
        Err(DeviceError::StorageFailed)
    }

    /// The two coordinates in a body.
    pub(crate) fn public(self, body: &[u8]) -> Result<&[u8], DeviceError> {
        let mut fields = Fields::new(body);
        fields.slice(self.size())?;
        fields.slice(2 * self.size())
    }

    /// Whether two coordinates are a point of the curve.
    pub(crate) fn is_point(self, coordinates: &[u8]) -> bool {
        let point = [&[4], coordinates].concat();
        on!(self, is_point(&point))
    }

    /// The scalar in a body.
    pub(crate) fn scalar(self, body: &[u8]) -> Result<&[u8], DeviceError> {
        Fields::new(body).slice(self.size())
    }

    /// Signs a digest of any length, of which the leftmost bits count. The signature is DER; its nonce is random.
    pub(crate) fn sign(self, body: &[u8], digest: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let scalar = self.scalar(body)?;
        on!(self, sign(scalar, digest))
    }

    /// The shared secret with an uncompressed point: its first coordinate.
    pub(crate) fn agree(
        self,
        body: &[u8],
        point: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        let scalar = self.scalar(body)?;
        if point.len() != 1 + 2 * self.size() {
            return Err(DeviceError::WrongLength);
        }
        on!(self, agree(scalar, point))
    }
}

fn secret<C: Arithmetic>(bytes: &[u8]) -> Result<NonZeroScalar<C>, DeviceError> {
    let bytes = FieldBytes::<C>::try_from(bytes).map_err(|_| DeviceError::WrongLength)?;
    Option::from(NonZeroScalar::<C>::from_repr(bytes)).ok_or(DeviceError::InvalidData)
}

fn body<C: Arithmetic>(scalar: &[u8]) -> Result<Body, DeviceError> {
    let point = PublicKey::<C>::from_secret_scalar(&secret::<C>(scalar)?).to_sec1_point(false);
    let coordinates = point.as_bytes().get(1..).unwrap_or_default();
    Ok(Zeroizing::new([scalar, coordinates].concat()))
}

fn is_point<C: Arithmetic>(point: &[u8]) -> bool {
    PublicKey::<C>::from_sec1_bytes(point).is_ok()
}

fn sign<C: Arithmetic>(scalar: &[u8], digest: &[u8]) -> Result<Vec<u8>, DeviceError> {
    let key = secret::<C>(scalar)?;
    let nonce = NonZeroScalar::<C>::try_generate_from_rng(&mut SysRng)
        .map_err(|_| DeviceError::StorageFailed)?;
    let (signature, _) = ecdsa::hazmat::sign_prehashed::<C>(&key, &nonce, digest)
        .map_err(|_| DeviceError::InvalidData)?;
    let (r, s) = signature.split_bytes();
    encode(&r, &s).map_err(|_| DeviceError::InvalidData)
}

/// `Ecdsa-Sig-Value` (RFC 3279, 2.2.3).
#[derive(Sequence)]
struct Signature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

fn encode(r: &[u8], s: &[u8]) -> der::Result<Vec<u8>> {
    Signature { r: UintRef::new(r)?, s: UintRef::new(s)? }.to_der()
}

fn agree<C: Arithmetic>(scalar: &[u8], point: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
    let key = secret::<C>(scalar)?;
    let public = PublicKey::<C>::from_sec1_bytes(point).map_err(|_| DeviceError::InvalidData)?;
    let shared = elliptic_curve::ecdh::diffie_hellman::<C>(key, public.as_affine());
    Ok(Zeroizing::new(shared.raw_secret_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Curve; 8] = [
        Curve::P224,
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::K256,
        Curve::Brainpool256,
        Curve::Brainpool384,
        Curve::Brainpool512,
    ];

    #[test]
    fn two_keys_agree_on_every_curve() {
        for curve in ALL {
            let (one, other) = (curve.generate().unwrap(), curve.generate().unwrap());
            assert_eq!(one.len(), 3 * curve.size(), "{curve:?}");
            let point = |body: &[u8]| [&[4][..], curve.public(body).unwrap()].concat();
            let shared = curve.agree(&one, &point(&other)).unwrap();
            assert_eq!(shared, curve.agree(&other, &point(&one)).unwrap(), "{curve:?}");
            assert_eq!(shared.len(), curve.size());
            let mut off = point(&other);
            off[curve.size()] ^= 1;
            assert_eq!(curve.agree(&one, &off), Err(DeviceError::InvalidData), "{curve:?}");
        }
    }

    #[test]
    fn digests_of_every_length_are_signed_and_never_twice_the_same() {
        for curve in ALL {
            let key = curve.generate().unwrap();
            for size in [20, 32, 48, 64] {
                let sign = || curve.sign(&key, &vec![0xff; size]).unwrap();
                assert_ne!(sign(), sign(), "{curve:?} {size}");
            }
        }
    }

    #[test]
    fn no_scalar_is_zero_or_too_long() {
        for curve in ALL {
            assert_eq!(curve.body(&vec![0; curve.size()]), Err(DeviceError::InvalidData));
            assert_eq!(curve.body(&vec![0xff; curve.size()]), Err(DeviceError::InvalidData));
            assert_eq!(curve.body(&vec![1; curve.size() + 1]), Err(DeviceError::WrongLength));
        }
    }

    /// RFC 7027, appendix A.3: the public key behind a private one on brainpoolP512r1, and the secret two such keys share.
    #[test]
    fn the_published_agreement_on_brainpool_512_is_reproduced() {
        let a = bytes(
            "16302ff0dbbb5a8d733dab7141c1b45acbc8715939677f6a56850a38bd87bd59b09e80279609ff333eb9d4c061231fb26f92eeb04982a5f1d1764cad57665422",
        );
        let b = bytes(
            "230e18e1bcc88a362fa54e4ea3902009292f7f8033624fd471b5d8ace49d12cfabbc19963dab8e2f1eba00bffb29e4d72d13f2224562f405cb80503666b25429",
        );
        let shared = bytes(
            "a7927098655f1f9976fa50a9d566865dc530331846381c87256baf3226244b76d36403c024d7bbf0aa0803eaff405d3d24f11a9b5c0bef679fe1454b21c4cd1f",
        );
        let (a, b) = (Curve::Brainpool512.body(&a).unwrap(), Curve::Brainpool512.body(&b).unwrap());
        let x = bytes(
            "0a420517e406aac0acdce90fcd71487718d3b953efd7fbec5f7f27e28c6149999397e91e029e06457db2d3e640668b392c2a7e737a7f0bf04436d11640fd09fd",
        );
        assert_eq!(a[64..128], x);
        let point = [&[4][..], Curve::Brainpool512.public(&b).unwrap()].concat();
        assert_eq!(*Curve::Brainpool512.agree(&a, &point).unwrap(), shared);
    }

    fn bytes(hex: &str) -> Vec<u8> {
        base16ct::lower::decode_vec(hex).unwrap()
    }
}
