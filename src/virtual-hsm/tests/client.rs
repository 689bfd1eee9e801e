//! The service as crate `yubihsm`'s client sees it, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use keyferry_virtual_hsm::{Faults, Options, Service};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use tempfile::TempDir;
use yubihsm::authentication::{Credentials, Key};
use yubihsm::connector::HttpConfig;
use yubihsm::object::{Filter, Label, Type};
use yubihsm::{Capability, Client, Connector, Domain, asymmetric, authentication, opaque, wrap};

fn service() -> (TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(Options::new(folder.path().join("hsm.json"))).unwrap();
    (folder, service)
}

fn connector(service: &Service) -> Connector {
    let address = service.address();
    Connector::http(&HttpConfig {
        addr: address.ip().to_string(),
        port: address.port(),
        timeout_ms: 5000,
    })
}

fn client(service: &Service) -> Client {
    Client::open(connector(service), Credentials::default(), false).unwrap()
}

fn as_key(service: &Service, id: u16, password: &[u8]) -> Client {
    let credentials = Credentials::new(id, Key::derive_from_password(password));
    Client::open(connector(service), credentials, false).unwrap()
}

fn label(text: &str) -> Label {
    Label::from_bytes(text.as_bytes()).unwrap()
}

fn exportable() -> Capability {
    Capability::EXPORTABLE_UNDER_WRAP
}

/// An opaque object of the first domain.
fn put(client: &Client, id: u16, bytes: &[u8]) -> u16 {
    let (domain, kind) = (Domain::DOM1, opaque::Algorithm::Data);
    client.put_opaque(id, label("material"), domain, exportable(), kind, bytes.to_vec()).unwrap()
}

/// Puts object 10, whose answer does not come.
fn put_unanswered(service: &Service) -> bool {
    let (label, none) = (Label::from_bytes(b"silent").unwrap(), Capability::empty());
    let kind = opaque::Algorithm::Data;
    client(service).put_opaque(10, label, Domain::DOM1, none, kind, b"silence".to_vec()).is_err()
}

fn put_authentication_key(
    client: &Client,
    id: u16,
    domains: Domain,
    capabilities: Capability,
    password: &[u8],
) {
    let key = Key::derive_from_password(password);
    let algorithm = authentication::Algorithm::YubicoAes;
    let made = client.put_authentication_key(
        id,
        label("operator"),
        domains,
        capabilities,
        capabilities,
        algorithm,
        key,
    );
    assert_eq!(made.unwrap(), id);
}

/// What the service sends until it closes the connection.
fn page(service: &Service, request: &str) -> String {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, yubihsm::client::Error>, why: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn the_factory_password_opens_a_session_and_another_does_not() {
    let (_folder, service) = service();
    let client = client(&service);
    assert_eq!(client.echo(b"hello".to_vec()).unwrap(), b"hello");
    let wrong = Credentials::new(1, Key::derive_from_password(b"wrong"));
    assert!(Client::open(connector(&service), wrong, false).is_err());
    let absent = Credentials::new(2, Key::derive_from_password(b"password"));
    assert!(Client::open(connector(&service), absent, false).is_err());
}

#[test]
fn the_device_says_what_it_is_and_what_room_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path().join("hsm.json"));
    options.serial = Some(12_345_678);
    let service = Service::start(options).unwrap();
    let client = client(&service);
    let info = client.device_info().unwrap();
    assert_eq!((info.major_version, info.minor_version, info.build_version), (2, 4, 1));
    assert_eq!(info.serial_number.to_string(), "0012345678");
    assert_eq!(info.log_store_capacity, 62);
    // The crate stops reading at the first algorithm it does not know, so that this is the page as it is on the wire.
    assert_eq!(info.algorithms.len(), 47);
    let raw = connector(&service).send_message(yubihsm::Uuid::nil(), vec![6, 0, 0].into());
    let info = raw.unwrap();
    assert_eq!(info.as_ref()[3..12], [2, 4, 1, 0, 0xbc, 0x61, 0x4e, 62, 2]);
    assert_eq!(info.as_ref()[12..], (1..=55).collect::<Vec<u8>>());
    assert_eq!(service.serial(), 12_345_678);
    put(&client, 0, &[0; 127]);
    let storage = client.get_storage_info().unwrap();
    assert_eq!((storage.total_records, storage.free_records), (256, 254));
    assert_eq!((storage.total_pages, storage.free_pages, storage.page_size), (1024, 1021, 126));
    client.blink_device(1).unwrap();
}

