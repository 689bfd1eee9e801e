//! Steps that change the medium, as a debug build tells them.

use keyferry_tests::Run;

/// How many steps a run with `KEYFERRY_TEST_CUT_AT=0` took.
pub(super) fn steps(run: &Run) -> u64 {
    let told = run.stderr.lines().filter(|line| line.starts_with("durable step ")).count();
    assert!(told > 0, "this is no debug build");
    u64::try_from(told).unwrap()
}
