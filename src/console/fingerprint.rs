//! Digests as people compare them: hexadecimal in groups of four, and the PGP word list (Juola and Zimmermann 1996). Hexadecimal did
//! worst among textual forms in a study of 1,047 people (USENIX Security 2016), so words stand beside it, and nobody is asked to
//! glance: groups are typed back.

use keyferry_bundle::Digest;

/// 256 lines of two words: for bytes at even and at odd positions.
const WORDS: &str = include_str!("pgp_words.txt");
/// Groups of four hexadecimal digits in a digest.
pub const GROUPS: usize = 16;

/// All sixteen groups of four hexadecimal digits.
#[must_use]
pub fn groups(digest: &Digest) -> Vec<String> {
    let text = digest.to_string();
    text.as_bytes().chunks(4).map(|group| group.escape_ascii().to_string()).collect()
}

/// The digest in four lines of four numbered groups.
#[must_use]
pub fn hex(digest: &Digest) -> String {
    let groups = groups(digest);
    let line = |(row, four): (usize, &[String])| format!("{:>2}  {}", row * 4 + 1, four.join(" "));
    groups.chunks(4).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The digest as 32 words, eight a line; a swapped or lost word shows, since positions alternate between two lists.
#[must_use]
pub fn words(digest: &Digest) -> String {
    let list: Vec<&str> = WORDS.split_whitespace().collect();
    let word = |(position, byte): (usize, &u8)| {
        list.get(usize::from(*byte) * 2 + position % 2).copied().unwrap_or_default()
    };
    let words: Vec<&str> = digest.as_bytes().iter().enumerate().map(word).collect();
    words.chunks(8).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")
}

/// Rows for a table.
#[must_use]
pub fn rows(digest: &Digest) -> Vec<(String, String)> {
    vec![("fingerprint".to_owned(), hex(digest)), ("in words".to_owned(), words(digest))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_reads_as_published() {
        // The fingerprint of the PGP word list's own documentation, continued with zeroes.
        let mut bytes = [0; 32];
        bytes[..20].copy_from_slice(&[
            0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2, 0x27, 0x48, 0x6e, 0x8b, 0x06, 0x1b, 0x31, 0xcc,
            0x52, 0x8f, 0xd7, 0xfa, 0x3f, 0x19,
        ]);
        let digest = Digest::from_bytes(bytes);
        assert!(words(&digest).starts_with(
            "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator\n\
             goldfish Medusa afflict bravado chatter revolver Dupont midsummer\n\
             stopwatch whimsical cowbell bottomless"
        ));
        assert!(hex(&digest).starts_with(" 1  e582 94f2 e9a2 2748\n 5  6e8b 061b"));
        assert_eq!(groups(&digest).len(), GROUPS);
    }

    #[test]
    fn every_byte_has_a_word_of_its_own_at_both_positions() {
        let list: Vec<&str> = WORDS.split_whitespace().collect();
        assert_eq!(list.len(), 512);
        for parity in [0, 1] {
            let mut words: Vec<&&str> = list.iter().skip(parity).step_by(2).collect();
            words.sort();
            words.dedup();
            assert_eq!(words.len(), 256);
        }
    }
}