#[test]
fn random_bytes_are_as_many_as_asked_for() {
    let (_folder, service) = service();
    let client = client(&service);
    let bytes = client.get_pseudo_random(32).unwrap();
    assert_eq!(bytes.len(), 32);
    assert_ne!(bytes, client.get_pseudo_random(32).unwrap());
    assert_eq!(client.get_pseudo_random(2000).unwrap().len(), 2000);
}

#[test]
fn an_object_goes_out_under_wrap_and_comes_back() {
    let (_folder, service) = service();
    let client = client(&service);
    let wrap_key = client
        .generate_wrap_key(
            0,
            label("backup"),
            Domain::DOM1,
            Capability::EXPORT_WRAPPED | Capability::IMPORT_WRAPPED,
            Capability::EXPORTABLE_UNDER_WRAP | Capability::SIGN_EDDSA | Capability::SIGN_ECDSA,
            wrap::Algorithm::Aes256Ccm,
        )
        .unwrap();
    let id = put(&client, 0x101, b"key material");
    let wrapped = client.export_wrapped(wrap_key, Type::Opaque, id).unwrap();
    refused(client.import_wrapped(wrap_key, wrapped.clone()), "object already exists");
    client.delete_object(id, Type::Opaque).unwrap();
    refused(client.get_opaque(id), "object not found");
    let handle = client.import_wrapped(wrap_key, wrapped).unwrap();
    assert_eq!((handle.object_id, handle.object_type), (id, Type::Opaque));
    assert_eq!(client.get_opaque(id).unwrap(), b"key material");
    let info = client.get_object_info(id, Type::Opaque).unwrap();
    assert_eq!((info.sequence, info.length), (1, 12));

    for algorithm in [asymmetric::Algorithm::EcP256, asymmetric::Algorithm::Ed25519] {
        let capabilities =
            Capability::SIGN_ECDSA | Capability::SIGN_EDDSA | Capability::EXPORTABLE_UNDER_WRAP;
        let key = client
            .generate_asymmetric_key(5, label("key"), Domain::DOM1, capabilities, algorithm)
            .unwrap();
        let public = client.get_public_key(key).unwrap();
        let wrapped = client.export_wrapped(wrap_key, Type::AsymmetricKey, key).unwrap();
        client.delete_object(key, Type::AsymmetricKey).unwrap();
        client.import_wrapped(wrap_key, wrapped).unwrap();
        assert_eq!(client.get_public_key(key).unwrap(), public);
        client.delete_object(key, Type::AsymmetricKey).unwrap();
    }
    // What may not leave does not leave.
    let sealed = client
        .generate_asymmetric_key(
            6,
            label("sealed"),
            Domain::DOM1,
            Capability::SIGN_ECDSA,
            asymmetric::Algorithm::EcP256,
        )
        .unwrap();
    let outcome = client.export_wrapped(wrap_key, Type::AsymmetricKey, sealed);
    refused(outcome, "insufficient permissions");
}

#[test]
fn a_wrap_key_carries_only_the_capabilities_delegated_to_it() {
    let (_folder, service) = service();
    let client = client(&service);
    let put_wrap_key = |delegated| {
        client
            .put_wrap_key(
                0,
                label("backup"),
                Domain::DOM1,
                Capability::EXPORT_WRAPPED | Capability::IMPORT_WRAPPED,
                delegated,
                wrap::Algorithm::Aes256Ccm,
                vec![3; 32],
            )
            .unwrap()
    };
    let wide = put_wrap_key(exportable() | Capability::SIGN_EDDSA);
    let narrow = put_wrap_key(exportable());
    let key = client
        .generate_asymmetric_key(
            0,
            label("key"),
            Domain::DOM1,
            exportable() | Capability::SIGN_EDDSA,
            asymmetric::Algorithm::Ed25519,
        )
        .unwrap();
    let outcome = client.export_wrapped(narrow, Type::AsymmetricKey, key);
    refused(outcome, "insufficient permissions");
    let wrapped = client.export_wrapped(wide, Type::AsymmetricKey, key).unwrap();
    client.delete_object(key, Type::AsymmetricKey).unwrap();
    refused(client.import_wrapped(narrow, wrapped.clone()), "insufficient permissions");
    client.import_wrapped(wide, wrapped).unwrap();
}

