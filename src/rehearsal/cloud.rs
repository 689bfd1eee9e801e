//! The KMS of the story: the virtual one, or another at an address that is given.

use crate::machine::stopped;
use crate::programs::Programs;
use crate::services::Service;
use crate::stage::Stage;
use keyferry_bundle::{AccountId, AwsRegion};
use keyferry_console::Failure;

/// The virtual KMS's state, backstage.
pub(crate) const STATE: &str = "virtual-kms.json";
/// Whose credentials the story uses.
pub(crate) const ACCESS_KEY_ID: &str = "AKIDVIRTUALKMS";
/// The virtual KMS knows no other.
pub(crate) const SECRET_ACCESS_KEY: &str = "virtual-kms-secret";

/// A KMS.
pub(crate) struct Cloud {
    url: String,
    // Ends with the story.
    _service: Option<Service>,
}

impl Cloud {
    /// A virtual KMS with a state of its own.
    pub(crate) fn start(
        programs: &Programs,
        stage: &Stage,
        account: &AccountId,
        region: &AwsRegion,
    ) -> Result<Self, Failure> {
        let kept = stage.backstage(STATE).display().to_string();
        let options = ["--state", &kept, "--account", account.as_str(), "--region"];
        let options = [options.as_slice(), &[region.as_str()]].concat();
        let service = Service::start(programs, "keyferry-virtual-kms", &options)?;
        Ok(Self { url: service.url().to_owned(), _service: Some(service) })
    }

    /// A KMS that is there already.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), _service: None }
    }

    /// What the bastion's programs are told of it; a real profile of this machine is never touched.
    pub(crate) fn environment(&self, region: &AwsRegion) -> Vec<(&'static str, String)> {
        [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            ("AWS_REGION", region.as_str()),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    /// `HOST:PORT`.
    pub(crate) fn host(&self) -> Result<&str, Failure> {
        let host = self.url.strip_prefix("http://");
        host.ok_or_else(|| stopped(format!("{} is not on the loopback", self.url)))
    }
}
