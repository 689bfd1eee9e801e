//! What AWS handed out, brought to the room. `keyferry-online fetch` makes it, an online operator signs it. One target's entry
//! comes from one `GetParametersForImport` answer. The import token stays behind: only its digest travels.

use super::common::{check_counter, check_distinct, check_length};
use super::{Bundle, Kind, Plan};
use crate::identifiers::word_type;
use crate::{
    AccountId, Base64, Digest, Endpoint, Environment, FieldError, KeyArn, TargetName, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

word_type!(
    /// Where the parameters came from.
    ParametersSource {
        /// `GetParametersForImport`.
        Api = "api",
        /// Files the AWS console handed out.
        Console = "console",
    }
);

/// A request's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// As in the policy.
    pub environment: Environment,
    /// The plan this is for.
    pub plan: Digest,
    /// When the operator says it was made.
    pub created: Timestamp,
    /// 1, 2, 3, … among the requests for this plan. The room answers each number once, in rising order, and wants every link.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub counter: u32,
    /// The digest of the request before; absent in request 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// The account whose credentials asked.
    pub account: AccountId,
    /// The endpoint that answered; the console just where every target's parameters came from it.
    pub endpoint: Endpoint,
    /// One entry for every target of the plan.
    #[schemars(length(min = 1, max = Plan::MAX_TARGETS))]
    pub targets: Vec<RequestTarget>,
}

/// The parameters for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTarget {
    /// The target's name in the plan.
    pub name: TargetName,
    /// The KMS key, as KMS named it.
    pub key: KeyArn,
    /// What was asked for; the answer does not say it.
    pub wrapping_algorithm: WrappingAlgorithm,
    /// What was asked for; checked against the key.
    pub wrapping_key_spec: WrappingKeySpec,
    /// The wrapping public key: SubjectPublicKeyInfo, DER.
    pub wrapping_public_key: Base64,
    /// The SHA-256 of the import token's bytes.
    pub import_token_sha256: Digest,
    /// When both stop working: 24 hours after they were handed out.
    pub parameters_valid_to: Timestamp,
    /// Where they came from.
    pub source: ParametersSource,
}

impl Request {
    /// The entry of that name.
    #[must_use]
    pub fn target(&self, name: &TargetName) -> Option<&RequestTarget> {
        self.targets.iter().find(|target| target.name == *name)
    }
}

impl Bundle for Request {
    const KIND: Kind = Kind::Request;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("counter", self.counter, self.previous.as_ref())?;
        for (index, target) in self.targets.iter().enumerate() {
            if (target.source == ParametersSource::Console) != self.endpoint.is_console() {
                let problem =
                    format!("is {}, but the endpoint is {}", target.source, self.endpoint);
                return Err(FieldError::new(format!("targets[{index}].source"), problem));
            }
        }
        check_length("targets", &self.targets, Plan::MAX_TARGETS)?;
        check_distinct("targets", ".name", self.targets.iter().map(|t| &t.name))?;
        check_distinct(
            "targets",
            ".import_token_sha256",
            self.targets.iter().map(|t| t.import_token_sha256),
        )
    }
}
