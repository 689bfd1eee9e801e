//! SSH certificates: signed by an RSA key within the bounds of a template.
//!
//! Published by Yubico's command reference, its `yubihsm-ssh-tool` and the example `ssh.c` of yubihsm-shell: a request is the time (4
//! bytes), the RSA signature of an authority for the time over SHA-256(SHA-256(certificate) || time), and the certificate up to its
//! signature; the answer is the signature as SSH writes it. A template is a list of fields, each a tag, a length of 2 bytes and a
//! value: 1 the algorithm of the time's key, 2 its modulus, 3 the CA keys it is for, 4 and 5 how many seconds before and after the
//! time a certificate may be valid, 6 names that must not be in it, each ended by a zero.
//!
//! Chosen here: 0 seconds before and 2^32-1 seconds after are no bound, as the published example needs it; a certificate for
//! everybody (no names at all) is refused by a template that forbids any; SHA-2 signatures have the names OpenSSH gives them. The
//! published example, key, template and request, gives the published certificate byte for byte.

use super::sign::modulus;
use super::{Answer, Context};
use crate::keys::{Hash, rsa};
use crate::store::{Algorithm, Capabilities, Kind};
use crate::wire::{DeviceError, Fields};

/// The only certificates the published tool makes.
const RSA_CERTIFICATE: &[u8] = b"ssh-rsa-cert-v01@openssh.com";
const UNBOUNDED: u32 = u32::MAX;

/// SIGN SSH CERTIFICATE: key, template, algorithm, request.
pub(super) fn certify(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let key_id = context.target(&mut fields)?;
    let template_id = fields.u16()?;
    let algorithm = Algorithm::try_from(fields.u8()?)?;
    let request = fields.rest();
    context.touched.second = template_id;
    let key = context.key(Kind::AsymmetricKey, key_id, Capabilities::SIGN_SSH_CERTIFICATE)?;
    let size = modulus(key)?;
    let template = context.object(Kind::Template, template_id)?;
    let (hash, name) = scheme(algorithm)?;
    context.state.options.require(algorithm)?;
    let bounds = Bounds::read(template.body.expose()).map_err(|_| DeviceError::InvalidData)?;
    let certificate = bounds.check(key_id, request)?;
    let digest = hash.digest(&[certificate]);
    let signature = rsa::sign_pkcs1(size, key.body.expose(), &digest, Some(hash))?;
    Ok(string(&[string(name), string(&signature)].concat()))
}

fn scheme(algorithm: Algorithm) -> Result<(Hash, &'static [u8]), DeviceError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "SSH has names for three")]
    match algorithm {
        Algorithm::RsaPkcs1Sha1 => Ok((Hash::Sha1, b"ssh-rsa")),
        Algorithm::RsaPkcs1Sha256 => Ok((Hash::Sha256, b"rsa-sha2-256")),
        Algorithm::RsaPkcs1Sha512 => Ok((Hash::Sha512, b"rsa-sha2-512")),
        _ => Err(DeviceError::InvalidData),
    }
}

/// A string as SSH writes it: its length in 4 bytes, then its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// What a template allows.
#[derive(Debug, Default)]
struct Bounds<'a> {
    time_key: &'a [u8],
    keys: Vec<u16>,
    before: u32,
    after: u32,
    forbidden: Vec<&'a [u8]>,
}

impl<'a> Bounds<'a> {
    fn read(template: &'a [u8]) -> Result<Self, DeviceError> {
        let mut bounds = Self::default();
        let mut fields = Fields::new(template);
        while !fields.is_empty() {
            let tag = fields.u8()?;
            let length = usize::from(fields.u16()?);
            let mut value = Fields::new(fields.slice(length)?);
            match tag {
                1 => {
                    Algorithm::try_from(value.u8()?)?;
                }
                2 => bounds.time_key = value.slice(length)?,
                3 => {
                    while !value.is_empty() {
                        bounds.keys.push(value.u16()?);
                    }
                }
                4 => bounds.before = value.u32()?,
                5 => bounds.after = value.u32()?,
                6 => {
                    let names = value.slice(length)?.split(|byte| *byte == 0);
                    bounds.forbidden = names.filter(|name| !name.is_empty()).collect();
                }
                _ => return Err(DeviceError::InvalidData),
            }
            value.end()?;
        }
        Ok(bounds)
    }

    /// The certificate in a request, if it stays within the bounds.
    fn check<'r>(&self, key: u16, request: &'r [u8]) -> Result<&'r [u8], DeviceError> {
        let violated = DeviceError::SshCaConstraintViolation;
        let mut fields = Fields::new(request);
        let time = fields.array::<4>()?;
        let signature = fields.slice(self.time_key.len())?;
        let certificate = fields.rest();
        let inner = Hash::Sha256.digest(&[certificate]);
        let digest = Hash::Sha256.digest(&[&inner, &time]);
        if !rsa::verify_pkcs1_sha256(self.time_key, &digest, signature) {
            return Err(violated);
        }
        let claim = Claim::read(certificate).map_err(|_| DeviceError::InvalidData)?;
        let time = u64::from(u32::from_be_bytes(time));
        let early = self.before != 0 && claim.from + u64::from(self.before) < time;
        let late = self.after != UNBOUNDED && claim.until > time + u64::from(self.after);
        let anybody = claim.names.is_empty() && !self.forbidden.is_empty();
        let named = claim.names.iter().any(|name| self.forbidden.contains(name));
        if !self.keys.contains(&key) || early || late || anybody || named {
            return Err(violated);
        }
        Ok(certificate)
    }
}

