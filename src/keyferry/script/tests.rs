//! A script is one that can be carried out, says what the screen says, and keeps to its places in both formats.

use super::act::{Act, Command};
use super::machine::walk;
use super::model::{Actor, Blank, Place, Step};
use super::{Format, Given, Script, html};
use crate::html::read::{Node, read as read_html};
use crate::markdown::read::{Block, Inline, read as read_markdown};
use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_bundle::{
    Custodian, Device, Digest, KeySpec, KeyUsage, Policy, Role, Verified, WrappingAlgorithm,
};
use keyferry_ceremony::testing::{RECIPIENT, Story, digest_of, parse, signed};
use keyferry_ceremony::{Countersigned, device, draft};
use keyferry_console::{Name, escape, fingerprint};
use proptest::prelude::*;

/// A story's policy and device, accepted, and its plan as its officers see it.
struct Desk {
    story: Story,
    policy: Verified<Policy>,
    device: Verified<Device>,
    signers: &'static [&'static str],
    draft: bool,
    folder: &'static str,
    known: Vec<Name>,
}

impl Desk {
    fn of(mut story: Story) -> Self {
        story.relink();
        let policy = story.accept_policy().unwrap();
        let device = signed(&story.device, &["hsm", "wendy", "bob"]);
        let device = device::accept(&policy, &device, Countersigned::Required).unwrap();
        Self {
            story,
            policy,
            device,
            signers: &["alice", "bob"],
            draft: false,
            folder: "tests-1",
            known: vec![Name::Policy(1), Name::Device, Name::Plan],
        }
    }

    fn given(&self) -> Given<'_> {
        let bytes = signed(&self.story.plan, self.signers);
        let (_, seats) = draft::plan(&self.policy, &self.device, &bytes).unwrap();
        Given {
            policy: &self.policy,
            device: &self.device,
            plan: &self.story.plan,
            digest: digest_of(&self.story.plan),
            approval: seats.progress().remove(0),
            draft: self.draft,
            folder: self.folder.to_owned(),
            known: self.known.clone(),
            room: "memory".into(),
        }
    }

    fn script(&self) -> Script {
        self.given().script()
    }
}

/// Another target of a kind, with an object id of its own.
fn add(story: &mut Story, number: u8, spec: KeySpec, kept_as: KeptAs) {
    let mut target = story.plan.targets[0].clone();
    target.name = parse(&format!("key-{number}"));
    target.label = parse(&format!("key-{number}"));
    target.object_id = parse(&format!("0x0c{number:02x}"));
    target.key = parse(&format!(
        "arn:aws:kms:eu-central-1:111122223333:key/{number:08}-12ab-34cd-56ef-1234567890ab"
    ));
    (target.key_spec, target.kept_as) = (spec, kept_as);
    if kept_as == KeptAs::AsymmetricKey {
        target.key_usage = KeyUsage::SignVerify;
        target.wrapping_algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    }
    story.plan.targets.push(target);
}

/// Keys of every kind, two custodians, and quorums of two.
fn rich() -> Story {
    let mut story = Story::sound();
    story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
    let custodian = |holder| Custodian { holder: parse(holder), recipient: parse(RECIPIENT) };
    story.policy.custodians = vec![custodian("carla")];
    story.plan.custodians = vec![parse("carla")];
    add(&mut story, 1, KeySpec::EccNistP256, KeptAs::AsymmetricKey);
    add(&mut story, 2, KeySpec::SymmetricDefault, KeptAs::SymmetricKey);
    add(&mut story, 3, KeySpec::Rsa4096, KeptAs::AsymmetricKey);
    // Alice works on the bastion too, so that the two operators are two people.
    let alice = story.policy.roles.ceremony_officer.keys[0].clone();
    story.policy.roles.online_operator.keys.push(alice);
    story.policy.roles.online_operator.threshold = 2;
    story.policy.roles.witness.threshold = 2;
    story
}

/// What a ceremony is that fetches a second time.
fn again() -> Desk {
    let mut desk = Desk::of(rich());
    desk.known.push(Name::Request(1));
    desk.known.push(Name::Response(1));
    let backups = desk.given().backups();
    desk.known.extend(backups);
    desk.known.sort();
    desk
}

fn desks() -> Vec<Desk> {
    let mut later = Story::sound();
    (later.plan.counter, later.plan.previous) = (7, Some(Digest::of(b"six")));
    let mut unapproved = Desk::of(rich());
    (unapproved.signers, unapproved.draft) = (&["bob"], true);
    vec![Desk::of(Story::sound()), Desk::of(rich()), Desk::of(later), unapproved, again()]
}

