//! The operations, a family a file.

mod aliases;
mod cipher;
mod create_key;
mod data_key;
mod deletion;
mod describe;
mod import;
mod list_keys;
mod mac;
mod oaep;
mod page;
mod parameters;
mod policy;
mod public_key;
mod random_bytes;
mod replicate;
mod rotate;
mod rotations;
mod shared_secret;
mod sign;
mod tags;
mod usable;

use crate::clock::Time;
use crate::refusal::{Kind, Refusal};
use crate::state::State;
use crate::wire::json::{decode, encode};
use crate::world::World;
use keyferry_bundle::KmsKeyId;
use zeroize::Zeroizing;

/// What an operation works on.
pub(crate) struct Context<'a> {
    /// The Region. What an operation that fails did to it is forgotten.
    pub(crate) state: &'a mut State,
    /// Everything else: the Region is taken out of it meanwhile.
    pub(crate) world: &'a mut World,
    /// The service's time.
    pub(crate) now: Time,
}

impl Context<'_> {
    /// Has the replicas of a primary key share its key materials.
    pub(crate) fn share(&mut self, id: &KmsKeyId) -> Result<(), Refusal> {
        let primary = self.state.find_by_id(id.as_str())?;
        if !primary.is_replica() {
            let replicas = self.world.related(&self.state.account, id);
            replicas.for_each(|replica| replica.follow(primary));
        }
        Ok(())
    }
}

macro_rules! operations {
    ($($name:ident),+ $(,)?) => {
        /// An operation the service carries out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation { $($name),+ }

        impl Operation {
            const ALL: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),+];
        }
    };
}

operations!(
    CancelKeyDeletion,
    CreateAlias,
    CreateKey,
    CreateVolume,
    Decrypt,
    DeleteAlias,
    DeleteImportedKeyMaterial,
    DeriveSharedSecret,
    DescribeKey,
    DescribeVolumes,
    DisableEbsEncryptionByDefault,
    DisableKey,
    EnableEbsEncryptionByDefault,
    EnableKey,
    Encrypt,
    GenerateDataKey,
    GenerateMac,
    GenerateRandom,
    GetCallerIdentity,
    GetEbsDefaultKmsKeyId,
    GetEbsEncryptionByDefault,
    GetKeyPolicy,
    GetParametersForImport,
    GetPublicKey,
    ImportKeyMaterial,
    ListAliases,
    ListKeyRotations,
    ListKeys,
    ListResourceTags,
    ModifyEbsDefaultKmsKeyId,
    PutKeyPolicy,
    ReplicateKey,
    RotateKeyOnDemand,
    ScheduleKeyDeletion,
    Sign,
    TagResource,
    UpdateAlias,
    Verify,
    VerifyMac,
);

impl Operation {
    /// Whether it is EC2's.
    pub(crate) const fn is_of_ec2(self) -> bool {
        matches!(
            self,
            Self::CreateVolume
                | Self::DescribeVolumes
                | Self::DisableEbsEncryptionByDefault
                | Self::EnableEbsEncryptionByDefault
                | Self::GetEbsDefaultKmsKeyId
                | Self::GetEbsEncryptionByDefault
                | Self::ModifyEbsDefaultKmsKeyId
        )
    }
}

impl std::str::FromStr for Operation {
    type Err = Refusal;
    fn from_str(name: &str) -> Result<Self, Refusal> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, operation)| *operation).ok_or_else(unknown)
    }
}

/// The KMS operation that an `X-Amz-Target` names.
pub(crate) fn target(header: &str) -> Result<Operation, Refusal> {
    let name = header.strip_prefix("TrentService.").ok_or_else(unknown)?;
    name.parse()
        .ok()
        .filter(|operation: &Operation| {
            *operation != Operation::GetCallerIdentity && !operation.is_of_ec2()
        })
        .ok_or_else(unknown)
}

fn unknown() -> Refusal {
    Kind::UnknownOperation.with("this service knows no such operation")
}

/// Carries a KMS operation out and gives its answer's body. Some operations have none.
pub(crate) fn run(
    operation: Operation,
    body: &[u8],
    context: &mut Context<'_>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    match operation {
        Operation::CancelKeyDeletion => encode(&deletion::cancel(context, decode(body)?)?),
        Operation::CreateAlias => nothing(aliases::create(context, decode(body)?)),
        Operation::CreateKey => encode(&create_key::create(context, decode(body)?)?),
        Operation::Decrypt => encode(&cipher::decrypt(context, decode(body)?)?),
        Operation::DeleteAlias => nothing(aliases::delete(context, decode(body)?)),
        Operation::DeleteImportedKeyMaterial => encode(&import::delete(context, decode(body)?)?),
        Operation::DeriveSharedSecret => encode(&shared_secret::derive(context, decode(body)?)?),
        Operation::DescribeKey => encode(&describe::describe(context, decode(body)?)?),
        Operation::DisableKey => nothing(deletion::set_disabled(context, decode(body)?, true)),
        Operation::EnableKey => nothing(deletion::set_disabled(context, decode(body)?, false)),
        Operation::Encrypt => encode(&cipher::encrypt(context, decode(body)?)?),
        Operation::GenerateDataKey => encode(&data_key::generate(context, decode(body)?)?),
        Operation::GenerateMac => encode(&mac::generate(context, decode(body)?)?),
        Operation::GenerateRandom => encode(&random_bytes::generate(&decode(body)?)?),
        Operation::GetKeyPolicy => encode(&policy::get(context, decode(body)?)?),
        Operation::GetParametersForImport => encode(&parameters::get(context, decode(body)?)?),
        Operation::GetPublicKey => encode(&public_key::get(context, decode(body)?)?),
        Operation::ImportKeyMaterial => encode(&import::import(context, decode(body)?)?),
        Operation::ListAliases => encode(&aliases::list(context, &decode(body)?)?),
        Operation::ListKeyRotations => encode(&rotations::list(context, decode(body)?)?),
        Operation::ListKeys => encode(&list_keys::list(context, &decode(body)?)?),
        Operation::ListResourceTags => encode(&tags::list(context, decode(body)?)?),
        Operation::PutKeyPolicy => nothing(policy::put(context, decode(body)?)),
        Operation::ReplicateKey => encode(&replicate::replicate(context, decode(body)?)?),
        Operation::RotateKeyOnDemand => encode(&rotate::rotate(context, decode(body)?)?),
        Operation::ScheduleKeyDeletion => encode(&deletion::schedule(context, decode(body)?)?),
        Operation::Sign => encode(&sign::sign(context, decode(body)?)?),
        Operation::TagResource => nothing(tags::tag(context, decode(body)?)),
        Operation::UpdateAlias => nothing(aliases::update(context, decode(body)?)),
        Operation::Verify => encode(&sign::verify(context, decode(body)?)?),
        Operation::VerifyMac => encode(&mac::verify(context, decode(body)?)?),
        Operation::CreateVolume
        | Operation::DescribeVolumes
        | Operation::DisableEbsEncryptionByDefault
        | Operation::EnableEbsEncryptionByDefault
        | Operation::GetCallerIdentity
        | Operation::GetEbsDefaultKmsKeyId
        | Operation::GetEbsEncryptionByDefault
        | Operation::ModifyEbsDefaultKmsKeyId => Err(unknown()),
    }
}

/// AWS answers these with an empty body.
fn nothing(done: Result<(), Refusal>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    done.map(|()| Zeroizing::default())
}
