//! What `GetParametersForImport` hands out again, and what it does not.

use super::Client;
use super::client::wrap;

#[test]
fn wrapping_keys_differ_from_call_to_call_and_are_used_again_after_some() {
    let mut client = Client::new();
    let key = client.symmetric();
    let mut seen = Vec::new();
    for n in 0..20 {
        let parameters = client.parameters(&key, "RSAES_OAEP_SHA_256", "RSA_2048");
        assert_ne!(Some(&parameters["PublicKey"]), seen.last(), "call {n}");
        seen.push(parameters["PublicKey"].clone());
        if n == 10 {
            client.restart();
        }
        if n == 19 {
            client.call("ImportKeyMaterial", &wrap(&parameters, &[1; 32]));
        }
    }
    let distinct: std::collections::BTreeSet<String> =
        seen.iter().map(ToString::to_string).collect();
    let first_eight: std::collections::BTreeSet<String> =
        seen[..8].iter().map(ToString::to_string).collect();
    assert_eq!((distinct.len(), first_eight.len()), (8, 8));
}
