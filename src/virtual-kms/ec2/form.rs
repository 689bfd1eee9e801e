//! Forms (`application/x-www-form-urlencoded`): every parameter once, and none that nobody asks for.

use super::Ec2Refusal;
use std::collections::BTreeMap;

/// The parameters of a request that were not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Ec2Refusal> {
        let malformed =
            |because| Ec2Refusal::new("MalformedQueryString", format!("The body {because}"));
        let mut found = BTreeMap::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut part = || decoded(parts.next().unwrap_or_default());
            let (Some(name), Some(value)) = (part(), part()) else {
                return Err(malformed("is not percent-encoded UTF-8"));
            };
            if found.insert(name, value).is_some() {
                return Err(malformed("has a parameter twice"));
            }
        }
        Ok(Self(found))
    }

    /// A parameter.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A parameter that must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Ec2Refusal> {
        self.take(name).ok_or_else(|| Ec2Refusal::missing(name))
    }

    /// A parameter that is true or false.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Ec2Refusal> {
        let parsed = |text: String| text.parse().map_err(|_| Ec2Refusal::value(name, &text));
        self.take(name).map(parsed).transpose()
    }

    /// `NAME.1`, `NAME.2` and so on.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        (1..).map_while(|n: usize| self.take(&format!("{name}.{n}"))).collect()
    }

    /// Every parameter but one, as one text: equal for equal requests.
    pub(super) fn but(&self, name: &str) -> String {
        let others = self.0.iter().filter(|(other, _)| *other != name);
        others.map(|(name, value)| format!("{name:?}={value:?}")).collect::<Vec<_>>().join("&")
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), Ec2Refusal> {
        self.0.into_keys().next().map_or(Ok(()), |name| {
            let message = format!("The parameter {name} is not recognized");
            Err(Ec2Refusal::new("UnknownParameter", message))
        })
    }
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = [*rest.next()?, *rest.next()?];
                bytes.extend(base16ct::mixed::decode_vec(pair).ok()?);
            }
            plain => bytes.push(*plain),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_decoded_and_each_is_asked_for() {
        let mut form = Form::parse(b"A=1&B=a%2Fb+%C3%BC&L.1=x&L.2=y&L.4=z&E=").unwrap();
        assert_eq!(form.take("A").as_deref(), Some("1"));
        assert_eq!(form.take("B").as_deref(), Some("a/b \u{fc}"));
        assert_eq!(form.list("L"), ["x", "y"]);
        assert_eq!(form.take("E").as_deref(), Some(""));
        assert_eq!(form.required("A").unwrap_err().code, "MissingParameter");
        let left = form.finish().unwrap_err();
        assert_eq!((left.code, left.message.contains("L.4")), ("UnknownParameter", true));
        assert!(Form::parse(b"").unwrap().finish().is_ok());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in [&b"A=1&A=2"[..], b"A=%", b"A=%4", b"A=%zz", b"A=%ff", b"\xff=1"] {
            let code = Form::parse(body).unwrap_err().code;
            assert_eq!(code, "MalformedQueryString", "{}", body.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_out_of_hand(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&body);
        }
    }
}
