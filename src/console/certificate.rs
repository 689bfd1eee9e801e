//! X.509 certificates in files, PEM (RFC 7468 section 5) or DER.

use crate::{Exit, Failure, files};
use pkcs8::Document;
use std::path::Path;

/// The PEM label.
const LABEL: &str = "CERTIFICATE";

/// Reads one certificate as DER. What it says is not looked at here.
///
/// # Errors
/// [`Exit::File`] when the file cannot be read, or is neither form of one certificate.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = files::read_bundle(path)?;
    let fail = |because: String| {
        Failure::new(Exit::File, "certificate", format!("{} is no certificate", path.display()))
            .because(because)
            .hint("name a file with one certificate, in PEM or DER")
    };
    let document = match std::str::from_utf8(&bytes) {
        Ok(text) if text.trim_start().starts_with("-----BEGIN") => {
            let (label, document) =
                Document::from_pem(text.trim_start()).map_err(|error| fail(error.to_string()))?;
            if label != LABEL {
                return Err(fail(format!("it is a {label}")));
            }
            document
        }
        Ok(_) | Err(_) => {
            Document::try_from(bytes.as_slice()).map_err(|error| fail(error.to_string()))?
        }
    };
    Ok(document.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root");
        let read_as = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        let der = [0x30, 3, 2, 1, 7];
        assert_eq!(read_as(&der).unwrap(), der);
        let pem = "-----BEGIN CERTIFICATE-----\nMAMCAQc=\n-----END CERTIFICATE-----\n";
        assert_eq!(read_as(pem.as_bytes()).unwrap(), der);
        let key = pem.replace(LABEL, "PUBLIC KEY");
        assert!(read_as(key.as_bytes()).unwrap_err().because[0].contains("PUBLIC KEY"));
        assert!(read_as(b"hello").is_err() && read_as(&[]).is_err());
        assert!(read_as(&[0x30, 3, 2, 1, 7, 0]).is_err());
    }
}