#[test]
fn data_are_wrapped_under_every_kind_of_wrap_key() {
    let (_folder, service) = service();
    let client = client(&service);
    for (algorithm, size) in [
        (wrap::Algorithm::Aes128Ccm, 16),
        (wrap::Algorithm::Aes192Ccm, 24),
        (wrap::Algorithm::Aes256Ccm, 32),
    ] {
        let capabilities = Capability::WRAP_DATA | Capability::UNWRAP_DATA;
        let key = client
            .put_wrap_key(
                0,
                label("wrap"),
                Domain::DOM1,
                capabilities,
                Capability::empty(),
                algorithm,
                vec![size; usize::from(size)],
            )
            .unwrap();
        let wrapped = client.wrap_data(key, b"data".to_vec()).unwrap();
        assert_eq!(client.unwrap_data(key, wrapped.clone()).unwrap(), b"data");
        let mut spoiled = wrapped;
        spoiled.ciphertext[0] ^= 1;
        assert!(client.unwrap_data(key, spoiled).is_err());
    }
}

#[test]
fn signatures_verify() {
    let (_folder, service) = service();
    let client = client(&service);
    let generate = |algorithm, capabilities| {
        client
            .generate_asymmetric_key(0, label("key"), Domain::DOM1, capabilities, algorithm)
            .unwrap()
    };
    let digest = Sha256::digest(b"message");
    let key = generate(asymmetric::Algorithm::EcP256, Capability::SIGN_ECDSA);
    let public = client.get_public_key(key).unwrap();
    let point = [&[4], public.as_ref()].concat();
    let verifier = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = client.sign_ecdsa_prehash_raw(key, digest.to_vec()).unwrap();
    let signature = p256::ecdsa::DerSignature::from_bytes(&signature).unwrap();
    verifier.verify_prehash(&digest, &signature).unwrap();
    assert!(client.sign_ed25519(key, b"message".to_vec()).is_err());

    let key = generate(asymmetric::Algorithm::Ed25519, Capability::SIGN_EDDSA);
    let public = client.get_public_key(key).unwrap();
    let bytes = public.as_ref().try_into().unwrap();
    let verifier = ed25519_dalek::VerifyingKey::from_bytes(&bytes).unwrap();
    let signature = client.sign_ed25519(key, b"message".to_vec()).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(&signature.to_bytes());
    verifier.verify_strict(b"message", &signature).unwrap();
    assert!(client.sign_ecdsa_prehash_raw(key, digest.to_vec()).is_err());
}

#[test]
fn every_filter_narrows_the_list() {
    let (_folder, service) = service();
    let client = client(&service);
    put(&client, 0x10, b"a");
    let capabilities = Capability::SIGN_EDDSA;
    client
        .generate_asymmetric_key(
            0x11,
            label("signer"),
            Domain::DOM2,
            capabilities,
            asymmetric::Algorithm::Ed25519,
        )
        .unwrap();
    let ids = |filters: &[Filter]| -> Vec<u16> {
        client.list_objects(filters).unwrap().iter().map(|entry| entry.object_id).collect()
    };
    assert_eq!(ids(&[]), [1, 0x10, 0x11]);
    assert_eq!(ids(&[Filter::Id(0x11)]), [0x11]);
    assert_eq!(ids(&[Filter::Type(Type::Opaque)]), [0x10]);
    assert_eq!(ids(&[Filter::Domains(Domain::DOM2)]), [1, 0x11]);
    assert_eq!(ids(&[Filter::Capabilities(capabilities)]), [1, 0x11]);
    let algorithm = yubihsm::Algorithm::Asymmetric(asymmetric::Algorithm::Ed25519);
    assert_eq!(ids(&[Filter::Algorithm(algorithm)]), [0x11]);
    assert_eq!(ids(&[Filter::Label(label("signer"))]), [0x11]);
    assert_eq!(ids(&[Filter::Id(0x11), Filter::Type(Type::Opaque)]), [0_u16; 0]);
}

