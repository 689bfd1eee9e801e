//! `EnableEbsEncryptionByDefault`, `DisableEbsEncryptionByDefault`, `GetEbsEncryptionByDefault`, `ModifyEbsDefaultKmsKeyId`,
//! `GetEbsDefaultKmsKeyId`.

use super::answer::element;
use super::{Ec2Refusal, Form};
use crate::keys::spec::is_symmetric;
use crate::operations::Context;

/// AWS's own key.
pub(super) const AWS_KEY: &str = "alias/aws/ebs";

/// Sets whether volumes are encrypted when nothing is said.
pub(super) fn set_encryption(
    context: &mut Context<'_>,
    form: Form,
    encrypt: bool,
) -> Result<String, Ec2Refusal> {
    form.finish()?;
    context.state.ebs.encrypt_by_default = encrypt;
    Ok(element("ebsEncryptionByDefault", &encrypt.to_string()))
}

/// Tells that.
pub(super) fn get_encryption(context: &Context<'_>, form: Form) -> Result<String, Ec2Refusal> {
    form.finish()?;
    Ok(element("ebsEncryptionByDefault", &context.state.ebs.encrypt_by_default.to_string()))
}

/// Sets the key of volumes for which none is named. AWS looks at it later; here a key that cannot be one is refused at once.
pub(super) fn set_key(context: &mut Context<'_>, mut form: Form) -> Result<String, Ec2Refusal> {
    let name = form.required("KmsKeyId")?;
    form.finish()?;
    let found = context.state.find(&name).ok().filter(|key| is_symmetric(key.spec));
    let key = found.ok_or_else(|| Ec2Refusal::value("KmsKeyId", &name))?;
    let arn = context.state.key_arn(&key.id);
    context.state.ebs.default_key = Some(arn.clone());
    Ok(element("kmsKeyId", &arn))
}

/// Tells that, or that it is AWS's own key.
pub(super) fn get_key(context: &Context<'_>, form: Form) -> Result<String, Ec2Refusal> {
    form.finish()?;
    Ok(element("kmsKeyId", context.state.ebs.default_key.as_deref().unwrap_or(AWS_KEY)))
}
