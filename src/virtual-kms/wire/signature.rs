//! AWS Signature Version 4 (AWS IAM user guide, "Create a signed AWS API request"), as the service checks it.

use crate::SECRET_ACCESS_KEY;
use crate::clock::Time;
use crate::http::Request;
use crate::refusal::{Kind, Refusal};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::AwsRegion;
use sha2::{Digest as _, Sha256};

type HmacSha256 = Hmac<Sha256>;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the signature's date may be from this host's clock.
const SKEW_MINUTES: i64 = 5;
const MISMATCH: &str = "The request signature we calculated does not match the signature you \
     provided. Check your AWS Secret Access Key and signing method. Consult the service documentation \
     for details.";

/// Who signed, for where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    /// The access key id.
    pub(crate) access_key_id: String,
    /// The Region.
    pub(crate) region: AwsRegion,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// The service that a request says it is for, unchecked.
pub(crate) fn service(request: &Request) -> Option<&str> {
    parse(request.header("authorization")?).ok().map(|authorization| authorization.service)
}

/// Checks a request's signature, scope and date.
pub(crate) fn check(request: &Request, service: &str, host: Time) -> Result<Signer, Refusal> {
    let header = request
        .header("authorization")
        .ok_or_else(|| Kind::MissingAuthenticationToken.with("Missing Authentication Token"))?;
    let authorization = parse(header)?;
    let moment = request.header("x-amz-date").ok_or_else(|| {
        incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
    })?;
    let wanted = check_scope(&authorization, service, moment)?;
    check_date(moment, host)?;
    check_signed(request, authorization.signed_headers)?;
    let canonical = canonical_request(request, authorization.signed_headers)?;
    let Authorization { access_key_id, date, region, service, signature, .. } = authorization;
    let to_sign = format!(
        "{ALGORITHM}\n{moment}\n{date}/{region}/{service}/aws4_request\n{}",
        hex(&Sha256::digest(canonical))
    );
    let key = signing_key(date, region, service).ok_or_else(broken)?;
    let given = base16ct::lower::decode_vec(signature);
    let mac = HmacSha256::new_from_slice(&key).map_err(|_| broken())?.chain_update(to_sign);
    mac.verify_slice(&given.unwrap_or_default())
        .map_err(|_| Kind::InvalidSignature.with(MISMATCH))?;
    Ok(Signer { access_key_id: access_key_id.to_owned(), region: wanted })
}

fn parse(header: &str) -> Result<Authorization<'_>, Refusal> {
    let Some(parameters) = header.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' '))
    else {
        return Err(incomplete("Authorization header requires the algorithm AWS4-HMAC-SHA256."));
    };
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for parameter in parameters.split(',') {
        let (name, value) = parameter.trim().split_once('=').ok_or_else(|| {
            incomplete("Authorization header holds a pair without an equal-sign.")
        })?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(incomplete(&format!("'{name}' is no Authorization parameter."))),
        };
        if place.replace(value).is_some() {
            return Err(incomplete(&format!("Authorization header has '{name}' twice.")));
        }
    }
    let needed = |part: Option<_>, name| {
        part.ok_or_else(|| {
            incomplete(&format!("Authorization header requires '{name}' parameter."))
        })
    };
    let credential: &str = needed(credential, "Credential")?;
    let parts: Vec<&str> = credential.split('/').collect();
    let &[access_key_id, date, region, service, "aws4_request"] = parts.as_slice() else {
        return Err(incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/aws4_request.",
        ));
    };
    if access_key_id.is_empty() {
        return Err(incomplete("Credential names no access key."));
    }
    let signed_headers = needed(signed_headers, "SignedHeaders")?;
    Ok(Authorization {
        access_key_id,
        date,
        region,
        service,
        signed_headers,
        signature: needed(signature, "Signature")?,
    })
}

