//! Amazon EC2, as far as encrypted EBS volumes need it, over its query protocol (EC2 API reference): a form in, XML out.
//!
//! AWS looks at a volume's key only after it answered `CreateVolume`: a volume whose key is not there, not enabled or not symmetric is
//! `creating` in that answer and in state `error` ever after, any other `available`. Under which grant EBS uses a key is not told here.

mod answer;
mod defaults;
mod form;
mod refusal;
mod state;
mod volumes;

use crate::operations::{Context, Operation};
pub(crate) use answer::{CONTENT_TYPE, refused};
pub(crate) use form::Form;
pub(crate) use refusal::Ec2Refusal;
pub(crate) use state::Ebs;

type Work = fn(&mut Context<'_>, Form) -> Result<String, Ec2Refusal>;

const WORK: &[(Operation, Work)] = &[
    (Operation::CreateVolume, volumes::create),
    (Operation::DescribeVolumes, |context, form| volumes::describe(context, form)),
    (Operation::DisableEbsEncryptionByDefault, |context, form| {
        defaults::set_encryption(context, form, false)
    }),
    (Operation::EnableEbsEncryptionByDefault, |context, form| {
        defaults::set_encryption(context, form, true)
    }),
    (Operation::GetEbsDefaultKmsKeyId, |context, form| defaults::get_key(context, form)),
    (Operation::GetEbsEncryptionByDefault, |context, form| defaults::get_encryption(context, form)),
    (Operation::ModifyEbsDefaultKmsKeyId, defaults::set_key),
];

/// The operation that a form asks for.
pub(crate) fn operation(form: &mut Form) -> Result<Operation, Ec2Refusal> {
    let (action, version) = (form.required("Action")?, form.required("Version")?);
    let known = action.parse().ok().filter(|_| version == "2016-11-15");
    known.filter(|operation: &Operation| operation.is_of_ec2()).ok_or_else(unknown)
}

fn unknown() -> Ec2Refusal {
    Ec2Refusal::new("InvalidAction", "The action is not valid for this web service.")
}

/// Carries an operation out and gives its answer.
pub(crate) fn run(
    operation: Operation,
    mut form: Form,
    context: &mut Context<'_>,
    request_id: &str,
) -> Result<String, Ec2Refusal> {
    if form.flag("DryRun")? == Some(true) {
        return Err(Ec2Refusal::dry_run());
    }
    let known = WORK.iter().find(|(known, _)| *known == operation);
    let (_, work) = known.ok_or_else(unknown)?;
    let told = work(context, form)?;
    Ok(answer::written(&format!("{operation:?}Response"), &told, request_id))
}
