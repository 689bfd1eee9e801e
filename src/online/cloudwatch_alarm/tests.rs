use super::*;
use crate::testing::{NOW, World, at_the_desk};
use keyferry_bundle::ExpirationModel;
use keyferry_bundle::kinds::Expiration;
use keyferry_ceremony::testing::{Story, parse, time};
use keyferry_console::Exit;
use proptest::prelude::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:key-people";

fn args(keys: &[&str], world: &World) -> CloudwatchAlarmArgs {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    let subjects = Subjects { keys, trust: world.ceremony().trust };
    CloudwatchAlarmArgs { subjects, days: 30, sns: Some(parse(TOPIC)), cloudformation: false }
}

/// The command's words as a shell would hand them on.
fn words(command: &str) -> Vec<String> {
    let line = command.replace("\\\n", " ");
    let (mut words, mut quoted) = (Vec::new(), false);
    for part in line.split('\'') {
        if quoted {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
        quoted = !quoted;
    }
    words
}

#[test]
fn the_command_asks_for_the_documented_metric() {
    let world = World::new(Story::sound());
    let args = args(&[KEY], &world);
    let alarms = alarms(&Screen::new(false), &args).unwrap();
    let words = words(&alarms[0].command());
    let option = |name: &str| {
        let at = words.iter().position(|word| word == name);
        words[at.unwrap_or_else(|| panic!("{name} is missing")) + 1].as_str()
    };
    assert_eq!(words[..3], ["aws", "cloudwatch", "put-metric-alarm"]);
    assert_eq!(option("--region"), "eu-central-1");
    assert_eq!(option("--namespace"), "AWS/KMS");
    assert_eq!(option("--metric-name"), "SecondsUntilKeyMaterialExpiration");
    assert_eq!(option("--dimensions"), "Name=KeyId,Value=1234abcd-12ab-34cd-56ef-1234567890ab");
    assert_eq!(option("--statistic"), "Minimum");
    assert_eq!(option("--comparison-operator"), "LessThanThreshold");
    assert_eq!(option("--threshold"), "2592000");
    assert_eq!(option("--treat-missing-data"), "breaching");
    assert_eq!(option("--alarm-actions"), TOPIC);
}

#[test]
fn the_template_says_what_the_command_says() {
    let world = World::new(Story::sound());
    let args = args(&[KEY], &world);
    let alarms = alarms(&Screen::new(false), &args).unwrap();
    let template = template(&alarms).unwrap();
    let resource = &template["Resources"]["Expiry1234abcd12ab34cd56ef1234567890ab"];
    assert_eq!(resource["Type"], "AWS::CloudWatch::Alarm");
    let properties = &resource["Properties"];
    assert_eq!(properties["Threshold"], 2_592_000);
    assert_eq!(properties["Dimensions"][0]["Value"], "1234abcd-12ab-34cd-56ef-1234567890ab");
    assert_eq!(properties["AlarmActions"], json!([TOPIC]));
    let command = alarms[0].command();
    for name in ["AlarmName", "Namespace", "MetricName", "Statistic", "TreatMissingData"] {
        assert!(command.contains(properties[name].as_str().unwrap()), "{name}");
    }
}

#[test]
fn a_ceremony_stands_for_its_keys_that_expire() {
    let mut story = Story::sound();
    let world = World::new(story.clone());
    let folder = world.ceremony().folder.display().to_string();
    let run = |args: &CloudwatchAlarmArgs| at_the_desk(NOW, |desk| run(desk, args));
    assert_eq!(run(&args(&[&folder], &world)).unwrap_err().exit, Exit::Usage);
    let valid_to = Some(time("2027-01-01T00:00:00Z"));
    story.plan.targets[0].expiration = Expiration { model: ExpirationModel::Expires, valid_to };
    let world = World::new(story);
    let folder = world.ceremony().folder.display().to_string();
    for cloudformation in [false, true] {
        run(&CloudwatchAlarmArgs { cloudformation, ..args(&[&folder], &world) }).unwrap();
    }
}

#[test]
fn aliases_and_topics_and_templates_across_regions_are_refused() {
    let world = World::new(Story::sound());
    let there = KEY.replace("eu-central-1", "eu-west-1");
    let run = |args: &CloudwatchAlarmArgs| at_the_desk(NOW, |desk| run(desk, args)).unwrap_err();
    assert!(run(&args(&["alias/payments"], &world)).hint.unwrap().contains("status"));
    assert!(run(&args(&[&there], &world)).error.contains("another Region"));
    let both =
        CloudwatchAlarmArgs { cloudformation: true, sns: None, ..args(&[KEY, &there], &world) };
    assert!(run(&both).error.contains("one Region"));
}

proptest! {
    #[test]
    fn a_topic_is_written_as_it_was_read(text in "arn:aws:sns:(eu-west-1|x):[0-9]{11,12}:[a-zA-Z0-9_' .-]{0,12}") {
        if let Ok(topic) = text.parse::<Topic>() {
            prop_assert_eq!(topic.to_string(), text.clone());
            let harmless = |b: u8| b.is_ascii_alphanumeric() || b":-_".contains(&b);
            prop_assert!(text.bytes().all(harmless));
        }
    }
}
