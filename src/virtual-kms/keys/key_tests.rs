use super::*;
use crate::clock::Time;
use crate::refusal::Kind;
use keyferry_bundle::{KeyMaterialId, KeySpec, KeyUsage};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn key(spec: KeySpec) -> Key {
    Key {
        id: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
        spec,
        usage: KeyUsage::EncryptDecrypt,
        origin: Origin::External,
        description: String::new(),
        created: at(0),
        policy: String::new(),
        tags: BTreeMap::new(),
        takes_another: false,
        disabled: false,
        deletion: None,
        relation: None,
        materials: Vec::new(),
    }
}

fn at(millis: i64) -> Time {
    Time::try_from(millis).unwrap()
}

fn bytes(fill: u8) -> Incoming {
    Incoming::fitting(KeySpec::SymmetricDefault, vec![fill; 32].into()).unwrap()
}

fn import(key: &mut Key, fill: u8, announced: Announced) -> Result<KeyMaterialId, Kind> {
    key.import(bytes(fill), announced, "arn").map_err(|refusal| refusal.kind)
}

fn of_type(import_type: ImportType) -> Announced {
    Announced { import_type: Some(import_type), ..Announced::default() }
}

#[test]
fn a_key_waits_for_its_material_and_falls_back_without_it() {
    let mut key = key(KeySpec::SymmetricDefault);
    assert_eq!(key.state(), KeyState::PendingImport);
    let id = import(&mut key, 1, Announced::default()).unwrap();
    assert_eq!(key.state(), KeyState::Enabled);
    assert_eq!(key.delete(None).unwrap(), Some(id.clone()));
    assert_eq!(key.state(), KeyState::PendingImport);
    assert_eq!(key.current().unwrap().id, id, "the id outlives the bytes");
    assert_eq!(import(&mut key, 1, Announced::default()), Ok(id));
    assert_eq!(key.state(), KeyState::Enabled);
}

#[test]
fn other_bytes_are_not_taken_for_the_same() {
    for spec in [KeySpec::SymmetricDefault, KeySpec::Hmac256] {
        let mut key = key(spec);
        let wrong = import(&mut key, 1, of_type(ImportType::Existing));
        assert_eq!(wrong, Err(Kind::IncorrectKeyMaterial), "nothing exists yet");
        import(&mut key, 1, of_type(ImportType::New)).unwrap();
        let refused = Err(Kind::IncorrectKeyMaterial);
        assert_eq!(import(&mut key, 2, Announced::default()), refused);
        assert_eq!(import(&mut key, 2, of_type(ImportType::Existing)), refused);
        assert_eq!(import(&mut key, 1, of_type(ImportType::New)), refused);
        key.delete(None).unwrap();
        assert_eq!(import(&mut key, 2, Announced::default()), refused, "deleted is not forgotten");
        assert_eq!(key.materials.len(), 1);
    }
}

#[test]
fn a_second_material_waits_for_a_rotation_and_a_third_is_refused() {
    let mut key = key(KeySpec::SymmetricDefault);
    let first = import(&mut key, 1, Announced::default()).unwrap();
    let second = import(&mut key, 2, of_type(ImportType::New)).unwrap();
    assert_eq!(key.current().unwrap().id, first);
    assert_eq!(import(&mut key, 3, of_type(ImportType::New)), Err(Kind::InvalidState));
    key.delete(Some(&second)).unwrap();
    assert_eq!(key.state(), KeyState::Enabled, "the key works without it");
    let mut hmac = self::key(KeySpec::Hmac256);
    import(&mut hmac, 1, Announced::default()).unwrap();
    let refused = import(&mut hmac, 2, of_type(ImportType::New));
    assert_eq!(refused, Err(Kind::IncorrectKeyMaterial));
}

