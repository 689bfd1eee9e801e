//! Requests and responses (RFC 9112), as far as AWS's clients use them: no chunks, no trailers, no continuations.

use std::io::{BufRead, Error, ErrorKind, Read as _, Result, Write};
use zeroize::Zeroizing;

/// Most bytes of a request line and its header lines together.
const MAX_HEAD: u64 = 16 * 1024;
/// Most bytes of a body: above the longest key policy, 131,072 characters, escaped.
const MAX_BODY: usize = 512 * 1024;

/// A request.
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// Names in lower case, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Request {
    /// A header's value, if it was sent exactly once.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.headers(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Every value of a header.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }

    /// Reads one request, or nothing where the connection ends. [`ErrorKind::InvalidData`] says that it was no request; any other
    /// error is the connection's.
    pub(crate) fn read(stream: &mut impl BufRead) -> Result<Option<(Self, Connection)>> {
        let mut head = stream.take(MAX_HEAD);
        let Some(first) = line(&mut head)? else { return Ok(None) };
        let parts: Vec<&str> = first.split(' ').collect();
        let &[method, target, version @ ("HTTP/1.1" | "HTTP/1.0")] = parts.as_slice() else {
            return Err(malformed("the first line is no request line"));
        };
        let (method, target, old) = (method.to_owned(), target.to_owned(), version == "HTTP/1.0");
        let mut headers = Vec::new();
        loop {
            let line = line(&mut head)?.ok_or_else(|| malformed("the header does not end"))?;
            if line.is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| malformed("a header line has no colon"))?;
            if name.is_empty()
                || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            {
                return Err(malformed("a header has no proper name"));
            }
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { method, target, headers, body: Zeroizing::default() };
        request.read_body(stream)?;
        let close = old || request.headers("connection").any(|v| v.eq_ignore_ascii_case("close"));
        Ok(Some((request, if close { Connection::Close } else { Connection::Keep })))
    }

    fn read_body(&mut self, stream: &mut impl BufRead) -> Result<()> {
        if self.headers("transfer-encoding").next().is_some() {
            return Err(malformed("transfer codings are not known here; send a Content-Length"));
        }
        let length = match self.headers("content-length").collect::<Vec<_>>().as_slice() {
            [] => 0,
            [text] if text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().map_err(|_| malformed("the Content-Length is no number"))?
            }
            _ => return Err(malformed("the Content-Length is no number")),
        };
        if length > MAX_BODY {
            return Err(malformed("the body is too long"));
        }
        let mut body = Zeroizing::new(vec![0; length]);
        stream.read_exact(&mut body)?;
        self.body = body;
        Ok(())
    }
}

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Another request may follow.
    Keep,
    /// This was the last.
    Close,
}

/// An answer.
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// The `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The `x-amzn-RequestId`, which AWS sends with every answer.
    pub(crate) request_id: String,
    /// The body.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// Writes it out.
    pub(crate) fn write(&self, stream: &mut impl Write, connection: Connection) -> Result<()> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            412 => "Precondition Failed",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        let connection = if connection == Connection::Close { "close" } else { "keep-alive" };
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.body.len() + 300));
        write!(
            bytes,
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             x-amzn-RequestId: {}\r\nConnection: {connection}\r\n\r\n",
            self.status,
            self.content_type,
            self.body.len(),
            self.request_id
        )?;
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)?;
        stream.flush()
    }
}

/// A line without its end, or nothing where the stream ends before it begins.
fn line(stream: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let text = bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n"));
    let text = text.ok_or_else(|| malformed("the header is too long, or cut off"))?;
    let text = std::str::from_utf8(text).map_err(|_| malformed("the header is not UTF-8"))?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(malformed("the header holds a control character"));
    }
    Ok(Some(text.to_owned()))
}

fn malformed(because: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, because)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Option<(Request, Connection)>> {
        Request::read(&mut &bytes[..])
    }

    #[test]
    fn requests_are_read_one_after_the_other() {
        let two =
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /x HTTP/1.0\r\n\r\n";
        let mut stream = &two[..];
        let (first, connection) = Request::read(&mut stream).unwrap().unwrap();
        assert_eq!((first.method.as_str(), first.target.as_str()), ("POST", "/"));
        assert_eq!((first.header("host"), &first.body[..]), (Some("a"), &b"ab"[..]));
        assert_eq!(connection, Connection::Keep);
        let (second, connection) = Request::read(&mut stream).unwrap().unwrap();
        assert_eq!((second.target.as_str(), connection), ("/x", Connection::Close));
        assert!(Request::read(&mut stream).unwrap().is_none());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(20_000));
        for bytes in [
            &b"\r\n"[..],
            b"GET /\r\n\r\n",
            b"GET / HTTP/2\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            b"GET / HTTP/1.1\r\nHost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nx: \x01\r\n\r\n",
            b"GET / HTTP/1.1\r\nx: \xff\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nab",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            long.as_bytes(),
        ] {
            let error = read(bytes).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", bytes.escape_ascii());
        }
        let cut = read(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab").err().unwrap();
        assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn no_bytes_are_out_of_hand(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
            let _ = read(&[b"POST / HTTP/1.1\r\n", bytes.as_slice()].concat());
        }
    }
}