#[test]
fn every_step_finds_what_it_needs() {
    for desk in desks() {
        let given = desk.given();
        assert_eq!(walk(&given, &given.script()), Ok(()));
    }
}

/// Steps whose acts the machine would not miss: the host's own commands of one step are needed one by one.
fn without(script: &Script, part: usize, step: usize) -> Script {
    let mut script = script.clone();
    script.parts[part].steps.remove(step);
    script
}

#[test]
fn no_step_that_does_something_can_be_left_out() {
    for desk in desks() {
        let given = desk.given();
        let script = given.script();
        let mut left_out = 0;
        for (part, steps) in script.parts.iter().map(|part| &part.steps).enumerate() {
            for (index, step) in steps.iter().enumerate() {
                // An HSM without swap is looked for on both days.
                let again = matches!(
                    &step.commands[..],
                    [Act::Run { command: Command::Host("swapon --show"), .. }]
                );
                if step.commands.is_empty() || again {
                    continue;
                }
                let outcome = walk(&given, &without(&script, part, index));
                assert!(outcome.is_err(), "step {}: {}", step.number, step.text);
                left_out += 1;
            }
        }
        assert!(left_out > 20, "{left_out}");
    }
}

#[test]
fn no_two_steps_that_depend_on_each_other_can_change_places() {
    let desk = Desk::of(rich());
    let given = desk.given();
    let script = given.script();
    let mut broken = 0;
    for (part, steps) in script.parts.iter().map(|part| part.steps.len()).enumerate() {
        for index in 1..steps {
            let mut other = script.clone();
            other.parts[part].steps.swap(index - 1, index);
            broken += usize::from(walk(&given, &other).is_err());
        }
    }
    assert!(broken >= 14, "{broken}");
}

#[test]
fn targets_that_nobody_compares_are_noticed() {
    let desk = Desk::of(rich());
    let given = desk.given();
    let mut script = given.script();
    for step in script.parts.iter_mut().flat_map(|part| &mut part.steps) {
        step.expected.retain(|row| row.label != "KMS key");
    }
    assert!(walk(&given, &script).unwrap_err().contains("nobody compared target payments"));
}

#[test]
fn an_import_token_never_travels() {
    let desk = Desk::of(Story::sound());
    let given = desk.given();
    let mut script = given.script();
    for act in script.parts.iter_mut().flat_map(|p| &mut p.steps).flat_map(|s| &mut s.commands) {
        if let Act::Carry { from: Place::Bastion, to: Place::Medium, files } = act {
            files.push(Name::ImportToken(1, parse("payments")));
        }
    }
    assert!(walk(&given, &script).unwrap_err().contains("an import token leaves the bastion"));
}

fn all_steps(script: &Script) -> Vec<&Step> {
    script.steps().map(|(_, step)| step).collect()
}

#[test]
fn steps_are_numbered_from_one() {
    for desk in desks() {
        let script = desk.script();
        let numbers: Vec<u16> = all_steps(&script).iter().map(|step| step.number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<u16>>());
        assert!(numbers.len() == script.length() && numbers.len() > 35);
    }
}

