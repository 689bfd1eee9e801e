//! `cloudwatch-alarm`: an alarm before key material expires, as a command of the aws CLI or as a `CloudFormation` template. AWS is not
//! asked.
//!
//! `AWS/KMS` `SecondsUntilKeyMaterialExpiration`, dimension `KeyId`, statistic Minimum (AWS KMS developer guide, "AWS KMS metrics and
//! dimensions" and "Imported key material expiration alarm"). KMS's own event comes only afterwards.

mod topic;

pub use topic::Topic;

use crate::desk::Desk;
use crate::subjects::{Expected, Subjects};
use keyferry_bundle::KeyArn;
use keyferry_console::{Failure, Screen};
use serde_json::{Map, Value, json};

const DAY_SECONDS: u32 = 86_400;
/// KMS sends the metric every minute: an hour without one is a metric that stopped.
const PERIOD_SECONDS: u32 = 3600;

/// Which keys, and whom to tell.
#[derive(Debug, Clone, clap::Args)]
pub struct CloudwatchAlarmArgs {
    /// Which keys: ARNs, or folders of ceremonies.
    #[command(flatten)]
    pub subjects: Subjects,

    /// How many days before the expiry
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=364))]
    pub days: u16,

    /// An SNS topic to tell, in the keys' Region
    #[arg(long, value_name = "ARN")]
    pub sns: Option<Topic>,

    /// A `CloudFormation` template instead of commands
    #[arg(long)]
    pub cloudformation: bool,
}

/// Prints the alarms.
///
/// # Errors
/// When a folder is no ceremony, or a key is not named by its ARN.
pub fn run(desk: Desk<'_>, args: &CloudwatchAlarmArgs) -> Result<(), Failure> {
    let alarms = alarms(desk.screen, args)?;
    let template = template(&alarms)?;
    if args.cloudformation {
        let (Some(first), Some(last)) = (alarms.first(), alarms.last()) else {
            return Err(Failure::bug("no alarm"));
        };
        if let Some(other) = alarms.iter().find(|alarm| alarm.key.region != first.key.region) {
            let problem = "a template is of one Region";
            return Err(Failure::usage(problem)
                .because(format!("{} and {}", last.key.region, other.key.region))
                .hint("name the keys of one Region at a time"));
        }
        desk.screen.result(serde_json::to_string_pretty(&template).map_err(Failure::bug)?)?;
    } else {
        for alarm in &alarms {
            desk.screen.result(alarm.command())?;
        }
    }
    desk.screen.say("An hour without the metric counts as alarm: the material is gone, or does not expire any more.");
    if args.sns.is_none() {
        desk.screen.warn("without --sns the alarm tells nobody");
    }
    let commands: Vec<String> = alarms.iter().map(Alarm::command).collect();
    desk.screen.json(&json!({ "commands": commands, "cloudformation": template }))
}

/// One key's alarm.
struct Alarm<'a> {
    key: KeyArn,
    threshold: u32,
    topic: Option<&'a Topic>,
}

fn alarms<'a>(screen: &Screen, args: &'a CloudwatchAlarmArgs) -> Result<Vec<Alarm<'a>>, Failure> {
    let (subjects, _) = args.subjects.read()?;
    let mut alarms = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let key: KeyArn = subject.key.as_str().parse().map_err(|problem: String| {
            Failure::usage(format!("{} is no key ARN", subject.key)).because(problem).hint(
                "the metric knows keys by id and Region: `keyferry-online status ALIAS` shows the ARN",
            )
        })?;
        let never = |one: &Expected| one.planned.expiration.valid_to.is_none();
        let never = !subject.expected.is_empty() && subject.expected.iter().all(never);
        if never {
            screen.warn(format!("{}: its material does not expire: no alarm", subject.label));
            continue;
        }
        if let Some(topic) = &args.sns {
            topic.must_fit(&key)?;
        }
        let threshold = u32::from(args.days) * DAY_SECONDS;
        alarms.push(Alarm { key, threshold, topic: args.sns.as_ref() });
    }
    if alarms.is_empty() {
        return Err(Failure::usage("none of these keys has material that expires")
            .hint("there is nothing to be told of"));
    }
    Ok(alarms)
}

impl Alarm<'_> {
    fn name(&self) -> String {
        format!("keyferry-expiry-{}", self.key.key_id)
    }

    fn description(&self) -> String {
        format!(
            "Key material of {} expires in less than {} days: import it again",
            self.key,
            self.threshold / DAY_SECONDS
        )
    }

    /// Everything in it is letters, digits and punctuation that a shell leaves alone, but for the quoted description.
    fn command(&self) -> String {
        let mut parts = vec![
            format!("aws cloudwatch put-metric-alarm --region {}", self.key.region),
            format!("--alarm-name {}", self.name()),
            format!("--alarm-description '{}'", self.description()),
            "--namespace AWS/KMS --metric-name SecondsUntilKeyMaterialExpiration".to_owned(),
            format!("--dimensions Name=KeyId,Value={} --statistic Minimum", self.key.key_id),
            format!("--period {PERIOD_SECONDS} --evaluation-periods 1"),
            format!("--comparison-operator LessThanThreshold --threshold {}", self.threshold),
            "--treat-missing-data breaching".to_owned(),
        ];
        parts.extend(self.topic.map(|topic| format!("--alarm-actions {topic}")));
        parts.join(" \\\n    ")
    }

    fn resource(&self) -> Value {
        let mut properties = json!({
            "AlarmName": self.name(),
            "AlarmDescription": self.description(),
            "Namespace": "AWS/KMS",
            "MetricName": "SecondsUntilKeyMaterialExpiration",
            "Dimensions": [{ "Name": "KeyId", "Value": self.key.key_id }],
            "Statistic": "Minimum",
            "Period": PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": self.threshold,
            "TreatMissingData": "breaching",
        });
        if let (Some(topic), Some(properties)) = (self.topic, properties.as_object_mut()) {
            properties.insert("AlarmActions".to_owned(), json!([topic.to_string()]));
        }
        json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": properties })
    }

    /// Logical ids are letters and digits.
    fn logical_id(&self) -> String {
        let id = self.key.key_id.to_string();
        format!("Expiry{}", id.replace('-', ""))
    }
}

fn template(alarms: &[Alarm<'_>]) -> Result<Value, Failure> {
    let resources: Map<String, Value> =
        alarms.iter().map(|alarm| (alarm.logical_id(), alarm.resource())).collect();
    serde_json::to_value(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Alarms before imported key material expires",
        "Resources": resources,
    }))
    .map_err(Failure::bug)
}

#[cfg(test)]
mod tests;
