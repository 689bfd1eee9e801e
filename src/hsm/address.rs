//! Where the device is, in the words of Yubico's tools.

use keyferry_bundle::Serial;
use std::fmt;
use std::str::FromStr;

/// A YubiHSM 2 behind a connector, or on USB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A `yubihsm-connector`, spoken to in plain HTTP: `http://HOST:PORT`. The session inside is encrypted end to end.
    Connector {
        /// Host name or address.
        host: String,
        /// Port; the connector's own default is 12345.
        port: u16,
    },
    /// The one device on USB, by its serial number: `usb:SERIAL`.
    Usb(Serial),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected http://HOST:PORT or usb:SERIAL".to_owned();
        if let Some(serial) = text.strip_prefix("usb:") {
            return serial.parse().map(Self::Usb).map_err(|_| wrong());
        }
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(wrong());
        }
        let port = port.parse().map_err(|_| wrong())?;
        Ok(Self::Connector { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connector { host, port } => write!(f, "http://{host}:{port}"),
            Self::Usb(serial) => write!(f, "usb:{serial}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_read() {
        for text in ["http://127.0.0.1:12345", "http://hsm-host:1", "usb:12345678"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "usb:", "usb:x", "https://a:1", "http://a", "http://:1", "http://a:99999"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn anything_else_is_refused_without_a_panic(text in any::<String>()) {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
            }
        }
    }
}
