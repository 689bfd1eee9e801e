//! The committed schemas are the ones the types make. `KEYFERRY_BLESS=1 cargo test -p keyferry-bundle --test schemas` rewrites
//! them, which changes the format: additive changes make a new version (SPEC.md section 12).

use keyferry_bundle::schema;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_committed_schemas_are_what_the_types_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let bless = std::env::var_os("KEYFERRY_BLESS").is_some_and(|value| value == "1");
    let mut expected = BTreeSet::new();
    for (name, text) in schema::files() {
        let path = folder.join(&name);
        if bless {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_else(|_| "null".to_owned());
        let tree = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert!(tree(&committed) == tree(&text), "schemas/{name} is not what the types make");
        expected.insert(name);
    }
    let names: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, expected, "schemas/ holds one file a kind, the envelope's, and nothing else");
}
