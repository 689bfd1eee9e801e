use super::*;
use proptest::prelude::*;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

const KEY: &[u8] = b"a public key";
const TOKEN: &[u8] = b"a token";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn late() -> Timestamp {
    time("2026-11-05T00:00:00Z")
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let when = zip::DateTime::from_date_and_time(2026, 11, 4, 9, 30, 0).unwrap();
    let options = SimpleFileOptions::default().last_modified_time(when);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn both_generations_of_names_are_read() {
    for (key, token) in [
        ("WrappingPublicKey.bin", "ImportToken.bin"),
        ("wrappingKey_0bf1_04_11_2022", "importToken_0bf1_04_11_2022"),
    ] {
        let bytes = archive(&[(key, KEY), (token, TOKEN), ("README.txt", b"read me")]);
        let download = zip(&bytes, late()).unwrap();
        assert_eq!((download.public_key.as_slice(), download.token.as_slice()), (KEY, TOKEN));
        assert_eq!(download.handed_out, time("2026-11-04T09:30:00Z"));
        let earlier = time("2026-11-04T07:00:00Z");
        assert_eq!(zip(&bytes, earlier).unwrap().handed_out, earlier);

        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(key), KEY).unwrap();
        std::fs::write(folder.path().join(token), TOKEN).unwrap();
        let unpacked = Download::read(folder.path()).unwrap();
        assert_eq!((unpacked.public_key.as_slice(), unpacked.token.as_slice()), (KEY, TOKEN));
    }
}

#[test]
fn anything_but_one_download_is_refused() {
    let refused = |entries: &[(&str, &[u8])]| zip(&archive(entries), late()).unwrap_err();
    let (key, token) = (("WrappingPublicKey.bin", KEY), ("ImportToken.bin", TOKEN));
    assert!(refused(&[key]).contains("no ImportToken.bin"));
    assert!(refused(&[token]).contains("no WrappingPublicKey.bin"));
    assert!(refused(&[key, token, ("importToken_1", TOKEN)]).contains("two import tokens"));
    let long = vec![0; MAX_TOKEN_BYTES + 1];
    assert!(refused(&[key, ("ImportToken.bin", &long)]).contains("more than 6144"));
    let path = ("../ImportToken.bin", TOKEN);
    assert!(refused(&[key, path]).contains("no ImportToken.bin"));
    let nested = ("wrappingKey_/../../x", KEY);
    assert!(refused(&[nested, token]).contains("no WrappingPublicKey.bin"));
    let names: Vec<String> = (0..=MAX_ENTRIES).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), KEY)).collect();
    assert!(refused(&many).contains("17 files"));
    assert!(zip(b"PK", late()).is_err());
}

#[test]
fn a_small_archive_that_unpacks_large_stays_small() {
    let bomb = vec![0; 8 * 1024 * 1024];
    let bytes = archive(&[("WrappingPublicKey.bin", &bomb), ("ImportToken.bin", TOKEN)]);
    assert!(bytes.len() < MAX_ZIP_BYTES);
    assert!(zip(&bytes, late()).unwrap_err().contains("more than 4096"));
}

#[test]
fn a_link_in_a_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ImportToken.bin"), TOKEN).unwrap();
    std::os::unix::fs::symlink("ImportToken.bin", folder.path().join("WrappingPublicKey.bin"))
        .unwrap();
    assert_eq!(Download::read(folder.path()).unwrap_err().exit, Exit::File);
    let zip = folder.path().join("large.zip");
    std::fs::write(&zip, vec![0; MAX_ZIP_BYTES + 1]).unwrap();
    assert_eq!(Download::read(&zip).unwrap_err().exit, Exit::File);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(zip(&bytes, late()).is_err());
    }

    #[test]
    fn a_changed_archive_gives_the_same_or_nothing_larger(at in 0usize..4096, bit in 0u32..8) {
        let mut bytes = archive(&[("WrappingPublicKey.bin", KEY), ("ImportToken.bin", TOKEN)]);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(download) = zip(&bytes, late()) {
            // The CRC-32 of each entry notices a changed byte; changed names and times only lose or move it.
            prop_assert_eq!(download.public_key.as_slice(), KEY);
            prop_assert_eq!(download.token.as_slice(), TOKEN);
            prop_assert!(download.handed_out <= late());
        }
    }

    #[test]
    fn only_plain_names_are_parts(name in "(wrappingKey_|importToken_|WrappingPublicKey.bin)?[a-z./\\\\]{0,8}") {
        if part(&name).is_some() {
            prop_assert!(!name.contains(['/', '\\']));
        }
    }
}
