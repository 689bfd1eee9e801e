//! Names people give: holders, ceremonies, targets, free text. Printable ASCII by grammar, so that no signed string can
//! hold a terminal escape, a bidirectional control or a look-alike letter.

use super::string_type;

fn is_slug(text: &str, longest: usize) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= longest
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
}

string_type!(
    /// A person, as enrolled in the policy: two keys of one holder count once.
    Holder,
    "^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$",
    "1 to 64 of a-z 0-9 . _ - with a letter or digit at both ends",
    |text| is_slug(text, 64)
);

string_type!(
    /// A ceremony's name; it is also what a person types to confirm.
    CeremonyId,
    "^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$",
    "1 to 64 of a-z 0-9 . _ - with a letter or digit at both ends",
    |text| is_slug(text, 64)
);

string_type!(
    /// One target's name within a plan; file names of backups are made from it.
    TargetName,
    "^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$",
    "1 to 32 of a-z 0-9 . _ - with a letter or digit at both ends",
    |text| is_slug(text, 32)
);

string_type!(
    /// Free text: 1 to 256 printable ASCII characters.
    Text,
    "^[ -~]{1,256}$",
    "1 to 256 printable ASCII characters",
    |text| (1..=256).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
);

string_type!(
    /// A line as a screen showed it: 0 to 1024 printable ASCII characters.
    Shown,
    "^[ -~]{0,1024}$",
    "at most 1024 printable ASCII characters",
    |text| text.len() <= LONGEST_LINE && text.bytes().all(|b| (b' '..=b'~').contains(&b))
);

/// The most characters of a line that was shown.
const LONGEST_LINE: usize = 1024;
/// How a line ends that was longer.
const CUT: &str = " [cut]";

impl Shown {
    /// What was shown, as far as it fits: a longer line ends in ` [cut]`, and what no screen gets, nor any transcript, stands as `?`.
    #[must_use]
    pub fn of(line: &str) -> Self {
        let harmless = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
        let text: String = line.chars().take(LONGEST_LINE + 1).map(harmless).collect();
        if text.len() <= LONGEST_LINE {
            return Self(text);
        }
        let kept = text.chars().take(LONGEST_LINE - CUT.len());
        Self(kept.chain(CUT.chars()).collect())
    }
}

string_type!(
    /// A native age X25519 recipient (C2SP age, `age1` and 58 Bech32 characters). Its checksum is checked where it is used.
    AgeRecipient,
    "^age1[02-9ac-hj-np-z]{58}$",
    "an age X25519 recipient: `age1` and 58 lower-case Bech32 characters",
    |text| text.strip_prefix("age1").is_some_and(|data| {
        data.len() == 58
            && data.bytes().all(|b| {
                (b.is_ascii_lowercase() || b.is_ascii_digit())
                    && !matches!(b, b'1' | b'b' | b'i' | b'o')
            })
    })
);
