//! The service as a thing that runs: its address, its file, its clock, its faults.

use super::Client;
use crate::Service;
use crate::refusal::Kind;
use keyferry_console::Exit;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn only_loopback_is_listened_on() {
    let client = Client::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let mut options = client.options();
        options.listen = address.parse().unwrap();
        let failure = Service::start(options).err().unwrap();
        assert_eq!(failure.exit, Exit::Usage, "{address}");
    }
}

#[test]
fn a_taken_port_is_said() {
    let mut client = Client::new();
    client.stop();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = client.options();
    options.listen = other.local_addr().unwrap();
    assert_eq!(Service::start(options).err().unwrap().code, "listen");
}

#[test]
fn everything_survives_a_restart() {
    let mut client = Client::new();
    client.control("POST", "clock", &json!({ "set": "2030-01-01T00:00:00Z" }));
    let key = client.symmetric();
    let tag = json!({ "KeyId": key, "Tags": [{ "TagKey": "a", "TagValue": "b" }] });
    client.call("TagResource", &tag);
    client.call("CreateAlias", &json!({ "AliasName": "alias/a", "TargetKeyId": key }));
    let input = client.wrapped(&key, &[1; 32]);
    client.restart();
    client.call("ImportKeyMaterial", &input);
    let plaintext = json!({ "KeyId": "alias/a", "Plaintext": "aGVsbG8=" });
    let blob = client.call("Encrypt", &plaintext)["CiphertextBlob"].clone();
    let before = client.call("DescribeKey", &json!({ "KeyId": key }));
    client.restart();
    assert_eq!(client.call("DescribeKey", &json!({ "KeyId": "alias/a" })), before);
    assert_eq!(client.call("Decrypt", &json!({ "CiphertextBlob": blob }))["Plaintext"], "aGVsbG8=");
    let tags = client.call("ListResourceTags", &json!({ "KeyId": key }));
    assert_eq!(tags["Tags"][0]["TagValue"], "b");
    let start_of_2030 = 1_893_456_000;
    assert!((start_of_2030..start_of_2030 + 600).contains(&client.now()), "{}", client.now());
}

