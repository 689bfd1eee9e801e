//! The connector's HTTP: one POST a frame, each on a connection of its own, so that a connection that grew stale can never leave open
//! whether a frame was sent.

use super::transport::{Fault, Transport};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// How long making a connection may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// The most bytes of an answer's head.
const MAX_HEAD: u64 = 8 * 1024;
/// The most bytes of an answer: above every frame of the device.
const MAX_BODY: u64 = 4096;

/// A connector at a host and port.
pub(super) struct Http {
    host: String,
    port: u16,
}

impl Http {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut last = None;
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECTING) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| wrong("the host has no address")))
    }

    fn post(
        &self,
        mut stream: &TcpStream,
        frame: &[u8],
        patience: Duration,
    ) -> io::Result<Vec<u8>> {
        let mut request = format!(
            "POST /connector/api HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/octet-stream\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.host,
            self.port,
            frame.len()
        )
        .into_bytes();
        request.extend_from_slice(frame);
        stream.write_all(&request)?;
        read(&mut BufReader::new(Until { stream, end: Instant::now() + patience }))
    }
}

/// What a connection says until that moment: an answer that trickles in must not hold the room for longer than one that does not come.
struct Until<'a> {
    stream: &'a TcpStream,
    end: Instant,
}

impl io::Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

impl Transport for Http {
    fn exchange(&self, frame: &[u8], patience: Duration) -> Result<Vec<u8>, Fault> {
        let unreachable = |error: io::Error| Fault::Unreachable(error.to_string());
        let stream = self.connect().map_err(unreachable)?;
        let prepared =
            stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(CONNECTING)));
        prepared.map_err(unreachable)?;
        self.post(&stream, frame, patience).map_err(|error| Fault::Lost(error.to_string()))
    }

    fn limit(&self) -> Option<usize> {
        None
    }
}

/// Reads an answer: status 200 and a body of the length it names (RFC 9112), nothing else.
fn read(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = input.take(MAX_HEAD);
    let status = line(&mut head)?;
    if status.split(' ').nth(1) != Some("200") || !status.starts_with("HTTP/1.") {
        return Err(wrong("the connector did not answer with status 200"));
    }
    let mut length = None;
    loop {
        let line = line(&mut head)?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(wrong("the connector's answer has a header without a name"));
        };
        if name.eq_ignore_ascii_case("content-length") {
            let value = value.trim();
            if length.is_some() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(wrong(
                    "the connector's answer has two lengths, or one that is no number",
                ));
            }
            length = value.parse::<u64>().ok();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(wrong("the connector's answer has a transfer encoding"));
        }
    }
    let length = length
        .filter(|length| *length <= MAX_BODY)
        .ok_or_else(|| wrong("the connector's answer has no length, or too great a one"))?;
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length {
        Ok(body)
    } else {
        Err(wrong("the connector's answer ended early"))
    }
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.strip_suffix('\r').unwrap_or(line).to_owned()),
        None => Err(wrong("the connector closed the connection without an answer")),
    }
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(bytes: &[u8]) -> Option<Vec<u8>> {
        read(&mut BufReader::with_capacity(1, bytes)).ok()
    }

    #[test]
    fn an_answer_is_read_in_however_many_pieces() {
        let answer = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 3\r\n\r\nabcd";
        assert_eq!(parse(answer), Some(b"abc".to_vec()));
    }

    #[test]
    fn anything_but_a_whole_answer_is_none() {
        for answer in [
            "",
            "HTTP/1.1 200 OK",
            "HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 OK\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 3\r\n\r\nabc",
        ] {
            assert_eq!(parse(answer.as_bytes()), None, "{answer}");
        }
    }

    /// A connector that takes one connection, reads a request of that length to its end, and answers in these pieces.
    fn connector(pieces: &'static [&'static [u8]]) -> (Http, std::thread::JoinHandle<Vec<u8>>) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\nframe") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend_from_slice(&byte);
            }
            for piece in pieces {
                stream.write_all(piece).unwrap();
                std::thread::yield_now();
            }
            request
        });
        (Http::new("127.0.0.1", port), serving)
    }

    #[test]
    fn a_frame_is_posted_and_its_answer_read_in_pieces() {
        let (http, serving) =
            connector(&[b"HTTP/1.1 200 ", b"OK\r\nContent-Length: 4\r", b"\n\r\nan", b"sw"]);
        assert_eq!(http.exchange(b"frame", CONNECTING), Ok(b"answ".to_vec()));
        let request = String::from_utf8(serving.join().unwrap()).unwrap();
        assert!(request.starts_with("POST /connector/api HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(request.contains("\r\nContent-Length: 5\r\n"), "{request}");
    }

    #[test]
    fn an_answer_that_does_not_come_is_lost_and_nobody_there_is_not() {
        let (http, serving) = connector(&[]);
        assert!(matches!(http.exchange(b"frame", CONNECTING), Err(Fault::Lost(_))));
        serving.join().unwrap();
        assert!(matches!(http.exchange(b"frame", CONNECTING), Err(Fault::Unreachable(_))));
    }

    #[test]
    fn an_answer_that_trickles_in_is_lost_when_patience_ends() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let http = Http::new("127.0.0.1", listener.local_addr().unwrap().port());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let head = b"HTTP/1.1 200 OK\r\nX: ".iter().copied().chain(std::iter::repeat(b'x'));
            // Ends when the other side hangs up.
            for byte in head.take(1000) {
                if stream.write_all(&[byte]).is_err() {
                    return true;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            false
        });
        assert!(matches!(http.exchange(b"frame", Duration::from_millis(200)), Err(Fault::Lost(_))));
        assert!(serving.join().unwrap(), "it listened to the end");
    }

    proptest! {
        #[test]
        fn no_answer_upsets_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
            answer.extend_from_slice(&bytes);
            let _ = parse(&answer);
        }
    }
}
