//! As much HTTP/1.1 as the connector's clients speak: requests with a length, answers in one piece, connections kept alive.
//!
//! Written out here because a lost answer has to end in a closed connection, which an HTTP library does not leave to its user.

use std::io::{self, BufRead, ErrorKind, Read as _, Write};

/// The largest head of a request.
const MAX_HEAD: u64 = 8 * 1024;
/// The largest body: no frame comes near.
const MAX_BODY: usize = 64 * 1024;

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// Whether the client wants to go on with this connection.
    pub(crate) keep_alive: bool,
}

/// How an answer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
        }
    }
}

/// Reads the next request; none when the client has left.
pub(crate) fn read(
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Option<Request>> {
    let mut head = input.take(MAX_HEAD);
    let mut buffer = Vec::new();
    let Some(line) = line(&mut head, &mut buffer)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(path), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(refused("the request line"));
    };
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        body: Vec::new(),
        keep_alive: version == "HTTP/1.1",
    };
    let (mut length, mut waits) = (0, false);
    loop {
        let line = self::line(&mut head, &mut buffer)?.ok_or_else(|| refused("the head"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| refused("a header"))?;
        let value = value.trim();
        let is = |wanted| name.eq_ignore_ascii_case(wanted);
        if is("content-length") {
            length = value.parse().map_err(|_| refused("the length"))?;
        } else if is("connection") && value.eq_ignore_ascii_case("close") {
            request.keep_alive = false;
        } else if is("connection") && value.eq_ignore_ascii_case("keep-alive") {
            request.keep_alive = true;
        } else if is("expect") {
            waits = value.eq_ignore_ascii_case("100-continue");
        } else if is("transfer-encoding") {
            return Err(refused("the transfer encoding"));
        }
    }
    if length > MAX_BODY {
        return Err(refused("the length"));
    }
    if waits {
        output.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = vec![0; length];
    input.read_exact(&mut request.body)?;
    Ok(Some(request))
}

/// Writes an answer in one piece: some clients read no further.
pub(crate) fn write(
    output: &mut impl Write,
    status: Status,
    kind: &str,
    body: &[u8],
    keep_alive: bool,
) -> io::Result<()> {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let mut bytes = format!(
        "HTTP/1.1 {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
        status.line(),
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    output.write_all(&bytes)
}

/// The next line, without its end, in a buffer that all lines of a head share; none at the end of the input.
fn line<'a>(input: &mut impl BufRead, buffer: &'a mut Vec<u8>) -> io::Result<Option<&'a str>> {
    buffer.clear();
    if input.read_until(b'\n', buffer)? == 0 {
        return Ok(None);
    }
    let text = buffer.strip_suffix(b"\n").ok_or_else(|| refused("a line"))?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    std::str::from_utf8(text).map(Some).map_err(|_| refused("a line"))
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(mut bytes: &[u8]) -> io::Result<Option<Request>> {
        read(&mut bytes, &mut io::sink())
    }

    #[test]
    fn requests_are_read_one_after_the_other() {
        let mut input: &[u8] = b"POST /connector/api HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: 3\r\n\r\nabcGET /a HTTP/1.0\r\n\r\n";
        let first = read(&mut input, &mut io::sink()).unwrap().unwrap();
        assert_eq!((first.body.as_slice(), first.keep_alive), (&b"abc"[..], true));
        let second = read(&mut input, &mut io::sink()).unwrap().unwrap();
        assert_eq!((second.path.as_str(), second.keep_alive), ("/a", false));
        assert!(read(&mut input, &mut io::sink()).unwrap().is_none());
    }

    #[test]
    fn a_client_that_waits_is_told_to_go_on() {
        let mut output = Vec::new();
        let mut input: &[u8] =
            b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na";
        read(&mut input, &mut output).unwrap().unwrap();
        assert!(output.starts_with(b"HTTP/1.1 100 "));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(9000));
        for bytes in [
            &b"GET /\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n",
            long.as_bytes(),
        ] {
            assert!(parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn nothing_upsets_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse(&[b"POST / HTTP/1.1\r\n", &bytes[..], b"\r\n\r\n"].concat());
        }
    }
}