#[test]
fn a_pinned_id_must_be_the_bytes_own() {
    let mut key = key(KeySpec::SymmetricDefault);
    let id = import(&mut key, 1, Announced::default()).unwrap();
    let pinned = |id: &KeyMaterialId| Announced {
        material_id: Some(id.clone()),
        ..of_type(ImportType::Existing)
    };
    assert_eq!(import(&mut key, 1, pinned(&id)), Ok(id.clone()));
    let other = "0".repeat(64).parse().unwrap();
    assert_eq!(import(&mut key, 1, pinned(&other)), Err(Kind::IncorrectKeyMaterial));
    assert_eq!(key.delete(Some(&other)).unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_description_stays_where_none_is_given() {
    let mut key = key(KeySpec::SymmetricDefault);
    let say = |text: &str| Announced { description: Some(text.to_owned()), ..Announced::default() };
    import(&mut key, 1, say("one")).unwrap();
    import(&mut key, 1, Announced::default()).unwrap();
    assert_eq!(key.materials[0].description.as_deref(), Some("one"));
    import(&mut key, 1, say("two")).unwrap();
    assert_eq!(key.materials[0].description.as_deref(), Some("two"));
}

#[test]
fn material_expires_at_its_time_and_an_import_sets_another() {
    let mut key = key(KeySpec::SymmetricDefault);
    let until = |millis| Announced { valid_to: Some(at(millis)), ..Announced::default() };
    import(&mut key, 1, until(100)).unwrap();
    key.settle(at(99));
    assert_eq!(key.state(), KeyState::Enabled);
    import(&mut key, 1, until(200)).unwrap();
    key.settle(at(199));
    assert_eq!(key.state(), KeyState::Enabled);
    key.settle(at(200));
    assert_eq!(key.state(), KeyState::PendingImport);
    key.settle(at(0));
    assert_eq!(key.state(), KeyState::PendingImport, "an earlier clock brings nothing back");
}

#[test]
fn ids_depend_on_the_key_and_on_the_bytes() {
    let one = "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
    let two = "1234abcd-12ab-34cd-56ef-1234567890ac".parse().unwrap();
    let ids = [material::id(&one, &[1]), material::id(&one, &[2]), material::id(&two, &[1])];
    assert_eq!(material::id(&one, &[1]), ids[0]);
    assert!(ids[0].is_some() && ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
}

#[test]
fn another_key_takes_the_place_of_the_one_that_was_imported() {
    for spec in [KeySpec::SymmetricDefault, KeySpec::Hmac256] {
        let mut before = key(spec);
        before.take_another().unwrap();
        assert_eq!(before.state(), KeyState::PendingImport, "nothing was imported yet");
        let id = import(&mut before, 1, Announced::default()).unwrap();
        let mut after = key(spec);
        let own = import(&mut after, 1, Announced::default()).unwrap();
        after.take_another().unwrap();
        for key in [&mut before, &mut after] {
            assert!(key.state() == KeyState::Enabled && !key.takes_another);
            let (current, bytes) = key.current_bytes().unwrap();
            assert!(*current != own && bytes.as_bytes() != [1; 32] && bytes.as_bytes().len() == 32);
            let again = import(key, 1, Announced::default());
            assert_eq!(again, Err(Kind::IncorrectKeyMaterial), "it knows the other alone");
        }
        assert_eq!(before.current().unwrap().id, id);
    }
}

proptest! {
    /// Whatever is imported, deleted and waited for: at most one material waits, the current one never changes, and the key is
    /// enabled exactly when the current one is there.
    #[test]
    fn the_current_material_stays(steps in proptest::collection::vec((0..4u8, 0..3u8), 0..30)) {
        let mut key = key(KeySpec::SymmetricDefault);
        let mut current: Option<KeyMaterialId> = None;
        for (n, (step, fill)) in steps.into_iter().enumerate() {
            let now = at(i64::try_from(n).unwrap());
            let valid_to = Some(now.plus_millis(3));
            let _ = match step {
                0 => import(&mut key, fill, Announced { valid_to, ..of_type(ImportType::New) }).err(),
                1 => import(&mut key, fill, Announced::default()).err(),
                2 => key.delete(None).err().map(|refusal| refusal.kind),
                _ => { key.settle(now); None }
            };
            let found = key.current().map(|material| material.id.clone());
            prop_assert!(current.is_none() || current == found);
            current = found;
            prop_assert!(key.materials.iter().filter(|m| m.pending_rotation).count() <= 1);
            let there = key.current_bytes().is_some();
            prop_assert_eq!(key.state() == KeyState::Enabled, there);
        }
    }
}
