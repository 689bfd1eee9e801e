//! Settings as in the aws CLI: arguments, then `AWS_*`, then `~/.aws`.

use super::{Client, endpoint};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_kms::config::SharedCredentialsProvider;
use aws_types::sdk_config::TimeSource;
use keyferry_bundle::{AwsRegion, Endpoint};
use keyferry_ceremony::endpoint::is_of_aws;
use keyferry_console::{Failure, clock};
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

/// Where AWS is and who asks.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "AWS, as in the aws CLI: also AWS_* and ~/.aws, SSO included")]
pub struct AwsOptions {
    /// A profile of ~/.aws/config [also: `AWS_PROFILE`]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// The region [also: `AWS_REGION`, the profile]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<AwsRegion>,

    /// Another endpoint for KMS, and for STS too unless it is one of AWS's own [also: `AWS_ENDPOINT_URL_KMS`,
    /// `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, the profile]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<Endpoint>,
}

/// Read-only calls: attempts in all, with the SDK's backoff between them.
pub(super) const ATTEMPTS: u32 = 4;
/// How long one attempt may take before it counts as unanswered.
pub(super) const ATTEMPT: Duration = Duration::from_secs(30);

impl Client {
    /// Reads the settings. Nothing is sent.
    ///
    /// # Errors
    /// When no region is set, or a setting cannot be read.
    pub fn new(options: &AwsOptions) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let settings = load(&runtime, options);
        let region = region(&settings)?;
        let mut kms = aws_sdk_kms::config::Builder::from(&settings);
        let mut sts = aws_sdk_sts::config::Builder::from(&settings);
        if let Some(credentials) = asked_for(&settings, options) {
            kms = kms.credentials_provider(credentials.clone());
            sts = sts.credentials_provider(credentials);
        }
        if let Some(url) = options.endpoint_url.as_ref().filter(|url| !endpoint::is_default(url)) {
            if url.is_console() {
                return Err(Failure::usage("the console is no endpoint to call")
                    .hint("fetch --from-console takes what it handed out"));
            }
            kms = kms.endpoint_url(url.as_str());
            if !is_of_aws(url, &region) {
                sts = sts.endpoint_url(url.as_str());
            }
        }
        Ok(Self {
            runtime,
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            region,
        })
    }
}

/// In this thread.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::bug)
}

pub(super) fn load(runtime: &Runtime, options: &AwsOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(aws_config::Region::new(region.as_str().to_owned()));
    }
    runtime.block_on(loader.load()).into_builder().time_source(HostTime).build()
}

/// Requests are dated by the clock that everything else here goes by.
#[derive(Debug)]
struct HostTime;

impl TimeSource for HostTime {
    fn now(&self) -> SystemTime {
        clock::host()
    }
}

pub(super) fn region(settings: &SdkConfig) -> Result<AwsRegion, Failure> {
    settings
        .region()
        .ok_or_else(|| {
            Failure::usage("no AWS region is set")
                .hint("pass --region, or set AWS_REGION or the profile's region")
        })?
        .as_ref()
        .parse::<AwsRegion>()
        .map_err(|problem| Failure::usage("the AWS region makes no sense").because(problem))
}

/// As in the aws CLI a profile that was asked for beats keys in the environment, which come first in the SDK's own chain.
pub(super) fn asked_for(
    settings: &SdkConfig,
    options: &AwsOptions,
) -> Option<SharedCredentialsProvider> {
    let profile = options.profile.as_ref()?;
    let config = ProviderConfig::without_region().with_region(settings.region().cloned());
    let builder = ProfileFileCredentialsProvider::builder().configure(&config);
    Some(SharedCredentialsProvider::new(builder.profile_name(profile).build()))
}
