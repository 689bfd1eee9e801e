//! Each program tests itself, as it was built.

use keyferry_tests::Scene;

#[test]
fn every_program_passes_its_own_self_test() {
    let scene = Scene::new().unwrap();
    for program in ["keyferry", "keyferry-offline", "keyferry-online"] {
        let run = scene.run("room", program, &["self-test", "--json"], &[]).unwrap();
        assert_eq!(run.code, 0, "{program}: {}", run.stderr);
        let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(answer["keyferry"], 1, "{program}");
        let run = scene.run("room", program, &["self-test"], &[]).unwrap();
        assert!(run.stdout.contains("PASS") && !run.stdout.contains("FAIL"), "{}", run.stdout);
    }
}