#[test]
fn an_authentication_key_does_what_it_may_and_no_more() {
    let (_folder, service) = service();
    let officer = client(&service);
    let capabilities =
        Capability::PUT_OPAQUE | Capability::GET_OPAQUE | Capability::EXPORTABLE_UNDER_WRAP;
    put_authentication_key(&officer, 2, Domain::DOM1, capabilities, b"one");
    put_authentication_key(&officer, 3, Domain::DOM2, capabilities, b"two");
    let (one, two) = (as_key(&service, 2, b"one"), as_key(&service, 3, b"two"));
    let id = put(&one, 0x20, b"mine");
    assert_eq!(one.get_opaque(id).unwrap(), b"mine");
    // A capability that the session lacks.
    refused(one.get_pseudo_random(8), "insufficient permissions");
    refused(one.delete_object(id, Type::Opaque), "insufficient permissions");
    // An object of another domain is not there.
    refused(two.get_opaque(id), "object not found");
    refused(two.get_object_info(id, Type::Opaque), "object not found");
    let seen = two.list_objects(&[]).unwrap();
    assert_eq!(seen.iter().map(|entry| entry.object_id).collect::<Vec<_>>(), [1, 3]);
    // Nothing is handed on that was not delegated.
    let outcome = one.put_opaque(
        0,
        label("more"),
        Domain::DOM1,
        Capability::SIGN_ECDSA,
        opaque::Algorithm::Data,
        b"x".to_vec(),
    );
    refused(outcome, "insufficient permissions");
    let outcome = one.put_opaque(
        0,
        label("elsewhere"),
        Domain::DOM2,
        Capability::empty(),
        opaque::Algorithm::Data,
        b"x".to_vec(),
    );
    refused(outcome, "insufficient permissions");
}

#[test]
fn the_default_credential_can_go_and_a_reset_brings_it_back() {
    let (_folder, service) = service();
    let officer = client(&service);
    let capabilities = Capability::RESET_DEVICE
        | Capability::DELETE_AUTHENTICATION_KEY
        | Capability::GET_LOG_ENTRIES;
    put_authentication_key(&officer, 2, Domain::all(), capabilities, b"new");
    let own = as_key(&service, 2, b"new");
    own.delete_object(1, Type::AuthenticationKey).unwrap();
    assert!(Client::open(connector(&service), Credentials::default(), false).is_err());
    let log = own.get_log_entries().unwrap();
    assert_eq!(log.num_entries, 2);
    own.reset_device().unwrap();
    assert!(own.echo(b"gone".to_vec()).is_err());
    assert_eq!(client(&service).list_objects(&[]).unwrap().len(), 1);
}

