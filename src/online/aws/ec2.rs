//! EC2's Query protocol on parts of the SDK: its signatures, its HTTP client, its XML reader.

mod answers;
mod endpoint;
mod query;

use super::AwsOptions;
use super::connect::{self, ATTEMPT, ATTEMPTS};
use super::failures::{THROTTLED, never_connected, story};
use crate::ec2::{Ec2, NewVolume, Place, Volume, VolumeId};
use crate::kms::CallError;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_kms::config::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use keyferry_bundle::{Endpoint, KeyArn};
use keyferry_console::{Failure, clock};
use query::Query;
use std::fmt;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Longest answer that is read.
const MAX_ANSWER: usize = 1 << 20;
const CONTENT_TYPE: (&str, &str) =
    ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

/// EC2 on a runtime of its own in this thread.
pub struct Client {
    runtime: Runtime,
    connector: Connector,
    credentials: SharedCredentialsProvider,
    url: String,
    place: Place,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ec2Client({:?})", self.place)
    }
}

impl Client {
    /// Reads the settings. Nothing is sent.
    ///
    /// # Errors
    /// When no region or no credentials are set, or a setting cannot be read.
    pub fn new(options: &AwsOptions, url: Option<&Endpoint>) -> Result<Self, Failure> {
        let runtime = connect::runtime()?;
        let settings = connect::load(&runtime, options);
        let region = connect::region(&settings)?;
        let credentials = connect::asked_for(&settings, options)
            .or_else(|| settings.credentials_provider())
            .ok_or_else(|| Failure::usage("no AWS credentials are set"))?;
        let (url, place) = endpoint::of(&settings, region, url)?;
        // Proxies as in the SDK's own client: HTTPS_PROXY and its kin.
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build();
        Ok(Self { runtime, connector, credentials, url, place })
    }

    /// A call that changes something: made once.
    fn once<T>(
        &self,
        query: Query,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CallError> {
        let answer = self.runtime.block_on(self.send(&query.finish()))?;
        read(&answer).map_err(|problem| CallError::NoAnswer(format!("the answer: {problem}")))
    }

    /// A call that changes nothing: repeated where EC2 is busy or does not answer.
    fn read<T>(
        &self,
        query: Query,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CallError> {
        let body = query.finish();
        let mut attempt = 1;
        let answer = loop {
            match self.runtime.block_on(self.send(&body)) {
                Err(CallError::Throttled(_) | CallError::NoAnswer(_)) if attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(250 << attempt));
                    attempt += 1;
                }
                answer => break answer?,
            }
        };
        read(&answer).map_err(|problem| CallError::NoAnswer(format!("the answer: {problem}")))
    }

    async fn send(&self, body: &str) -> Result<String, CallError> {
        let request = self.signed(body).await.map_err(CallError::NotSent)?;
        let no_answer = |story: String| CallError::NoAnswer(format!("{}: {story}", self.url));
        let answer = async {
            let response = self.connector.call(request).await.map_err(|error| {
                let story = format!("{}: {}", self.url, story(&error));
                if never_connected(&error) {
                    CallError::NotSent(story)
                } else {
                    CallError::NoAnswer(story)
                }
            })?;
            let status = response.status().as_u16();
            let (mut body, mut text) = (ByteStream::new(response.into_body()), Vec::new());
            while let Some(bytes) = body.next().await {
                text.extend_from_slice(&bytes.map_err(|error| no_answer(error.to_string()))?);
                if text.len() > MAX_ANSWER {
                    return Err(no_answer(format!("more than {MAX_ANSWER} bytes")));
                }
            }
            let text = String::from_utf8(text).map_err(|error| no_answer(error.to_string()))?;
            Ok((status, text))
        };
        let (status, text) = tokio::time::timeout(ATTEMPT, answer)
            .await
            .map_err(|_| no_answer(format!("nothing within {} seconds", ATTEMPT.as_secs())))??;
        if status == 200 { Ok(text) } else { Err(refusal(status, &text)) }
    }

    async fn signed(&self, body: &str) -> Result<HttpRequest, String> {
        let said = |error: &(dyn std::error::Error + 'static)| story(error);
        let credentials =
            self.credentials.provide_credentials().await.map_err(|error| said(&error))?;
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.place.region.as_str())
            .name("ec2")
            .time(clock::host())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| said(&error))?
            .into();
        let signable = SignableRequest::new(
            "POST",
            &self.url,
            std::iter::once(CONTENT_TYPE),
            SignableBody::Bytes(body.as_bytes()),
        )
        .map_err(|error| said(&error))?;
        let (signature, _) = sign(signable, &params).map_err(|error| said(&error))?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|error| said(&error))?;
        request.set_uri(self.url.as_str()).map_err(|error| said(&error))?;
        request.headers_mut().insert(CONTENT_TYPE.0, CONTENT_TYPE.1);
        for (name, value) in signature.headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

/// An answer of the 4xx kind is a refusal; any other says nothing.
fn refusal(status: u16, text: &str) -> CallError {
    let (code, message) = answers::error(text)
        .unwrap_or_else(|| ("no error code".to_owned(), "no message".to_owned()));
    if THROTTLED.contains(&code.as_str()) || status == 429 {
        CallError::Throttled(message)
    } else if (400..500).contains(&status) {
        CallError::Refused { code, message }
    } else {
        CallError::NoAnswer(format!("HTTP status {status}: {code}: {message}"))
    }
}

impl Ec2 for Client {
    fn place(&self) -> Place {
        self.place.clone()
    }

    fn create_volume(&self, volume: &NewVolume) -> Result<Volume, CallError> {
        self.once(query::create_volume(volume), |text| answers::volume(text, None))
    }

    fn describe_volume(&self, id: &VolumeId) -> Result<Volume, CallError> {
        let query = Query::new("DescribeVolumes").with("VolumeId.1", id.as_str());
        self.read(query, |text| answers::volume(text, Some("volumeSet")))
    }

    fn get_ebs_default_key(&self) -> Result<String, CallError> {
        self.read(Query::new("GetEbsDefaultKmsKeyId"), |text| answers::member(text, "kmsKeyId"))
    }

    fn set_ebs_default_key(&self, key: &KeyArn) -> Result<String, CallError> {
        let query = Query::new("ModifyEbsDefaultKmsKeyId").with("KmsKeyId", &key.to_string());
        self.once(query, |text| answers::member(text, "kmsKeyId"))
    }

    fn encrypts_by_default(&self) -> Result<bool, CallError> {
        self.read(Query::new("GetEbsEncryptionByDefault"), |text| {
            answers::boolean(&answers::member(text, "ebsEncryptionByDefault")?)
        })
    }
}

#[cfg(test)]
mod tests;
