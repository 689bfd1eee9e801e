//! What this crate asks of crate `vsss-rs`, in numbers that are wiped.

use keyferry_bundle::kinds::ShareSet;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::elliptic_curve::{Field as _, PrimeField as _};
use p256::{ProjectivePoint, Scalar};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use std::fmt;
use vsss_rs::{
    FeldmanVerifierSet, IdentifierPrimeField, ReadableShareSet as _, Share, ShareElement as _,
    ShareVerifierGroup, feldman,
};
use zeroize::{Zeroize as _, Zeroizing};

type Number = IdentifierPrimeField<Scalar>;
type Point = ShareVerifierGroup<ProjectivePoint>;

/// A point of the polynomial, or one of its coefficients, which the crate keeps in the same type: wiped when dropped, as its own types
/// are not, and without a `Debug` that shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret {
    at: Number,
    value: Number,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.at.0.zeroize();
        self.value.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Share for Secret {
    type Identifier = Number;
    type Value = Number;

    fn with_identifier_and_value(at: Number, value: Number) -> Self {
        Self { at, value }
    }

    fn identifier(&self) -> &Number {
        &self.at
    }

    fn identifier_mut(&mut self) -> &mut Number {
        &mut self.at
    }

    fn value(&self) -> &Number {
        &self.value
    }

    fn value_mut(&mut self) -> &mut Number {
        &mut self.value
    }
}

impl Secret {
    /// The share with that number and value, which [`scalar`] took.
    pub(crate) fn new(index: u8, value: &[u8; 32]) -> Option<Self> {
        let value = scalar(value)?;
        Some(Self { at: number(index), value: Number::from(*value) })
    }

    /// Its value's bytes, big-endian.
    pub(crate) fn bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.value.0.to_repr().into())
    }
}

fn number(index: u8) -> Number {
    Number::from(Scalar::from(u64::from(index)))
}

/// Bytes as a number from 1 up to the group's order, big-endian.
pub(crate) fn scalar(bytes: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
    let scalar = Zeroizing::new(Option::<Scalar>::from(Scalar::from_repr((*bytes).into()))?);
    (!bool::from(scalar.is_zero())).then_some(scalar)
}

/// Random bytes that the caller drew, handed out once.
struct Drawn<'a> {
    left: &'a [u8],
    short: bool,
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        if let Some((bytes, left)) = self.left.split_at_checked(out.len()) {
            out.copy_from_slice(bytes);
            self.left = left;
        } else {
            // Whoever asked cannot be told; what is made of these is thrown away.
            self.short = true;
            out.fill(0);
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

/// The shares 1 to `count` and the commitments as compressed points; none where the crate refuses or `random` does not reach.
pub(crate) fn split(
    secret: &Scalar,
    threshold: u8,
    count: u8,
    random: &[u8],
) -> Option<(Vec<Secret>, Vec<Vec<u8>>)> {
    let secret = Zeroizing::new(Number::from(*secret));
    let mut drawn = Drawn { left: random, short: false };
    let (shares, verifiers) = feldman::split_secret_with_participant_ids_iter::<Secret, Point>(
        usize::from(threshold),
        usize::from(count),
        &secret,
        None,
        &mut drawn,
        (1..=count).map(number),
    )
    .ok()?;
    let verifiers = FeldmanVerifierSet::<Secret, Point>::verifiers(&verifiers);
    let commitments = verifiers.iter().map(|point| compressed(&point.0)).collect();
    (!drawn.short).then_some((shares, commitments))
}

/// The secret at 0 of the polynomial through these shares, which are of different numbers.
pub(crate) fn combine(shares: &[Secret]) -> Option<Zeroizing<[u8; 32]>> {
    let secret = Zeroizing::new(shares.combine().ok()?);
    Some(Zeroizing::new(secret.0.to_repr().into()))
}

/// Whether a share lies on the polynomial that was committed to.
pub(crate) fn fits(set: &ShareSet, share: &Secret) -> bool {
    verifiers(set).is_some_and(|verifiers| verifiers.verify_share(share).is_ok())
}

/// Whether these bytes are the secret that was committed to.
pub(crate) fn is_committed(set: &ShareSet, secret: &[u8; 32]) -> bool {
    let first = set.commitments.first().map(keyferry_bundle::Base64::as_bytes);
    scalar(secret)
        .is_some_and(|secret| first == Some(&compressed(&(ProjectivePoint::GENERATOR * *secret))))
}

/// The public point of the share with that number, as the commitments have it: uncompressed (SEC 1 section 2.3.3).
pub(crate) fn public_point(set: &ShareSet, index: u8) -> Option<Vec<u8>> {
    let verifiers = verifiers(set)?;
    let point =
        FeldmanVerifierSet::<Secret, Point>::evaluate_verifier_at(&verifiers, &number(index));
    Some(point.ok()?.0.to_affine().to_sec1_point(false).as_bytes().to_vec())
}

fn verifiers(set: &ShareSet) -> Option<Vec<Point>> {
    let parse = |bytes: &[u8]| p256::PublicKey::from_sec1_bytes(bytes).ok();
    let point = |bytes| Some(Point::from(parse(bytes)?.to_projective()));
    let points: Option<Vec<Point>> =
        set.commitments.iter().map(|commitment| point(commitment.as_bytes())).collect();
    let make = <Vec<Point> as FeldmanVerifierSet<Secret, Point>>::with_generator_and_verifiers;
    Some(make(Point::one(), &points?))
}

fn compressed(point: &ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_sec1_point(true).as_bytes().to_vec()
}