#[test]
fn the_log_is_a_chain() {
    let (_folder, service) = service();
    let client = client(&service);
    client
        .set_command_audit_option(
            yubihsm::command::Code::PutOpaqueObject,
            yubihsm::audit::AuditOption::On,
        )
        .unwrap();
    for _ in 0..3 {
        put(&client, 0, b"a");
    }
    let log = client.get_log_entries().unwrap();
    assert_eq!(log.entries.iter().map(|entry| entry.item).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    for pair in log.entries.windows(2) {
        let [before, entry] = pair else { unreachable!() };
        let command = entry.cmd.to_u8();
        let result = if command == 0 { 0 } else { command | 0x80 };
        let data = [
            &entry.item.to_be_bytes()[..],
            &[command],
            &entry.length.to_be_bytes(),
            &entry.session_key.to_be_bytes(),
            &entry.target_key.to_be_bytes(),
            &entry.second_key.to_be_bytes(),
            &[result],
            &entry.tick.to_be_bytes(),
            before.digest.as_ref(),
        ]
        .concat();
        assert_eq!(Sha256::digest(&data)[..16], *entry.digest.as_ref());
    }
    client.set_log_index(4).unwrap();
    assert_eq!(client.get_log_entries().unwrap().entries[0].item, 5);
}

#[test]
fn clients_with_open_connections_do_not_wait_for_each_other() {
    let (_folder, service) = service();
    let clients: Vec<Client> = (0..8).map(|_| client(&service)).collect();
    for client in clients.iter().chain(clients.iter().rev()) {
        client.echo(b"hello".to_vec()).unwrap();
    }
}

#[test]
fn a_device_goes_on_where_it_was_stopped() {
    let (folder, service) = service();
    let id = put(&client(&service), 0, b"kept");
    let serial = service.serial();
    let taken = Service::start(Options::new(folder.path().join("hsm.json")));
    assert!(taken.is_err(), "two services on one state");
    drop(service);
    let service = Service::start(Options::new(folder.path().join("hsm.json"))).unwrap();
    assert_eq!(service.serial(), serial);
    assert_eq!(client(&service).get_opaque(id).unwrap(), b"kept");
}

#[test]
fn a_lost_answer_closes_the_connection_and_the_command_took_effect() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path().join("hsm.json"));
    options.faults = Faults { fail_after: Some(1), ..Faults::default() };
    let service = Service::start(options.clone()).unwrap();
    let lost = client(&service).put_opaque(
        9,
        label("lost"),
        Domain::DOM1,
        Capability::empty(),
        opaque::Algorithm::Data,
        b"there".to_vec(),
    );
    assert!(lost.is_err());
    drop(service);
    options.faults = Faults::default();
    let service = Service::start(options).unwrap();
    assert_eq!(client(&service).get_opaque(9).unwrap(), b"there");
}

#[test]
fn a_frame_is_answered_without_a_connection_too() {
    let (_folder, service) = service();
    let echo = [1, 0, 1, 9];
    assert_eq!(service.answer(&echo).unwrap(), [0x81, 0, 1, 9]);
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path().join("hsm.json"));
    options.faults = Faults { gone_at: Some(1), ..Faults::default() };
    let service = Service::start(options).unwrap();
    assert!(client(&service).echo(b"hello".to_vec()).is_err());
    assert_eq!(service.answer(&echo), None);
}

#[test]
fn faults_are_set_while_the_service_runs() {
    let (_folder, service) = service();
    let told = |body: &str| {
        let length = body.len();
        let head = format!("POST /virtual/faults HTTP/1.1\r\nContent-Length: {length}");
        page(&service, &format!("{head}\r\nConnection: close\r\n\r\n{body}"))
    };
    let client = client(&service);
    assert!(told(r#"{"fail_after":2}"#).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(put(&client, 9, b"answered"), 9);
    assert!(client.get_opaque(9).is_err());
    assert!(told(r#"{"fail_after":"2"}"#).starts_with("HTTP/1.1 400 "));
    assert!(told(r#"{"gone_at":1}"#).starts_with("HTTP/1.1 200 OK\r\n"));
    let again = self::client(&service);
    assert!(again.echo(b"hello".to_vec()).is_err());
    assert_eq!(page(&service, "GET /connector/status HTTP/1.1\r\n\r\n"), "");
    assert!(told("{}").starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(self::client(&service).get_opaque(9).unwrap(), b"answered");
    assert!(told(r#"{"hang_after":1}"#).starts_with("HTTP/1.1 200 OK\r\n"));
    let tally = || page(&service, "GET /virtual/faults HTTP/1.1\r\nConnection: close\r\n\r\n");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| put_unanswered(&service));
        while !tally().contains("\"hanging\":true") {
            std::thread::yield_now();
        }
        assert!(!waiting.is_finished());
        assert!(told("{}").starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(waiting.join().unwrap());
    });
    assert_eq!(self::client(&service).get_opaque(10).unwrap(), b"silence");
}

#[test]
fn only_loopback_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path().join("hsm.json"));
    options.listen = "0.0.0.0:0".parse().unwrap();
    let error = Service::start(options).unwrap_err();
    assert!(error.to_string().contains("no loopback address"), "{error}");
    assert!(!folder.path().join("hsm.json").exists());
}

#[test]
fn the_status_page_is_the_connectors() {
    let (_folder, service) = service();
    let page = page(&service, "GET /connector/status HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(page.contains("\r\n\r\nstatus=OK\nserial=*\nversion="));
    assert!(page.contains(&format!("\naddress=127.0.0.1\nport={}\n", service.address().port())));
}