#[test]
fn every_command_of_this_program_is_one() {
    for desk in desks() {
        let script = desk.script();
        let mut seen = 0;
        for act in all_steps(&script).iter().flat_map(|step| &step.commands) {
            let Act::Run { line, .. } = act else { continue };
            if line.split(' ').next() == Some("keyferry") {
                let parsed = crate::cli::command().try_get_matches_from(line.split(' '));
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen}");
    }
}

#[test]
fn commands_have_the_names_and_ids_of_this_ceremony() {
    let lines = |desk: &Desk| -> Vec<String> {
        let script = desk.script();
        let acts = all_steps(&script).into_iter().flat_map(|step| step.commands.clone());
        acts.filter_map(|act| if let Act::Run { line, .. } = act { Some(line) } else { None })
            .collect()
    };
    let first = lines(&Desk::of(Story::sound()));
    for line in [
        "keyferry-offline --hsm usb:12345678 inspect --serial 12345678",
        "keyferry-offline --hsm usb:12345678 respond tests-1 --room memory --new-room",
        "keyferry sign tests-1/response-1.json --identity wendy.identity",
        "keyferry-online fetch tests-1 --identity oscar.identity",
    ] {
        assert!(first.iter().any(|known| known == line), "{line}: {first:#?}");
    }
    // A long export does not pass over USB, and a memory that exists is not begun anew.
    let later = lines(&again());
    for line in [
        "keyferry-offline respond tests-1 --room memory",
        "yubihsm-connector",
        "keyferry-online fetch tests-1 --identity OPERATOR.identity",
        "keyferry sign tests-1/request-2.json --identity oscar.identity",
    ] {
        assert!(later.iter().any(|known| known == line), "{line}: {later:#?}");
    }
    let mut odd = Desk::of(Story::sound());
    odd.folder = "it's a \"test\"";
    let check = "keyferry-online check 'it'\\''s a \"test\"'";
    assert!(lines(&odd).iter().any(|line| line == check));
}

#[test]
fn every_target_is_read_against_the_plan_before_the_word_is_typed() {
    let desk = Desk::of(rich());
    let script = desk.script();
    let steps = all_steps(&script);
    let position = |wanted: &dyn Fn(&Act) -> bool| {
        steps.iter().position(|step| step.commands.iter().any(wanted)).unwrap()
    };
    let respond = position(&|act| matches!(act, Act::Run { command: Command::Respond, .. }));
    let word = position(&|act| matches!(act, Act::Type(_)));
    for target in &desk.story.plan.targets {
        let Target { key, key_spec, key_usage, wrapping_algorithm, .. } = target;
        let told = steps[respond..word]
            .iter()
            .find(|step| step.expected.iter().any(|row| row.value == key.to_string()));
        let values: Vec<&str> =
            told.unwrap().expected.iter().map(|row| row.value.as_str()).collect();
        let copies = if target.kept_as == KeptAs::AsymmetricKey { "nobody" } else { "carla" };
        for value in [
            format!("{key_spec}, {key_usage}"),
            format!("{wrapping_algorithm} under an RSA_2048 key"),
            format!("{} \"{}\", {}, domains 1", target.object_id, target.label, target.kept_as),
            "is generated by the HSM now; in KMS it never expires".to_owned(),
            copies.to_owned(),
        ] {
            assert!(values.contains(&value.as_str()), "{value}: {values:#?}");
        }
    }
    let serial = steps.iter().find(|step| step.commands.contains(&Act::Attach)).unwrap();
    assert!(serial.expected.iter().any(|row| row.value == "5678"));
}

#[test]
fn everybody_of_a_role_has_a_line_where_the_role_signs() {
    let desk = Desk::of(rich());
    let script = desk.script();
    let witnesses = desk.given().people(Role::Witness);
    assert_eq!(witnesses, ["bob", "wendy"]);
    let signs = |step: &&&Step| {
        step.role == Actor::Witness
            && step
                .commands
                .iter()
                .any(|act| matches!(act, Act::Run { command: Command::Sign(..), .. }))
    };
    let steps = all_steps(&script);
    let signing = steps.iter().find(signs).unwrap();
    for who in witnesses {
        assert!(signing.blanks.contains(&Blank::Signed(who.clone())));
        let seat = script.people.iter().find(|seat| seat.actor == Actor::Witness).unwrap();
        assert!(seat.needed == "2 of bob, wendy" && seat.people.contains(&Some(who)));
    }
}

#[test]
fn there_is_no_place_to_write_a_secret() {
    for desk in desks() {
        let script = desk.script();
        let sheets = script.sheets.iter().flat_map(|sheet| &sheet.blanks);
        let steps = all_steps(&script).into_iter().flat_map(|step| &step.blanks);
        for blank in steps.chain(sheets) {
            let (Blank::Short(label) | Blank::Long(label) | Blank::Signed(label)) = blank;
            for word in ["passw", "passphrase", "pin", "secret", "private", "share", "credential"] {
                assert!(!label.to_lowercase().contains(word), "{label}");
            }
        }
        assert!(script.rules.iter().any(|rule| rule.starts_with("No password, passphrase, PIN")));
    }
}

/// The three digests of a page, read back from its blocks of groups and of words.
fn digests(hex: &[String], words: &[String]) -> Vec<Digest> {
    let lines = |block: &String| -> Vec<String> {
        // Each line begins with the number of its first group.
        block.lines().flat_map(|line| line.split_whitespace().skip(1)).map(str::to_owned).collect()
    };
    let of_words = |block: &String| -> Digest {
        let byte = |(position, word): (usize, String)| {
            let is_it = |byte: &u8| {
                let all = fingerprint::words(&Digest::from_bytes([*byte; 32]));
                all.split_whitespace().nth(position) == Some(word.as_str())
            };
            (0..=u8::MAX).find(is_it).unwrap()
        };
        let bytes: Vec<u8> = lines(block).into_iter().enumerate().map(byte).collect();
        Digest::from_bytes(bytes.try_into().unwrap())
    };
    let of_hex = |block: &String| -> Digest { parse(&lines(block).concat()) };
    let hex: Vec<Digest> = hex.iter().map(of_hex).collect();
    assert_eq!(hex, words.iter().map(of_words).collect::<Vec<_>>());
    hex
}

fn nodes(page: &str) -> Vec<Node> {
    read_html(page.strip_prefix("<!DOCTYPE html>\n").unwrap().trim_end()).unwrap()
}

/// The texts of the elements of that class.
fn of_class(page: &str, class: &str) -> Vec<String> {
    let is = |node: &Node| matches!(node, Node::Start { attributes, .. } if attributes.contains(&("class".to_owned(), class.to_owned())));
    let nodes = nodes(page);
    let pairs = nodes.iter().zip(nodes.iter().skip(1));
    let text = |(start, next): (&Node, &Node)| match next {
        Node::Text(text) if is(start) => Some(text.clone()),
        _ => None,
    };
    pairs.filter_map(text).collect()
}

#[test]
fn the_paper_has_the_digests_that_the_screen_has() {
    let desk = Desk::of(rich());
    let script = desk.script();
    let expected = [digest_of(&desk.story.plan), desk.policy.digest(), desk.device.digest()];
    let page = Format::Html.write(&script);
    assert_eq!(digests(&of_class(&page, "hex"), &of_class(&page, "words")), expected);
    let blocks = read_markdown(&Format::Markdown.write(&script)).unwrap();
    let prints = blocks.iter().filter_map(|block| match block {
        Block::Code(text) if text.lines().count() >= 4 => Some(text.clone()),
        _ => None,
    });
    let (hex, words): (Vec<String>, Vec<String>) =
        prints.partition(|text| text.lines().count() == 4);
    assert_eq!(digests(&hex, &words), expected);
}

/// Everything that a page shows, in order, without its marks.
fn shown_html(page: &str) -> String {
    let texts = nodes(page).into_iter().filter_map(|node| match node {
        Node::Text(text) => Some(text),
        Node::Start { .. } | Node::End(_) => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn shown_markdown(page: &str) -> String {
    let told = |inlines: Vec<Inline>| -> String {
        let parts = inlines.into_iter().map(|inline| match inline {
            Inline::Text(text) | Inline::Strong(text) | Inline::Code(text) => text,
            Inline::Blank(_) => String::new(),
        });
        parts.collect()
    };
    let blocks = read_markdown(page).unwrap().into_iter().map(|block| match block {
        Block::Heading(_, parts)
        | Block::Paragraph(parts)
        | Block::Item(parts)
        | Block::Check(parts) => told(parts),
        Block::Code(text) => text,
        Block::Rule => String::new(),
    });
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn both_pages_say_everything_that_the_model_says() {
    for desk in desks() {
        let script = desk.script();
        let html = shown_html(&Format::Html.write(&script));
        let markdown = shown_markdown(&Format::Markdown.write(&script));
        let mut told: Vec<String> = vec![script.title.clone(), script.running.clone()];
        told.extend(script.rules.clone());
        for step in all_steps(&script) {
            told.push(format!("{}.", step.number));
            told.push(step.text.clone());
            told.extend(step.expected.iter().flat_map(|r| [r.label.clone(), r.value.clone()]));
            for act in &step.commands {
                match act {
                    Act::Run { line, .. } => told.push(line.clone()),
                    Act::Type(word) => told.push(word.clone()),
                    Act::Carry { files, .. } => told.extend(files.iter().map(Name::to_string)),
                    Act::Attach | Act::PutAway => {}
                }
            }
            told.extend(step.blanks.iter().map(|blank| match blank {
                Blank::Short(label) | Blank::Long(label) | Blank::Signed(label) => label.clone(),
            }));
        }
        for text in told {
            assert!(html.contains(&*escape(&text)), "{text:?} is not in\n{html}");
            assert!(markdown.contains(&*escape(&text)), "{text:?} is not in\n{markdown}");
        }
        let boxes: usize = all_steps(&script).iter().map(|step| 1 + step.expected.len()).sum();
        assert_eq!(Format::Html.write(&script).matches("class=\"box\"").count(), boxes);
        assert_eq!(Format::Markdown.write(&script).matches("- [ ] ").count(), boxes);
    }
}

#[test]
fn a_draft_says_so_on_every_page() {
    let mut desk = Desk::of(Story::sound());
    assert!(!desk.script().is_draft());
    for format in [Format::Html, Format::Markdown] {
        assert!(!format.write(&desk.script()).contains("DRAFT"));
    }
    (desk.signers, desk.draft) = (&["bob2"], true);
    let script = desk.script();
    let page = Format::Html.write(&script);
    let (_, head) = page.split_once("<thead>").unwrap();
    // The table's head is what a browser repeats on each page.
    assert!(head.split_once("</thead>").unwrap().0.contains("DRAFT"));
    assert!(
        page.contains("<title>DRAFT: ")
            && page.contains("DRAFT: the plan is not approved: 1 more of alice")
    );
    let blocks = read_markdown(&Format::Markdown.write(&script)).unwrap();
    for block in blocks {
        let Block::Heading(level, parts) = block else { continue };
        let is_draft = matches!(&parts[..], [Inline::Text(text)] if text.starts_with("DRAFT: "));
        assert_eq!(is_draft, level < 3, "{parts:?}");
    }
    // An approved plan makes a draft where somebody asks for one.
    desk.signers = &["alice", "bob"];
    assert!(desk.script().is_draft());
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = Format::Html.write(&Desk::of(rich()).script());
    assert!(page.contains("default-src &#39;none&#39;; style-src &#39;sha256-"), "{page}");
    for node in nodes(&page) {
        let Node::Start { name, attributes } = node else { continue };
        assert!(
            !["script", "link", "img", "iframe", "object", "form", "base", "a", "input"]
                .contains(&name.as_str())
        );
        for (attribute, _) in attributes {
            assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src");
        }
    }
    let style = html::STYLE;
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("</"));
}

/// The policy's name and labels are the free texts of a plan's chain.
fn hostile(name: &str, label: &str) -> Desk {
    let mut story = Story::sound();
    story.policy.name = name.parse().unwrap();
    story.plan.targets[0].label = label.parse().unwrap();
    Desk::of(story)
}

#[test]
fn a_name_in_a_bundle_cannot_leave_its_place() {
    let name = "</td></table><script>alert(1)</script>\"'&amp; `x` **y** [z](http://x.example) | _";
    let label = "``` <b onclick=x> # - [ ] \\\\";
    let desk = hostile(name, label);
    let script = desk.script();
    let page = Format::Html.write(&script);
    assert!(!page.contains("<script") && !page.contains("<b "), "{page}");
    let shown = shown_html(&page);
    assert!(shown.contains(name) && shown.contains(label));
    let page = Format::Markdown.write(&script);
    let shown = shown_markdown(&page);
    assert!(shown.contains(name) && shown.contains(label));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_text_breaks_a_page(name in "[ -~]{1,64}", label in "[!-~]([ -~]{0,38}[!-~])?", folder in r"\PC{1,24}") {
        let desk = hostile(&name, &label);
        let mut given = desk.given();
        given.folder = folder;
        let script = given.script();
        let html = Format::Html.write(&script);
        prop_assert!(!html.contains("<script"));
        prop_assert!(shown_html(&html).contains(&name));
        let markdown = Format::Markdown.write(&script);
        let blocks = read_markdown(&markdown);
        prop_assert!(blocks.is_ok(), "{:?}", blocks);
        prop_assert!(shown_markdown(&markdown).contains(&name));
        let calm = Desk::of(Story::sound());
        let expected = read_markdown(&Format::Markdown.write(&calm.script())).unwrap();
        prop_assert_eq!(blocks.unwrap().len(), expected.len());
    }
}

/// `KEYFERRY_SHOW=FOLDER` writes the pages there, to be looked at.
#[test]
fn show() {
    let Some(folder) = std::env::var_os("KEYFERRY_SHOW").map(std::path::PathBuf::from) else {
        return;
    };
    for (index, desk) in desks().iter().enumerate() {
        for (format, end) in [(Format::Html, "html"), (Format::Markdown, "md")] {
            let page = format.write(&desk.script());
            std::fs::write(folder.join(format!("script-{index}.{end}")), page).unwrap();
        }
    }
}
