//! The life of a key after its import: status, alias, EBS, the end of its material.

use super::*;

impl Bastion {
    fn imported() -> Self {
        let bastion = Self::new().fetched().answered(&[7; 32]);
        bastion.run(&["import"]).ended(0, "Receipt, signed by oscar");
        bastion
    }

    fn typing(&self, arguments: &[&str], line: &str) -> Run {
        program_typing(&self.service.url(), arguments, &[], &[line])
    }

    /// Each finding's code, of the ceremony's only key.
    fn findings(&self, code: i32) -> Vec<String> {
        let run = self.run(&["status", "--json"]).ended(code, "").json();
        let findings = run["keys"][0]["findings"].as_array().unwrap();
        assert_eq!(run["well"], code == 0);
        findings.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_key_is_well_until_its_material_is_deleted() {
    let bastion = Bastion::imported();
    assert_eq!(bastion.findings(0), [""; 0]);
    let shown = bastion.run(&["status", "--json"]).json();
    let generation = &shown["keys"][0]["generations"][0];
    assert_eq!(generation["import_state"], "IMPORTED");
    assert_eq!(generation["key_material_id"], shown["keys"][0]["key_material_id"]);
    assert_eq!(generation["description"], "tests-1");

    let delete = ["delete-material", "alias/payments"];
    bastion.typing(&delete, "payments").ended(7, "EBS volumes under it");
    assert_eq!(bastion.findings(0), [""; 0]);
    bastion.typing(&[&delete[..], &["--dry-run"]].concat(), "").ended(0, "nothing was changed");
    let last_part = bastion.arn.rsplit('-').next().unwrap().to_owned();
    let gone = bastion.typing(&["delete-material", &bastion.arn], &last_part).ended(0, "");
    assert!(gone.stdout.contains("PendingImport"), "{}", gone.stdout);
    assert!(bastion.findings(5).contains(&"unusable".to_owned()));
    bastion.typing(&delete, "alias/payments").ended(5, "waits for key material already");
}

#[test]
fn a_deletion_without_an_answer_is_looked_for() {
    let bastion = Bastion::imported();
    bastion.fault("DeleteImportedKeyMaterial", "lose-answer", 1);
    let run = bastion.typing(&["delete-material", "alias/payments", "--json"], "alias/payments");
    let run = run.ended(0, "looking at the key").json();
    assert_eq!((&run["state"], &run["answered"]), (&"PendingImport".into(), &false.into()));
}

#[test]
fn metrics_are_for_a_collector_whatever_was_found() {
    let bastion = Bastion::imported();
    let value = |metric: &str| {
        let text = bastion.run(&["status", "--prometheus"]).ended(0, "").stdout;
        let line = text.lines().find(|line| line.starts_with(metric)).map(str::to_owned);
        line.map(|line| line.rsplit(' ').next().unwrap().to_owned())
    };
    assert_eq!(value("keyferry_key_enabled{").as_deref(), Some("1"));
    assert_eq!(value("keyferry_key_findings{"), None);
    bastion.typing(&["delete-material", "alias/payments"], "alias/payments").ended(0, "");
    assert_eq!(value("keyferry_key_enabled{").as_deref(), Some("0"));
    assert!(value("keyferry_key_findings{").is_some());
}

#[test]
fn an_alias_moves_to_a_key_that_is_in_use() {
    let first = Bastion::imported();
    let other = program(&first.service.url(), &["create-key", "--alias", "other", "--json"], &[]);
    let other = other.ended(0, "").json()["arn"].as_str().unwrap().to_owned();
    let to = |line: &str| first.typing(&["move-alias", "payments", "--to", &other], line);
    to("alias/payments").ended(5, "is PendingImport");
    // The way back: the alias of a key without material moves to the one that is in use.
    let back = ["move-alias", "other", "--to", &first.arn];
    first.typing(&back, "other").ended(7, "names now");
    first.typing(&back, "alias/other").ended(0, "still uses the old key");
    let shown = first.typing(&["status", "alias/other", "--json"], "").ended(0, "").json();
    assert_eq!(shown["keys"][0]["arn"], first.arn.as_str());
    first.typing(&back, "alias/other").ended(5, "names that key already");
}

#[test]
fn a_volume_is_made_under_the_imported_key_and_a_lost_answer_makes_no_second() {
    let bastion = Bastion::imported();
    let create = ["ebs", "create-volume", "--key", "alias/payments", "--zone", "eu-central-1a"];
    let create =
        [&create[..], &["--size", "8", "--client-token", "token-1", "--tag", "team=a b"]].concat();
    bastion.fault("CreateVolume", "lose-answer", 1);
    bastion.typing(&create, "").ended(6, "--client-token token-1");
    let made = bastion.typing(&create, "").ended(0, "").stdout;
    let again = bastion.typing(&[&create[..], &["--json"]].concat(), "").ended(0, "").json();
    assert_eq!(
        (made.trim(), &again["key"]),
        (again["volume"].as_str().unwrap(), &bastion.arn.as_str().into())
    );

    let set = ["ebs", "set-default", "--key", "alias/payments"];
    bastion.typing(&set, "yes").ended(7, "encrypts by default");
    bastion.typing(&set, "alias/payments").ended(0, "not encrypted by default");
    bastion.typing(&set, "").ended(0, "It is the default already");

    bastion.typing(&["delete-material", "alias/payments"], "alias/payments").ended(0, "");
    for command in [&create[..], &set[..]] {
        bastion.typing(command, "alias/payments").ended(5, "it is PendingImport");
    }
}

#[test]
fn policies_and_alarms_ask_nobody() {
    let bastion = Bastion::new();
    let nobody = "http://127.0.0.1:1";
    let folder = bastion.world.ceremony().folder.display().to_string();
    let trust = bastion.world.path("trust").display().to_string();
    for role in ["fetch", "upload"] {
        let run = program(nobody, &["iam-policy", role, &folder, "--trust", &trust, "--json"], &[]);
        let policy = run.ended(0, "What each action is for").json();
        assert_eq!(policy["policy"]["Statement"][0]["Resource"][0], bastion.arn.as_str());
    }
    let alarm = program(nobody, &["cloudwatch-alarm", &bastion.arn], &[]).ended(0, "tells nobody");
    assert!(alarm.stdout.starts_with("aws cloudwatch put-metric-alarm --region eu-central-1"));
}