/// What a certificate says that a template bounds (PROTOCOL.certkeys of OpenSSH).
#[derive(Debug)]
struct Claim<'a> {
    names: Vec<&'a [u8]>,
    from: u64,
    until: u64,
}

impl<'a> Claim<'a> {
    fn read(certificate: &'a [u8]) -> Result<Self, DeviceError> {
        let mut fields = Fields::new(certificate);
        if read_string(&mut fields)? != RSA_CERTIFICATE {
            return Err(DeviceError::InvalidData);
        }
        for _ in ["nonce", "exponent", "modulus"] {
            read_string(&mut fields)?;
        }
        let _serial = fields.u64()?;
        let _kind = fields.u32()?;
        let _identity = read_string(&mut fields)?;
        let mut list = Fields::new(read_string(&mut fields)?);
        let mut names = Vec::new();
        while !list.is_empty() {
            names.push(read_string(&mut list)?);
        }
        // Bounded, so that sums of two of them are.
        let (from, until) = (fields.u64()?.min(u64::MAX / 2), fields.u64()?);
        for _ in ["critical options", "extensions", "reserved", "signature key"] {
            read_string(&mut fields)?;
        }
        fields.end()?;
        Ok(Self { names, from, until })
    }
}

fn read_string<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], DeviceError> {
    let length = usize::try_from(fields.u32()?).map_err(|_| DeviceError::WrongLength)?;
    fields.slice(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Family;
    use proptest::prelude::*;

    fn certificate(names: &[&str], from: u64, until: u64) -> Vec<u8> {
        let names: Vec<u8> = names.iter().flat_map(|name| string(name.as_bytes())).collect();
        [
            string(RSA_CERTIFICATE),
            string(&[7; 32]),
            string(&[1, 0, 1]),
            string(&[0xff; 256]),
            vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1],
            string(b"identity"),
            string(&names),
            from.to_be_bytes().to_vec(),
            until.to_be_bytes().to_vec(),
            string(&[]),
            string(&[]),
            string(&[]),
            string(b"key"),
        ]
        .concat()
    }

    fn field(tag: u8, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[tag][..], &length, value].concat()
    }

    #[test]
    fn a_template_bounds_keys_names_and_times() {
        const NOW: u64 = 1_500_000_000;
        let body = Family::Rsa(256).generate().unwrap();
        let public = Family::Rsa(256).public(&body).unwrap();
        let template = [
            field(1, &[9]),
            field(2, public),
            field(3, &[0, 1, 0, 5]),
            field(4, &60_u32.to_be_bytes()),
            field(5, &3600_u32.to_be_bytes()),
            field(6, b"root\0toor\0"),
        ]
        .concat();
        let bounds = Bounds::read(&template).unwrap();
        let request = |certificate: &[u8]| {
            let time = u32::try_from(NOW).unwrap().to_be_bytes();
            let inner = Hash::Sha256.digest(&[certificate]);
            let digest = Hash::Sha256.digest(&[&inner, &time]);
            let signature = rsa::sign_pkcs1(256, &body, &digest, Some(Hash::Sha256)).unwrap();
            [&time[..], &signature, certificate].concat()
        };
        let good = certificate(&["user"], NOW - 60, NOW + 3600);
        assert_eq!(bounds.check(5, &request(&good)), Ok(&good[..]));
        let violated = Err(DeviceError::SshCaConstraintViolation);
        assert_eq!(bounds.check(6, &request(&good)), violated);
        for bad in [
            certificate(&["user", "root"], NOW - 60, NOW + 3600),
            certificate(&[], NOW - 60, NOW + 3600),
            certificate(&["user"], NOW - 61, NOW + 3600),
            certificate(&["user"], NOW - 60, NOW + 3601),
        ] {
            assert_eq!(bounds.check(5, &request(&bad)), violated);
        }
        let mut forged = request(&good);
        forged[3] ^= 1;
        assert_eq!(bounds.check(5, &forged), violated);
        assert_eq!(bounds.check(5, &request(&good[1..])), Err(DeviceError::InvalidData));
    }

    proptest! {
        #[test]
        fn anything_is_a_template_or_is_not(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(bounds) = Bounds::read(&bytes) {
                let _ = bounds.check(1, &bytes);
            }
            let _ = Claim::read(&bytes);
            let _ = Claim::read(&[string(RSA_CERTIFICATE), bytes].concat());
        }
    }
}
