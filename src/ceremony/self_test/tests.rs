//! That the tests pass, and that each of them can fail.

use super::{SelfTest, hex, tests};

#[test]
fn every_self_test_passes() {
    let failing: Vec<_> =
        tests().iter().filter_map(|it| Some((it.name(), it.run().err()?))).collect();
    assert_eq!(failing, []);
    let mut names: Vec<_> = tests().iter().map(SelfTest::name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert!(all > 40 && names.len() == all, "{names:?}");
}

#[test]
fn every_self_test_notices_a_changed_byte() {
    let mut seen = 0;
    for test in tests() {
        let spoilt = test.spoilt();
        assert_eq!(spoilt.is_empty(), !test.expects_a_value(), "{}", test.name());
        for (index, other) in spoilt.iter().enumerate() {
            assert!(other.run().is_err(), "{}, change {index}", test.name());
        }
        seen += spoilt.len();
    }
    assert!(seen > 2000, "{seen}");
}

#[test]
fn a_verifier_that_accepts_everything_and_a_panic_are_noticed() {
    assert!(SelfTest::verdict("v", "-", &[1, 2], |_| Ok(())).run().is_err());
    let panics = SelfTest::holds("p", "-", || panic!("on purpose"));
    assert_eq!(panics.run(), Err("it panicked".to_owned()));
    let refuses = SelfTest::verdict("r", "-", &[1], |_| Err("no".to_owned()));
    assert_eq!(refuses.run(), Err("no".to_owned()));
}

#[test]
fn hexadecimal_is_read_whole_or_not_at_all() {
    assert_eq!(hex("00 ff\n7a"), [0, 255, 122]);
    assert_eq!(hex("0g"), [0_u8; 0]);
    assert_eq!(hex("é0"), [0_u8; 0]);
}
