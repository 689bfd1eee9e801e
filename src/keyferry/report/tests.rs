//! What stands on the page, and that nothing but that does.

use super::*;
use crate::html::read::{Node, read};
use crate::render::word;
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::Revocation;
use keyferry_ceremony::evidence::{self, Claim, File, Pins, Standing};
use keyferry_ceremony::testing::{Story, digest_of, signed, time};
use keyferry_console::fingerprint;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn look(files: Vec<File>, pins: &Pins) -> Examined {
    let (report, chain) = evidence::examine_and_keep(&files, pins);
    Examined { files, report, chain }
}

fn written(examined: &Examined) -> String {
    let verdict = Verdict::of(&examined.report, false, examined.files.len());
    page(examined, &verdict, time("2026-11-24T12:00:00Z"))
}

/// The page's text, a line a node.
fn text(page: &str) -> String {
    text_of(page.strip_prefix("<!DOCTYPE html>\n").unwrap().trim_end())
}

fn text_of(part: &str) -> String {
    let nodes = read(part).unwrap();
    let texts = nodes.iter().filter_map(|node| match node {
        Node::Text(text) => Some(text.as_str()),
        Node::Start { .. } | Node::End(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn sound() -> (Story, Examined) {
    let story = Story::sound();
    let pins = Pins::one(digest_of(&story.policy));
    let examined = look(story.folder(), &pins);
    (story, examined)
}

#[test]
fn every_claim_stands_on_the_page_once_with_its_number_and_standing() {
    let (_, mut examined) = sound();
    examined.files.push(File { name: "notes.txt".into(), bytes: b"hello".to_vec() });
    let examined = look(examined.files, &Pins::none());
    let standings: Vec<Standing> = examined.report.claims.iter().map(|c| c.standing).collect();
    for standing in [Standing::Holds, Standing::Open, Standing::Refused] {
        assert!(standings.contains(&standing), "{standing:?}");
    }
    let page = written(&examined);
    let full = page.split_once("<section id=\"claims\">").unwrap().1;
    let full = full.split_once("</section>").unwrap().0;
    let numbered = Numbered::of(&examined.report);
    let mut seen = 0;
    for (number, Claim { id, sentence, standing, .. }) in numbered.filter(|_| true) {
        let start = format!("<li id=\"claim-{number}\">");
        let item = full.split_once(&start).unwrap().1.split_once("</li>").unwrap().0;
        let item = read(item).unwrap();
        for told in [number.to_string().as_str(), word(*standing), sentence, &format!("[{id}]")] {
            assert!(item.contains(&Node::Text(told.to_owned())), "{told}: {item:?}");
        }
        seen += 1;
    }
    assert_eq!(seen, examined.report.claims.len());
    assert_eq!(full.matches("<li ").count(), seen);
}

#[test]
fn the_page_names_the_policy_the_makers_and_the_keys() {
    let (story, examined) = sound();
    let page = written(&examined);
    let text = text(&page);
    let policy = digest_of(&story.policy);
    let target = &story.plan.targets[0];
    let words = fingerprint::words(&policy);
    let four: Vec<&str> = words.split_whitespace().take(4).collect();
    let first_words = format!(" 1  {}\n 3  ", four.join(" "));
    for told in [
        &examined_headline(&examined),
        &fingerprint::hex(&policy),
        &first_words,
        "signed by alice, bob: the ceremony-officer quorum",
        "signed by hsm-1, wendy: the HSM itself and the witness quorum",
        &target.key.to_string(),
        &story.response.targets[0].check_value.to_string(),
        "drawn from the HSM's random generator for this response, on HSM serial 12345678",
        "RSAES_OAEP_SHA_256 under RSA_2048, on the room's host: response.json",
        "under wrap key 0x0200: backup-payments.json",
        "KMS answered the import; KMS keeps it until somebody deletes it: receipt.json",
        "How to check without this program",
    ] {
        assert!(text.contains(told), "{told:?} is missing in\n{text}");
    }
    for bundle in examined.chain.bundles() {
        let outline = bundle.outline();
        assert!(text.contains(&outline.digest.to_string()), "{}", outline.file);
        assert!(text.contains(&outline.created.to_string()), "{}", outline.file);
    }
    for file in &examined.files {
        assert!(text.contains(&Digest::of(&file.bytes).to_string()), "{}", file.name);
    }
}

#[test]
fn the_page_tells_when_a_policy_expires_and_what_it_revokes() {
    let mut story = Story::sound();
    story.policy.expires = Some(time("2027-11-01T00:00:00Z"));
    let key: keyferry_bundle::KeyId = "5".repeat(64).parse().unwrap();
    let since = time("2026-10-01T00:00:00Z");
    story.policy.revoked = vec![Revocation { key: key.clone(), since }];
    story.relink();
    let page = text(&written(&look(story.folder(), &Pins::one(digest_of(&story.policy)))));
    for told in [
        "before it expired at 2027-11-01T00:00:00Z".to_owned(),
        "expires\n2027-11-01T00:00:00Z".to_owned(),
        format!("revoked key\n{key}\nsince {since}"),
    ] {
        assert!(page.contains(&told), "{told:?} is missing in\n{page}");
    }
}

fn examined_headline(examined: &Examined) -> String {
    Verdict::of(&examined.report, false, examined.files.len()).headline
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = written(&sound().1);
    assert!(page.contains("default-src &#39;none&#39;; style-src &#39;sha256-"), "{page}");
    for node in read(page.strip_prefix("<!DOCTYPE html>\n").unwrap().trim_end()).unwrap() {
        let Node::Start { name, attributes } = node else { continue };
        assert!(
            !["script", "link", "img", "iframe", "object", "form", "base"].contains(&name.as_str())
        );
        for (attribute, value) in attributes {
            assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src");
            assert!(attribute != "href" || value.starts_with('#'), "{value}");
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("</"));
}

#[test]
fn links_lead_somewhere() {
    let page = written(&sound().1);
    let mut links = 0;
    for part in page.split("href=\"#").skip(1) {
        let anchor = part.split_once('"').unwrap().0;
        assert_eq!(page.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
        links += 1;
    }
    assert!(links > 3, "{links}");
}

#[test]
fn the_verdict_stands_first_and_tells_pass_open_and_fail_apart() {
    let (story, examined) = sound();
    let shown = |examined: &Examined| {
        let page = written(examined);
        let first = page.split_once("<div class=\"").unwrap().1;
        (first.split_once('"').unwrap().0.to_owned(), text(&page))
    };
    let (class, told) = shown(&examined);
    assert!(class == "verdict pass" && told.contains("VERIFIED: "), "{class}\n{told}");
    assert!(!told.contains("What fails"));
    let unpinned = look(story.folder(), &Pins::none());
    let (class, told) = shown(&unpinned);
    assert!(class == "verdict open" && told.contains("IF the policy is yours"), "{class}\n{told}");
    let mut part = story.folder();
    part.retain(|file| !file.name.starts_with("receipt"));
    let part = look(part, &Pins::one(digest_of(&story.policy)));
    let (class, told) = shown(&part);
    assert!(class == "verdict open" && told.contains("INCOMPLETE"), "{class}\n{told}");
    assert!(told.contains("response.json has no receipt here"), "{told}");
    assert!(told.contains("no receipt for this response was accepted"), "{told}");
    let mut spoiled = story.folder();
    spoiled.iter_mut().find(|file| file.name == "plan.json").unwrap().bytes[60] ^= 1;
    let spoiled = look(spoiled, &Pins::none());
    let (class, told) = shown(&spoiled);
    assert!(class == "verdict fail" && told.contains("NOT VERIFIED: "), "{class}\n{told}");
    assert!(told.contains("What fails") && told.contains("No plan was accepted"), "{told}");
    let (class, told) = shown(&look(Vec::new(), &Pins::none()));
    assert!(class == "verdict fail" && told.contains("No policy was found"), "{class}\n{told}");
}

#[test]
fn a_key_has_the_claims_about_it_beside_it() {
    let (_, examined) = sound();
    let page = written(&examined);
    let (_, card) = page.split_once("<article class=\"key\">").unwrap();
    let card = text_of(card.split_once("</article>").unwrap().0);
    let about = |claim: &&Claim| claim.sentence.starts_with("target payments:");
    let mut ids = BTreeSet::new();
    for claim in examined.report.claims.iter().filter(about) {
        assert!(card.contains(&claim.sentence), "{claim:?}: {card}");
        ids.insert(claim.id);
    }
    for id in ["plan.allowed", "request.wrapping-key", "response.backup", "receipt.import"] {
        assert!(ids.contains(id), "{id}");
    }
    assert!(!card.contains("is for the HSM of"), "{card}");
}

#[test]
fn bundles_stand_after_those_they_follow() {
    let (_, examined) = sound();
    let files: Vec<&str> =
        examined.chain.bundles().iter().map(|bundle| bundle.outline().file).collect();
    assert_eq!(
        files,
        [
            "policy-v1.json",
            "device.json",
            "plan.json",
            "request.json",
            "backup-payments.json",
            "log.json",
            "response.json",
            "receipt.json",
            "transcript-1.json"
        ]
    );
}

#[test]
fn a_transcript_stands_on_the_page_once_and_folded() {
    let mut story = Story::sound();
    let hostile = "</pre></details><script>alert(1)</script>";
    story.transcript.lines[1].text = keyferry_bundle::Shown::of(hostile);
    let page = written(&look(story.folder(), &Pins::none()));
    let section = page.split_once("<section id=\"transcripts\">").unwrap().1;
    let section = section.split_once("</section>").unwrap().0;
    let nodes = read(section).unwrap();
    let begins = |name: &str| {
        let start = Node::Start { name: name.to_owned(), attributes: vec![] };
        nodes.iter().filter(|node| **node == start).count()
    };
    assert_eq!((begins("details"), begins("summary")), (1, 1));
    for told in ["asked", "answered", "secret", hostile, "Password of authentication key 0x0002"] {
        assert!(nodes.contains(&Node::Text(told.to_owned())), "{told}: {nodes:?}");
    }
    assert_eq!(text(&page).matches(hostile).count(), 1);
    // Without one there is no such section, and no link to it.
    let mut folder = story.folder();
    folder.retain(|file| file.name != "transcript-1.json");
    let page = written(&look(folder, &Pins::none()));
    assert!(!page.contains("transcripts\""), "{page}");
}

/// A story whose policy bears a name of the tester's.
fn named(name: &str) -> Option<Vec<File>> {
    let mut story = Story::sound();
    story.policy.name = name.parse().ok()?;
    let bytes = signed(&story.policy, &["alice", "bob"]);
    Some(vec![File { name: "policy-v1.json".into(), bytes }])
}

#[test]
fn a_name_in_a_bundle_cannot_leave_its_place() {
    let hostile = "<script>alert(1)</script>\"'&amp;";
    let files = named(hostile).unwrap();
    let page = written(&look(files, &Pins::none()));
    assert!(!page.contains("<script"), "{page}");
    assert!(text(&page).contains(hostile));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_file_name_and_no_content_breaks_the_page(
        name in r#"([<>&"'/ .=-]|json|age|bin|[a-z]|\PC){0,24}"#,
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut files = Story::sound().folder();
        files.retain(|file| file.name.starts_with("policy"));
        files.push(File { name: name.clone(), bytes });
        let examined = look(files, &Pins::none());
        let page = written(&examined);
        prop_assert!(!page.contains("<script"));
        prop_assert!(name.is_empty() || text(&page).contains(&*keyferry_console::escape(&name)));
    }
}
