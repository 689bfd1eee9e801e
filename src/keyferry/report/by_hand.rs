//! How to check without this program. `tests/peers/report/run` takes these commands out of a page and runs them.

use super::section;
use crate::html::Html;
use keyferry_ceremony::evidence::{Accepted, Chain};
use keyferry_console::shell;
use std::path::Path;

pub(super) fn write(html: &mut Html, chain: &Chain) {
    section(html, "by-hand", "How to check without this program", |html| {
        html.leaf("p", "", "In the folder of the files, with OpenSSL 3, jq and a shell. A bundle is a DSSE envelope; its digest is the SHA-256 of the bytes that are signed. The first lines show the digests above, and for the policy its fingerprint:");
        html.leaf("pre", "run", DIGESTS);
        let bundles = chain.bundles();
        // The first plan, and the version of the policy that its signers' keys are in.
        let plan = bundles.iter().find_map(|bundle| {
            let Accepted::Plan(link) = bundle else { return None };
            Some((link, link.bundle().signers().first()?))
        });
        let Some((plan, signer)) = plan else { return };
        let policy = bundles.iter().map(Accepted::outline);
        let mut policy = policy.filter(|known| known.digest == plan.bundle().body().policy);
        let Some(policy) = policy.next() else { return };
        html.leaf("p", "", "Then a signature; the same for every bundle and everybody who signed it: id is the keyid of the signature. The keys of people are in the policy.");
        let who = format!(
            "bundle={} policy={} id={}\n",
            shell(Path::new(plan.file())),
            shell(Path::new(policy.file)),
            signer.key_id
        );
        html.leaf("pre", "run", format!("{who}{SIGNATURE}"));
        html.leaf("p", "", "An HSM's key is in its device bundle, as .signing_key.spki. It is a P-256 key: openssl dgst -sha256 -verify checks its signatures. The rest, with OpenSSL, jq and Python alone, is in docs/verify-without-keyferry.md of the program's source; what each field means is in bundle-format/SPEC.md.");
    });
}

/// The digest of every bundle.
const DIGESTS: &str = r#"t=$(mktemp -d)
signed() {
  jq -r .payload "$1" | base64 -d >"$t/payload"
  type=$(jq -r .payloadType "$1")
  printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(stat -c %s "$t/payload")"
  cat "$t/payload"
}
for file in *.json; do
  echo "$(signed "$file" | sha256sum | cut -c 1-64)  $file"
done"#;

/// One person's signature.
const SIGNATURE: &str = r#"jq -r .payload "$policy" | base64 -d | jq -r '.keys[].spki' |
  while read -r spki; do
    base64 -d <<<"$spki" >"$t/key"
    if [ "$(sha256sum <"$t/key" | cut -c 1-64)" = "$id" ]; then break; fi
    rm "$t/key"
  done
jq -r --arg id "$id" '.signatures[] | select(.keyid == $id).sig' "$bundle" |
  base64 -d >"$t/signature"
signed "$bundle" >"$t/signed"
openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$t/key" \
  -in "$t/signed" -sigfile "$t/signature""#;
