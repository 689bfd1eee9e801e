//! The client against a socket that answers as it is told.

use super::*;
use crate::ec2::VolumeType;
use aws_sdk_kms::config::Credentials;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

const MADE: &str = "<CreateVolumeResponse><volumeId>vol-0123abcd</volumeId><status>creating</status><encrypted>true</encrypted></CreateVolumeResponse>";

/// A request as it came: head and body.
type Seen = (String, String);

fn read(stream: &mut TcpStream) -> Seen {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return (head, body.to_owned());
            }
        }
    }
}

/// Answers as many connections as there are answers; an empty one is no answer at all.
fn serve(answers: Vec<(u16, &'static str)>) -> (String, JoinHandle<Vec<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let answered = answers.into_iter().map(|(status, body)| {
            let (mut stream, _) = listener.accept().unwrap();
            let seen = read(&mut stream);
            if status != 0 {
                let length = body.len();
                write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            }
            seen
        });
        answered.collect()
    });
    (url, thread)
}

fn client(url: String) -> Client {
    let place = Place {
        region: "eu-central-1".parse().unwrap(),
        endpoint: url.trim_end_matches('/').parse().unwrap(),
        of_aws: false,
    };
    let credentials =
        Credentials::new("AKIDEXAMPLE", "a secret", Some("a session".into()), None, "test");
    Client {
        runtime: connect::runtime().unwrap(),
        connector: Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build(),
        credentials: SharedCredentialsProvider::new(credentials),
        url,
        place,
    }
}

fn new_volume() -> NewVolume {
    NewVolume {
        key: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            .parse()
            .unwrap(),
        zone: "eu-central-1a".parse().unwrap(),
        gibibytes: 8,
        kind: VolumeType::Io2,
        iops: Some(400),
        tags: vec!["team=a b".parse().unwrap()],
        token: "token-1".parse().unwrap(),
    }
}

#[test]
fn a_call_is_signed_and_says_what_was_asked_for() {
    let (url, thread) = serve(vec![(200, MADE)]);
    let made = client(url).create_volume(&new_volume()).unwrap();
    assert_eq!(made.id.as_str(), "vol-0123abcd");
    let (head, body) = thread.join().unwrap().remove(0);
    assert!(head.starts_with("post / http/1.1"), "{head}");
    assert!(head.contains("authorization: aws4-hmac-sha256 credential=akidexample/"), "{head}");
    assert!(head.contains("/eu-central-1/ec2/aws4_request"), "{head}");
    assert!(
        head.contains("signedheaders=content-type;host;x-amz-date;x-amz-security-token"),
        "{head}"
    );
    assert!(
        head.contains("x-amz-security-token: a session") && !head.contains("a secret"),
        "{head}"
    );
    let expected = "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=eu-central-1a&Size=8&VolumeType=io2&Encrypted=true\
        &KmsKeyId=arn%3Aaws%3Akms%3Aeu-central-1%3A111122223333%3Akey%2F1234abcd-12ab-34cd-56ef-1234567890ab&ClientToken=token-1&Iops=400\
        &TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=a%20b";
    assert_eq!(body, expected);
}

#[test]
fn a_change_is_never_repeated_and_looking_is() {
    let (url, thread) = serve(vec![(0, "")]);
    let error = client(url).create_volume(&new_volume()).unwrap_err();
    assert!(matches!(error, CallError::NoAnswer(_)), "{error}");
    assert_eq!(thread.join().unwrap().len(), 1);
    let found = "<R><ebsEncryptionByDefault>true</ebsEncryptionByDefault></R>";
    let busy = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors></Response>";
    let (url, thread) = serve(vec![(0, ""), (503, busy), (200, found)]);
    assert!(client(url).encrypts_by_default().unwrap());
    assert_eq!(thread.join().unwrap().len(), 3);
}

#[test]
fn answers_are_sorted_by_what_they_mean() {
    let error = |status, body| {
        let (url, thread) = serve(vec![(status, body)]);
        let error = client(url).create_volume(&new_volume()).unwrap_err();
        thread.join().unwrap();
        error
    };
    let refused = "<Response><Errors><Error><Code>InvalidZone.NotFound</Code><Message>m</Message></Error></Errors></Response>";
    assert!(error(400, refused).is("InvalidZone.NotFound"));
    assert!(matches!(error(400, "busy"), CallError::Refused { .. }));
    assert!(matches!(error(500, refused), CallError::NoAnswer(_)));
    assert!(matches!(error(200, "<html>"), CallError::NoAnswer(_)));
    assert!(matches!(error(302, ""), CallError::NoAnswer(_)));
}

#[test]
fn what_never_connected_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = client(url).create_volume(&new_volume()).unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error}");
}
