//! A call's form: `Action`, `Version` and one entry for each parameter (Amazon EC2 developer guide, "Query requests").

use crate::ec2::NewVolume;
use aws_smithy_query::QueryWriter;

/// The version of EC2's API.
const VERSION: &str = "2016-11-15";

/// One call, being written.
pub(super) struct Query {
    action: &'static str,
    entries: Vec<(String, String)>,
}

impl Query {
    pub(super) const fn new(action: &'static str) -> Self {
        Self { action, entries: Vec::new() }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.entries.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn finish(self) -> String {
        let mut form = String::new();
        let mut writer = QueryWriter::new(&mut form, self.action, VERSION);
        for (name, value) in &self.entries {
            writer.prefix(name).string(value);
        }
        writer.finish();
        form
    }
}

pub(super) fn create_volume(volume: &NewVolume) -> Query {
    let mut query = Query::new("CreateVolume")
        .with("AvailabilityZone", volume.zone.as_str())
        .with("Size", &volume.gibibytes.to_string())
        .with("VolumeType", volume.kind.as_str())
        .with("Encrypted", "true")
        .with("KmsKeyId", &volume.key.to_string())
        .with("ClientToken", volume.token.as_str());
    if let Some(iops) = volume.iops {
        query = query.with("Iops", &iops.to_string());
    }
    if !volume.tags.is_empty() {
        query = query.with("TagSpecification.1.ResourceType", "volume");
    }
    for (index, tag) in volume.tags.iter().enumerate() {
        let prefix = format!("TagSpecification.1.Tag.{}", index + 1);
        query = query.with(&format!("{prefix}.Key"), &tag.key);
        query = query.with(&format!("{prefix}.Value"), &tag.value);
    }
    query
}
