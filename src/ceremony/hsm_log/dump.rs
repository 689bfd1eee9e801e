//! Logs as other tools print them.

use super::{ENTRY, Entry, Record};

/// Why a text is no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADump {
    /// Neither of the two forms.
    #[error("is neither hexadecimal digits nor lines that begin with `item:`")]
    Form,
    /// Hexadecimal digits that do not end with an entry.
    #[error("has {0} hexadecimal digits: 8 for the counters and 64 an entry belong there")]
    Length(usize),
    /// A line that cannot be read.
    #[error("line {0} cannot be read as an entry")]
    Line(usize),
}

/// A log as `yubihsm-shell` gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// Starts that the device did not log.
    pub unlogged_boots: u16,
    /// Authentications that it did not log.
    pub unlogged_authentications: u16,
    /// The entries, as the device gave them.
    pub entries: Vec<[u8; ENTRY]>,
}

/// Reads what `yubihsm-shell -a get-logs` prints: with `--outformat hex` the two counters of unlogged starts and authentications (4
/// digits each) and the entries (64 digits each), else a line an entry. Any command code is kept. Lines around the log, such as the
/// session's, are passed over in the second form.
///
/// # Errors
/// What is wrong with the text.
pub fn read_dump(text: &str) -> Result<Dump, NotADump> {
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return hexadecimal(&digits);
    }
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(rest) = line.trim().strip_prefix("item:") {
            entries.push(item(rest).ok_or(NotADump::Line(index + 1))?.encode());
        }
    }
    if entries.is_empty() {
        return Err(NotADump::Form);
    }
    let counter = |what: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_suffix(what));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    Ok(Dump {
        unlogged_boots: counter(" unlogged boots found"),
        unlogged_authentications: counter(" unlogged authentications found"),
        entries,
    })
}

fn hexadecimal(digits: &str) -> Result<Dump, NotADump> {
    let wrong = || NotADump::Length(digits.len());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Vec<u8> = pairs.iter().filter_map(byte).collect();
    let ([b0, b1, a0, a1], entries) = bytes.split_first_chunk().ok_or_else(wrong)?;
    let (entries, odd) = entries.as_chunks::<ENTRY>();
    if !rest.is_empty() || !odd.is_empty() {
        return Err(wrong());
    }
    Ok(Dump {
        unlogged_boots: u16::from_be_bytes([*b0, *b1]),
        unlogged_authentications: u16::from_be_bytes([*a0, *a1]),
        entries: entries.to_vec(),
    })
}

/// `N -- cmd: 0xHH -- length: N -- session key: 0xHHHH -- …`
fn item(line: &str) -> Option<Entry> {
    let mut parts = line.split(" -- ").map(str::trim);
    let number = parts.next()?.parse().ok()?;
    let mut named = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix(": ");
    let hex = |text: &str| u16::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let byte = |text: &str| u8::try_from(hex(text)?).ok();
    let record = Record {
        command: byte(named("cmd")?)?,
        length: named("length")?.trim().parse().ok()?,
        session_key: hex(named("session key")?)?,
        target: hex(named("target key")?)?,
        second: hex(named("second key")?)?,
        result: byte(named("result")?)?,
        tick: named("tick")?.parse().ok()?,
    };
    let digest = named("hash")?;
    let digest = (digest.len() == 32).then(|| u128::from_str_radix(digest, 16).ok())??;
    Some(Entry { number, record, digest: digest.to_be_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two entries of Yubico's sample, in both forms.
    const TEXT: &str = "Created session 0\n0 unlogged boots found\n2 unlogged authentications found\nFound 2 items\n\
        item:    50 -- cmd: 0x04 -- length:   17 -- session key: 0xffff -- target key: 0x0001 -- second key: 0xffff -- result: 0x84 -- tick: 139 -- hash: ebfae425c319ac7a0afbb8b92597de7c\n\
        item:    51 -- cmd: 0x67 -- length:    2 -- session key: 0x0001 -- target key: 0xffff -- second key: 0xffff -- result: 0xe7 -- tick: 697 -- hash: 2e395d1b706668737e1d2215813db47e\n";
    const HEX: &str = "00000002\
        0032040011ffff0001ffff840000008bebfae425c319ac7a0afbb8b92597de7c\
        00336700020001ffffffffe7000002b92e395d1b706668737e1d2215813db47e\n";

    #[test]
    fn both_forms_hold_the_same_log() {
        let dump = read_dump(HEX).unwrap();
        assert_eq!(read_dump(TEXT).unwrap(), dump);
        assert_eq!((dump.unlogged_boots, dump.unlogged_authentications), (0, 2));
        let head = Entry::decode(&dump.entries[0]).head();
        assert_eq!(super::super::follow(Some(head), &dump.entries[1..]).unwrap().len(), 1);
    }

    #[test]
    fn what_is_cut_or_changed_is_refused() {
        assert_eq!(read_dump(&HEX[..HEX.len() - 3]), Err(NotADump::Length(HEX.len() - 3)));
        assert_eq!(read_dump("junk"), Err(NotADump::Form));
        assert_eq!(read_dump(""), Err(NotADump::Form));
        assert_eq!(read_dump(&TEXT.replace("tick: 139", "tick: -1")), Err(NotADump::Line(5)));
        assert_eq!(read_dump(&TEXT.replace("de7c", "de7")), Err(NotADump::Line(5)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(item: )?[ -~\\n]{0,200}") {
            let _ = read_dump(&text);
        }

        #[test]
        fn every_entry_survives_the_text(bytes in prop::array::uniform32(any::<u8>())) {
            let entry = Entry::decode(&bytes);
            let Record { command, length, session_key, target, second, result, tick } = entry.record;
            let digest = entry.head().digest;
            let line = format!("item: {:5} -- cmd: {command:#04x} -- length: {length:4} -- session key: {session_key:#06x} -- target key: {target:#06x} -- second key: {second:#06x} -- result: {result:#04x} -- tick: {tick} -- hash: {digest}", entry.number);
            prop_assert_eq!(read_dump(&line).unwrap().entries, vec![bytes]);
        }
    }
}
