//! What stands on the pages, and that nothing but that does.

use super::{Desk, all_steps, desks, rich};
use crate::html::read::{Node, read as read_html};
use crate::markdown::read::{Block, Inline, read as read_markdown};
use crate::script::act::Act;
use crate::script::model::Blank;
use crate::script::{Format, html};
use keyferry_bundle::Digest;
use keyferry_ceremony::testing::{Story, digest_of, parse};
use keyferry_console::{Name, escape, fingerprint};
use proptest::prelude::*;

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
        Node::Text(_) | Node::Start { .. } | Node::End(_) => None,
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
    let prints = blocks.iter().filter_map(|block| {
        let Block::Code(text) = block else { return None };
        (text.lines().count() >= 4).then(|| text.clone())
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
            assert!(html.contains(&format!("{}.", step.number)));
            assert!(markdown.contains(&format!("Step {}: {}\n", step.number, step.role)));
            told.push(step.text.clone());
            told.extend(step.expected.iter().flat_map(|r| [r.label.clone(), r.value.clone()]));
            for act in &step.commands {
                match act {
                    Act::Run { line, .. } => told.push(line.clone()),
                    Act::Type(word) => told.push(word.clone()),
                    Act::Carry { files, .. } => told.extend(files.iter().map(Name::to_string)),
                    Act::Attach | Act::Detach => {}
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
