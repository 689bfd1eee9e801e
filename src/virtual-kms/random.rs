//! Random bytes from the operating system.

use crate::refusal::{Kind, Refusal};

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Refusal> {
    getrandom::fill(bytes)
        .map_err(|_| Kind::Internal.with("the operating system gives no randomness"))
}

/// A version 4 UUID (RFC 9562 section 5.4), lower case.
pub(crate) fn uuid() -> Result<String, Refusal> {
    let random = u128::from_be_bytes(bytes()?);
    let versioned = (random & !(0xf << 76)) | (0x4 << 76);
    let number = (versioned & !(0b11 << 62)) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let ends = [0, 8, 12, 16, 20, 32];
    let groups = ends.iter().zip(ends.iter().skip(1));
    let parts: Vec<&str> = groups.filter_map(|(from, to)| hex.get(*from..*to)).collect();
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use keyferry_bundle::KmsKeyId;

    #[test]
    fn uuids_are_of_version_four_and_differ() {
        let (one, two) = (super::uuid().unwrap(), super::uuid().unwrap());
        assert_ne!(one, two);
        assert!(one.parse::<KmsKeyId>().is_ok(), "{one}");
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