#[test]
fn the_state_file_is_the_owners_and_of_one_region() {
    let mut client = Client::new();
    let mode = client.state_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    client.symmetric();
    let names = std::fs::read_dir(client.state_file().parent().unwrap()).unwrap();
    assert_eq!(names.count(), 2, "nothing but its lock lies beside it");
    client.stop();

    let start = |change: &dyn Fn(&mut crate::Options)| {
        let mut options = client.options();
        change(&mut options);
        Service::start(options).err().map(|failure| failure.exit)
    };
    assert_eq!(start(&|o| o.region = Some("us-east-1".parse().unwrap())), Some(Exit::Usage));
    assert_eq!(start(&|o| o.region = Some("eu-central-1".parse().unwrap())), None);
    assert_eq!(start(&|o| o.state = "/nonexistent-folder/state".into()), Some(Exit::File));
    for garbage in ["", "{}", "[]", r#"{"format":"keyferry-virtual-kms v2"}"#] {
        let path = client.state_file().with_extension("other");
        std::fs::write(&path, garbage).unwrap();
        assert_eq!(start(&|o| o.state.clone_from(&path)), Some(Exit::File), "{garbage}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), garbage, "it is left alone");
    }
}

#[test]
fn a_state_file_has_one_service() {
    let mut client = Client::new();
    let failure = Service::start(client.options()).err().unwrap();
    assert_eq!((failure.exit, failure.code), (Exit::File, "state-file"));
    client.symmetric();
    // A client that keeps its connection does not keep the file.
    let _open = std::net::TcpStream::connect(client.address()).unwrap();
    client.stop();
    let next = Service::start(client.options()).unwrap();
    assert!(Service::start(client.options()).is_err());
    drop(next);
}

#[test]
fn a_throttled_service_hands_out_parameters_at_awss_pace() {
    let client = Client::new();
    client.throttle();
    let there = client.in_region("eu-west-1");
    let ask = |key: String| {
        json!({
            "KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
        })
    };
    let (here, elsewhere) = (ask(client.symmetric()), ask(there.symmetric()));
    // The first makes a pair, which takes a while; the second and the third do not.
    while client.try_call("GetParametersForImport", &here).unwrap().status == 200 {}
    there.call("GetParametersForImport", &elsewhere);
    std::thread::sleep(std::time::Duration::from_millis(1001));
    client.call("GetParametersForImport", &here);
}

#[test]
fn another_accounts_caller_is_told_so_and_denied() {
    let mut client = Client::new();
    let key = client.symmetric();
    let account = Some("444455556666".parse().unwrap());
    client.restart_with(crate::Options { account, ..client.options() });
    let said = client.refused("DescribeKey", &json!({ "KeyId": key }), Kind::AccessDenied);
    let user = "arn:aws:iam::444455556666:user/virtual";
    assert_eq!(said, format!("User: {user} is not authorized to perform: kms:DescribeKey"));
    client.refused("CreateKey", &json!({}), Kind::AccessDenied);
    assert!(client.caller_identity().body.contains("<Account>444455556666</Account>"));
    client.restart();
    assert_eq!(client.state_of(&key), "PendingImport");
}

#[test]
fn a_state_that_cannot_be_saved_is_not_answered_for() {
    let client = Client::new();
    let key = client.symmetric();
    let folder = client.state_file().parent().unwrap().to_owned();
    let moved = folder.with_extension("moved");
    std::fs::rename(&folder, &moved).unwrap();
    client.refused("CreateKey", &json!({}), Kind::Internal);
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": key });
    client.refused("CreateAlias", &alias, Kind::Internal);
    std::fs::rename(&moved, &folder).unwrap();
    assert_eq!(client.call("ListAliases", &json!({}))["Aliases"], json!([]));
    client.call("CreateAlias", &alias);
}

#[test]
fn the_clock_is_set_and_read() {
    let client = Client::new();
    let set = client.control("POST", "clock", &json!({ "set": "2030-01-01T00:00:00Z" }));
    assert!(set.json()["now"].as_str().unwrap().starts_with("2030-01-01T00:0"), "{}", set.body);
    client.advance(86_400);
    let read = client.control("GET", "clock", &json!({}));
    assert!(read.json()["now"].as_str().unwrap().starts_with("2030-01-02T00:0"), "{}", read.body);
    let created = client.call("CreateKey", &json!({}))["KeyMetadata"]["CreationDate"].clone();
    assert!(created.as_f64().unwrap() > 1_893_542_399.0, "{created}");
    for wrong in [
        json!({}),
        json!({ "set": "soon" }),
        json!({ "set": "2030-01-01T00:00:00Z", "advance_seconds": 1 }),
        json!({ "advance_seconds": -1 }),
        json!({ "advance": 1 }),
    ] {
        assert_eq!(client.control("POST", "clock", &wrong).status, 400, "{wrong}");
    }
    for (content_type, status) in [("text/plain", 400), ("application/json", 200)] {
        let text = format!(
            "POST /virtual/clock HTTP/1.1\r\nContent-Type: {content_type}\r\nContent-Length: 22\r\n\
             Connection: close\r\n\r\n{{\"advance_seconds\":99}}"
        );
        let answer = client.send(text.as_bytes()).unwrap();
        assert_eq!(answer.status, status, "a web page can send text/plain unasked");
    }
}

#[test]
fn the_clock_can_be_set_at_the_start() {
    let mut client = Client::new();
    let clock = Some("2040-01-01T00:00:00Z".parse().unwrap());
    client.restart_with(crate::Options { clock, ..client.options() });
    let start_of_2040 = 2_208_988_800;
    assert!((start_of_2040..start_of_2040 + 600).contains(&client.now()), "{}", client.now());
}

#[test]
fn a_lost_answer_is_carried_out() {
    let client = Client::new();
    let key = client.symmetric();
    let input = client.wrapped(&key, &[1; 32]);
    let ask = json!({ "operation": "ImportKeyMaterial", "kind": "lose-answer", "count": 1 });
    assert_eq!(client.control("POST", "fault", &ask).status, 200);
    assert!(client.try_call("ImportKeyMaterial", &input).is_none());
    assert_eq!(client.state_of(&key), "Enabled");
    client.call("ImportKeyMaterial", &input);
}

#[test]
fn faults_refuse_and_change_nothing() {
    let client = Client::new();
    let key = client.symmetric();
    let input = client.wrapped(&key, &[1; 32]);
    for (kind, error) in [("throttle", Kind::Throttling), ("internal", Kind::Internal)] {
        let ask = json!({ "operation": "ImportKeyMaterial", "kind": kind, "count": 2 });
        client.control("POST", "fault", &ask);
        client.refused("ImportKeyMaterial", &input, error);
        assert_eq!(client.state_of(&key), "PendingImport", "other operations work");
        client.refused("ImportKeyMaterial", &input, error);
    }
    client.call("ImportKeyMaterial", &input);
    for wrong in [
        json!({ "operation": "Import", "kind": "throttle" }),
        json!({ "operation": "Encrypt", "kind": "burn" }),
        json!({ "operation": "Encrypt", "kind": "throttle", "count": 0 }),
        json!({ "operation": "Encrypt", "kind": "throttle", "count": 1001 }),
        json!({ "operation": "Encrypt", "kind": "throttle", "often": true }),
    ] {
        assert_eq!(client.control("POST", "fault", &wrong).status, 400, "{wrong}");
    }
}

/// Every operation that changes something: refused it changes nothing, unanswered it is done once.
#[test]
fn whatever_changes_something_can_be_throttled_and_lose_its_answer() {
    let client = Client::new();
    let made = client.call("CreateKey", &json!({ "Origin": "EXTERNAL", "MultiRegion": true }));
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    client.import(key, &[1; 32]);
    let second = client.wrapped(key, &[2; 32]);
    let second = super::client::with(&second, "ImportType", json!("NEW_KEY_MATERIAL"));
    let of_key = json!({ "KeyId": key });
    let alias = |key: &str| json!({ "AliasName": "alias/a", "TargetKeyId": key });
    for (operation, input) in [
        ("CreateAlias", alias(key)),
        ("UpdateAlias", alias(&client.symmetric())),
        ("DeleteAlias", json!({ "AliasName": "alias/a" })),
        ("ImportKeyMaterial", second),
        ("RotateKeyOnDemand", of_key.clone()),
        ("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": "us-east-1" })),
        ("DisableKey", of_key.clone()),
        ("EnableKey", of_key.clone()),
        ("DeleteImportedKeyMaterial", of_key.clone()),
        ("ScheduleKeyDeletion", of_key.clone()),
        ("CancelKeyDeletion", of_key.clone()),
    ] {
        let state = || std::fs::read(client.state_file()).unwrap();
        let before = state();
        for kind in ["throttle", "lose-answer"] {
            client.control("POST", "fault", &json!({ "operation": operation, "kind": kind }));
        }
        client.refused(operation, &input, Kind::Throttling);
        assert!(state() == before, "{operation} was throttled");
        assert!(client.try_call(operation, &input).is_none(), "{operation}");
        assert!(state() != before, "{operation} took effect");
    }
}

#[test]
fn many_connections_are_answered_at_once() {
    let client = Client::new();
    // Silent connections keep nobody waiting.
    let _silent: Vec<_> =
        (0..40).map(|_| std::net::TcpStream::connect(client.address()).unwrap()).collect();
    let key = client.symmetric();
    let input = client.wrapped(&key, &[1; 32]).to_string();
    let request = super::client::bytes_of(&client.signed("ImportKeyMaterial", input.as_bytes()));
    let address = client.address();
    let upload = || {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 200 ")
    };
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..24).map(|_| scope.spawn(upload)).collect();
        threads.into_iter().all(|thread| thread.join().unwrap())
    });
    assert!(all && client.state_of(&key) == "Enabled");
}
