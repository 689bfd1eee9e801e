//! What is recorded of what is shown.

use super::*;
use crate::Exit;

fn told(screen: &Screen) -> Vec<String> {
    screen.recorded().into_iter().map(|line| line.text.into()).collect()
}

#[test]
fn what_is_shown_is_recorded_as_it_is_shown() {
    let mut screen = Screen::new(false);
    screen.colour = true;
    screen.say("before");
    screen.record();
    screen.clone().heading("A ceremony");
    screen.warn("its clock");
    screen.table(&[("a", "one\ntwo"), ("long", "three")]);
    screen.say("p\u{430}y\u{1b}[2J\nnext");
    screen.result("response-1.json").unwrap();
    screen.json(&json!({ "nobody": "asked for JSON" })).unwrap();
    let expected = [
        "A ceremony",
        "warning: its clock",
        "  a     one",
        "        two",
        "  long  three",
        "p\\u{430}y\\u{1b}[2J",
        "next",
        "response-1.json",
    ];
    assert_eq!(told(&screen), expected);
    screen.say("after");
    assert_eq!(told(&screen), [""; 0]);
}

#[test]
fn json_is_recorded_where_it_is_the_answer() {
    let screen = Screen::new(true);
    screen.record();
    screen.result("is not shown").unwrap();
    screen.json(&json!({ "file": "p\u{430}y" })).unwrap();
    let told = told(&screen);
    assert!(told[0].contains("\"file\":\"p\\u0430y\"") && told.len() == 1, "{told:?}");
}

#[test]
fn a_failure_is_shown_once() {
    let screen = Screen::new(false);
    screen.record();
    let first = Failure::new(Exit::File, "a", "one").because("a\nb").hint("c");
    let second = Failure::new(Exit::File, "a", "two");
    for failure in [&first, &first, &second, &first] {
        screen.failure(failure);
    }
    let one = ["error: one", "because: a\\nb", "hint: c"];
    assert_eq!(told(&screen), [&one[..], &["error: two"], &one[..]].concat());
}
