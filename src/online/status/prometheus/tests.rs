use super::*;
use crate::calls::failed;
use crate::kms::KeyDescription;
use crate::lifecycle::{Generation, ImportState};
use crate::status::look::Sibling;
use crate::subjects::Subject;
use crate::testing::{NOW, World, key, material_id, refused};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Expiration;
use keyferry_ceremony::testing::{Story, time};
use proptest::prelude::*;

fn looked<'a>(world: &World, subject: &'a Subject) -> Looked<'a> {
    let valid_to = Some(time("2027-01-01T00:00:00Z"));
    let expiration = Some(Expiration { model: ExpirationModel::Expires, valid_to });
    let found = KeyDescription { expiration, ..key(world, KeyState::Enabled) };
    let generation = Generation {
        key_material_id: Some(material_id()),
        import_state: Some(ImportState::Imported),
        material_state: Some("CURRENT".to_owned()),
        expiration: found.expiration,
        description: None,
        rotated: None,
    };
    let sibling = Sibling {
        key: found.key.clone(),
        primary: false,
        found: Err(failed("kms:DescribeKey", &refused("AccessDeniedException"))),
    };
    Looked {
        subject,
        found: Ok(found),
        generations: Some(vec![generation]),
        siblings: vec![sibling],
    }
}

fn subject(label: &str) -> Subject {
    Subject {
        label: label.to_owned(),
        key: "alias/payments".parse().unwrap(),
        expected: Vec::new(),
    }
}

/// Name, labels, value.
type Sample = (String, Vec<(String, String)>, i64);

/// Reads the format as its specification gives it; series come once, and each metric's lines stand together after its help and type.
fn read(text: &str) -> Vec<Sample> {
    let (mut series, mut current) = (Vec::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty());
            assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.starts_with("keyferry_") && name.chars().all(plain), "{name}");
            name.clone_into(&mut current);
            continue;
        }
        let rest = line.strip_prefix(current.as_str()).unwrap();
        let (labels, value) = match rest.strip_prefix('{') {
            None => (Vec::new(), rest),
            Some(rest) => pairs(rest),
        };
        let value = value.strip_prefix(' ').unwrap().parse().unwrap();
        let one = (current.clone(), labels, value);
        assert!(!series.iter().any(|(name, labels, _)| (name, labels) == (&one.0, &one.1)));
        series.push(one);
    }
    series
}

/// Labels up to the closing brace, and what follows it.
fn pairs(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut labels = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next().unwrap() {
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    other => panic!("\\{other} is no escape"),
                }),
                (at, '"') => break at + 1,
                (_, c) => {
                    assert_ne!(c, '\n');
                    value.push(c);
                }
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').unwrap()),
        }
    }
}

#[test]
fn every_metric_is_written_and_read_back() {
    let world = World::new(Story::sound());
    let (sound, lost) = (subject("payments"), subject("lost"));
    let key = looked(&world, &sound);
    let failure = failed("kms:DescribeKey", &refused("NotFoundException"));
    let gone = Looked { subject: &lost, found: Err(failure), generations: None, siblings: vec![] };
    let finding = |code| Finding { code, text: String::new() };
    let findings = vec![finding("unusable"), finding("unusable"), finding("expiry-near")];
    let text = document(&[(&key, findings), (&gone, vec![finding("unreadable")])], time(NOW));
    assert!(text.ends_with('\n'));
    let series = read(&text);
    let value = |metric: &str, label: &str, is: &str| {
        let has = |labels: &[(String, String)]| {
            labels.iter().any(|(l, v)| (l.as_str(), v.as_str()) == (label, is))
        };
        series.iter().find(|(name, labels, _)| name == metric && has(labels)).map(|one| one.2)
    };
    assert_eq!(value("keyferry_key_described", "name", "payments"), Some(1));
    assert_eq!(value("keyferry_key_described", "name", "lost"), Some(0));
    assert_eq!(value("keyferry_key_enabled", "name", "payments"), Some(1));
    assert_eq!(value("keyferry_key_enabled", "name", "lost"), None);
    assert_eq!(value("keyferry_key_info", "state", "Enabled"), Some(1));
    assert_eq!(value("keyferry_key_generation_info", "import_state", "IMPORTED"), Some(1));
    assert_eq!(value("keyferry_key_sibling_enabled", "name", "payments"), Some(0));
    assert_eq!(value("keyferry_key_findings", "code", "unusable"), Some(2));
    assert_eq!(value("keyferry_key_findings", "code", "unreadable"), Some(1));
    let until = key.found.as_ref().unwrap().expiration.unwrap().valid_to.unwrap();
    let expiry = value("keyferry_key_material_expiry_timestamp_seconds", "name", "payments");
    assert_eq!(expiry, Some(until.unix_seconds()));
    assert_eq!(series.last().unwrap().2, time(NOW).unix_seconds());
}

proptest! {
    #[test]
    fn no_label_breaks_out_of_its_quotes(label in any::<String>(), state in any::<String>()) {
        let world = World::new(Story::sound());
        let subject = subject(&label);
        let mut key = looked(&world, &subject);
        let found = key.found.as_ref().unwrap().clone();
        key.found = Ok(KeyDescription { state: KeyState::Other(state.clone()), ..found });
        // Lines end with a line feed alone.
        let text = document(&[(&key, vec![])], time(NOW)).replace('\r', "\u{fffd}");
        let series = read(&text);
        let info = series.iter().find(|(name, ..)| name == "keyferry_key_info").unwrap();
        let clean = |text: &str| text.replace('\r', "\u{fffd}");
        prop_assert_eq!(&info.1[0], &("name".to_owned(), clean(&label)));
        prop_assert!(info.1.contains(&("state".to_owned(), clean(&state))));
    }
}
