//! What the room's program tries out besides: everything that touches key material or the HSM.

mod key_material;
mod oaep;
mod session;

use keyferry_ceremony::self_test::SelfTest;
use keyferry_console::self_test::{self, Program};
use keyferry_console::{Failure, Screen};

/// Tries everything; see [`self_test::run`].
pub(crate) fn run(screen: &Screen) -> Result<(), Failure> {
    let program = Program::running(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    self_test::run(&program, tests(), screen)
}

fn tests() -> Vec<SelfTest> {
    let mut tests = key_material::tests();
    tests.extend(oaep::tests());
    tests.extend(session::tests());
    tests
}

/// A failure in one line.
fn told(failure: Failure) -> String {
    [vec![failure.error], failure.because].concat().join(": ")
}

#[cfg(test)]
mod tests {
    use super::tests;

    #[test]
    fn every_self_test_of_the_room_passes() {
        for test in tests() {
            assert_eq!(test.run(), Ok(()), "{}", test.name());
        }
    }

    #[test]
    fn every_self_test_of_the_room_notices_a_changed_byte() {
        let mut seen = 0;
        for test in tests() {
            let spoilt = test.spoilt();
            assert_eq!(spoilt.is_empty(), !test.expects_a_value(), "{}", test.name());
            for (index, other) in spoilt.iter().enumerate() {
                assert!(other.run().is_err(), "{}, change {index}", test.name());
            }
            seen += spoilt.len();
        }
        assert!(seen > 500, "{seen}");
    }
}