/// The scope's Region: any that may be one.
fn check_scope(
    found: &Authorization<'_>,
    service: &str,
    moment: &str,
) -> Result<AwsRegion, Refusal> {
    let region = found.region.parse().map_err(|_| {
        let message =
            format!("Credential should be scoped to a valid region, not '{}'.", found.region);
        Kind::InvalidSignature.with(message)
    })?;
    if found.service != service {
        let message = format!("Credential should be scoped to correct service: '{service}'.");
        return Err(Kind::InvalidSignature.with(message));
    }
    if moment.get(..8) != Some(found.date) {
        return Err(Kind::InvalidSignature.with(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
        ));
    }
    Ok(region)
}

fn check_date(moment: &str, host: Time) -> Result<(), Refusal> {
    let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", moment)
        .ok()
        .filter(|_| moment.len() == "20261124T090000Z".len())
        .and_then(|date| jiff::tz::TimeZone::UTC.to_timestamp(date).ok())
        .and_then(|stamp| Time::try_from(stamp.as_millisecond()).ok())
        .ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'."))?;
    let late = host.millis_since(signed);
    if late > SKEW_MINUTES * 60_000 {
        let message = format!("Signature expired: {moment} is now earlier than {host} - 5 min.");
        return Err(Kind::InvalidSignature.with(message));
    }
    if late < -SKEW_MINUTES * 60_000 {
        let message =
            format!("Signature not yet current: {moment} is still later than {host} + 5 min.");
        return Err(Kind::InvalidSignature.with(message));
    }
    Ok(())
}

/// What says where the request goes, when, and what it asks for must be signed.
fn check_signed(request: &Request, signed: &str) -> Result<(), Refusal> {
    let names: Vec<&str> = signed.split(';').collect();
    if !names.is_sorted() {
        return Err(incomplete("SignedHeaders are not in order."));
    }
    let target = request.header("x-amz-target").map(|_| "x-amz-target");
    let missing =
        ["host", "x-amz-date"].into_iter().chain(target).find(|name| !names.contains(name));
    missing.map_or(Ok(()), |name| {
        let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        Err(Kind::InvalidSignature.with(message))
    })
}

/// The canonical request: method, path, no query, the signed headers, the body's digest.
fn canonical_request(request: &Request, signed: &str) -> Result<String, Refusal> {
    let mut canonical = format!("{}\n{}\n\n", request.method, request.target);
    for name in signed.split(';') {
        let values: Vec<String> = request.headers(name).map(squeeze).collect();
        if values.is_empty() {
            return Err(Kind::InvalidSignature.with(MISMATCH));
        }
        canonical.extend([name, ":", &values.join(","), "\n"]);
    }
    canonical.extend(["\n", signed, "\n", &hex(&Sha256::digest(&request.body))]);
    Ok(canonical)
}

/// Inner spaces folded to one, outer ones dropped.
fn squeeze(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn signing_key(date: &str, region: &str, service: &str) -> Option<Vec<u8>> {
    let mut key = format!("AWS4{SECRET_ACCESS_KEY}").into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes())?;
    }
    Some(key)
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mac = HmacSha256::new_from_slice(key).ok()?.chain_update(text);
    Some(mac.finalize().into_bytes().to_vec())
}

/// Signs as a client does: the value of the `Authorization` header.
#[cfg(test)]
pub(crate) fn sign(
    request: &Request,
    signed: &str,
    scope: [&str; 3],
    access_key_id: &str,
) -> String {
    let [date, region, service] = scope;
    let moment = request.header("x-amz-date").unwrap();
    let canonical = canonical_request(request, signed).unwrap();
    let digest = hex(&Sha256::digest(canonical));
    let to_sign =
        format!("{ALGORITHM}\n{moment}\n{date}/{region}/{service}/aws4_request\n{digest}");
    let key = signing_key(date, region, service).unwrap();
    let signature = hex(&hmac_sha256(&key, to_sign.as_bytes()).unwrap());
    format!(
        "{ALGORITHM} Credential={access_key_id}/{date}/{region}/{service}/aws4_request, \
         SignedHeaders={signed}, Signature={signature}"
    )
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

fn incomplete(message: &str) -> Refusal {
    Kind::IncompleteSignature.with(message)
}

fn broken() -> Refusal {
    Kind::Internal.with("HMAC took no key")
}
