//! `GetKeyPolicy`, `PutKeyPolicy`, and the policy of `CreateKey` (AWS KMS developer guide, "Key policies").

use super::Context;
use crate::refusal::{Kind, Refusal};
use crate::state::State;
use crate::wire::json::{length, required};
use crate::wire::query::caller_arn;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// AWS KMS developer guide, "Quotas": key policy document size, bytes.
const MAX_BYTES: usize = 32 * 1024;

/// Input of `GetKeyPolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetInput {
    key_id: Option<String>,
    policy_name: Option<String>,
}

/// Output of `GetKeyPolicy`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetOutput {
    policy: String,
    policy_name: &'static str,
}

/// Input of `PutKeyPolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutInput {
    key_id: Option<String>,
    policy_name: Option<String>,
    policy: Option<String>,
    bypass_policy_lockout_safety_check: Option<bool>,
}

/// Gives a key's policy.
pub(super) fn get(context: &mut Context<'_>, input: GetInput) -> Result<GetOutput, Refusal> {
    let name = required(input.key_id, "keyId")?;
    let key = context.state.find_by_id(&name)?;
    check_name(input.policy_name.as_deref())?;
    Ok(GetOutput { policy: key.policy.clone(), policy_name: "default" })
}

/// Replaces a key's policy.
pub(super) fn put(context: &mut Context<'_>, input: PutInput) -> Result<(), Refusal> {
    let name = required(input.key_id, "keyId")?;
    let policy = required(input.policy, "policy")?;
    check_name(input.policy_name.as_deref())?;
    context.state.find_by_id(&name)?;
    check(&policy, input.bypass_policy_lockout_safety_check, context.state)?;
    context.state.find_mut(&name)?.policy = policy;
    Ok(())
}

/// A key has one policy.
fn check_name(name: Option<&str>) -> Result<(), Refusal> {
    match name {
        None | Some("default") => Ok(()),
        Some(_) => Err(Kind::NotFound.with("No such policy exists")),
    }
}

/// The policy of a new key: the one that was given, checked, or the usual one.
pub(super) fn given(
    policy: Option<String>,
    bypass: Option<bool>,
    state: &State,
) -> Result<String, Refusal> {
    let Some(policy) = policy else { return Ok(usual(state)) };
    length("policy", policy.chars().count(), &(1..=131_072))?;
    check(&policy, bypass, state)?;
    Ok(policy)
}

/// The policy of a key that was created without one: the account decides.
fn usual(state: &State) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{}:root", state.account) },
            "Action": "kms:*",
            "Resource": "*",
        }],
    });
    policy.to_string()
}

/// Checks a policy. Unless bypassed, some statement without conditions must let the caller or its account put the next one; AWS
/// weighs conditions too.
fn check(policy: &str, bypass: Option<bool>, state: &State) -> Result<(), Refusal> {
    if policy.len() > MAX_BYTES {
        return Err(Kind::LimitExceeded.with(format!("a key policy has at most {MAX_BYTES} bytes")));
    }
    let malformed = |because: &str| Kind::MalformedPolicy.with(because);
    let document: Value =
        serde_json::from_str(policy).map_err(|_| malformed("The key policy is not valid JSON"))?;
    let Some("2012-10-17" | "2008-10-17") = document.get("Version").and_then(Value::as_str) else {
        return Err(malformed("The key policy names no version of the policy language"));
    };
    let statements = document.get("Statement").map(one_or_more).unwrap_or_default();
    if statements.is_empty() {
        return Err(malformed("The key policy has no statement"));
    }
    let (mut safe, caller) = (false, caller_arn(&state.account));
    for statement in statements {
        let part = |name| statement.get(name).map(one_or_more).unwrap_or_default();
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny"))
            || part("Action").is_empty() && part("NotAction").is_empty()
        {
            return Err(malformed("A statement of the key policy has no effect or no action"));
        }
        if part("Principal").is_empty() && part("NotPrincipal").is_empty() {
            return Err(malformed("A statement of the key policy has no principal"));
        }
        let principals = principals(&part("Principal"));
        if !principals.iter().all(|principal| is_principal(principal)) {
            return Err(malformed(
                "Policy contains a statement with one or more invalid principals.",
            ));
        }
        let ours = principals.iter().any(|principal| {
            let root = format!("arn:aws:iam::{}:root", state.account);
            ["*", state.account.as_str(), &root, &caller].contains(&principal.as_str())
        });
        let actions = part("Action");
        let puts =
            actions.iter().filter_map(|a| a.as_str()).any(|a| matches(a, "kms:PutKeyPolicy"));
        let free = statement.get("Condition").is_none();
        safe |= effect == Some("Allow") && ours && puts && free;
    }
    if safe || bypass == Some(true) {
        return Ok(());
    }
    Err(malformed("The new key policy will not allow you to update the key policy in the future."))
}

/// A policy may write one thing, or a list of things.
fn one_or_more(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one @ (Value::Object(_) | Value::String(_)) => vec![one],
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// AWS principals, and `*`; services and federated ones are not looked at.
fn principals(found: &[&Value]) -> Vec<String> {
    let mut principals = Vec::new();
    for value in found {
        let aws = value.get("AWS").map(one_or_more).unwrap_or_default();
        let text = aws.into_iter().chain([*value]).filter_map(Value::as_str);
        principals.extend(text.map(str::to_owned));
    }
    principals
}

/// `*`, an account, or the ARN of an IAM or STS principal. AWS also looks whether it exists.
fn is_principal(text: &str) -> bool {
    let account = |part: &str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["*"] => true,
        [alone] => account(alone),
        ["arn", "aws", "iam" | "sts", "", owner, resource] => {
            account(owner) && !resource.is_empty()
        }
        _ => false,
    }
}

/// Whether a pattern with `*` and `?` matches, whatever the case. Only the last `*` is ever tried again: no pattern takes long.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.as_bytes(), text.as_bytes());
    // What follows the last `*`, and where it was tried.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => return true,
            (Some((b'*', rest)), _) => {
                again = Some((rest, text));
                pattern = rest;
                continue;
            }
            (Some((one, rest)), Some((other, tail)))
                if *one == b'?' || one.eq_ignore_ascii_case(other) =>
            {
                (pattern, text) = (rest, tail);
                continue;
            }
            (Some(_) | None, Some(_)) | (Some(_), None) => {}
        }
        let Some((rest, tried)) = again else { return false };
        let Some((_, tail)) = tried.split_first() else { return false };
        again = Some((rest, tail));
        (pattern, text) = (rest, tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_do_and_no_pattern_takes_long() {
        for (pattern, text) in [
            ("kms:*", "kms:PutKeyPolicy"),
            ("KMS:put*", "kms:PutKeyPolicy"),
            ("*:P?tKey*y", "kms:PutKeyPolicy"),
            ("*a*ab", "xaaab"),
            ("*", ""),
            ("", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("kms:Put", "kms:PutKeyPolicy"), ("?", ""), ("*b", "ba"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(!matches(&format!("{}x", "*a".repeat(5000)), &"a".repeat(5000)));
    }

    fn checked(policy: &str, bypass: bool) -> Result<(), Kind> {
        let state = State::new("111122223333".parse().unwrap(), "eu-central-1".parse().unwrap());
        check(policy, Some(bypass), &state).map_err(|refusal| refusal.kind)
    }

    fn statement(text: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#)
    }

    #[test]
    fn a_policy_must_be_one() {
        for policy in [
            "",
            "[]",
            r#"{"Version":"2012-10-17"}"#,
            r#"{"Version":"2012-10-17","Statement":[]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}"#,
            &statement(r#"{"Effect":"Perhaps","Principal":"*","Action":"*"}"#),
            &statement(r#"{"Effect":"Allow","Principal":"*"}"#),
            &statement(r#"{"Effect":"Allow","Action":"*"}"#),
            &statement(r#"{"Effect":"Allow","Principal":{"AWS":"alice"},"Action":"*"}"#),
        ] {
            assert_eq!(checked(policy, true), Err(Kind::MalformedPolicy), "{policy}");
        }
        let long = format!(
            "{}{}",
            usual(&State::new("111122223333".parse().unwrap(), "eu-central-1".parse().unwrap())),
            " ".repeat(MAX_BYTES)
        );
        assert_eq!(checked(&long, true), Err(Kind::LimitExceeded));
    }

    #[test]
    fn a_policy_must_not_lock_its_owner_out() {
        let root = "arn:aws:iam::111122223333:root";
        let of = |principal: &str, action: &str| {
            statement(&format!(
                r#"[{{"Effect":"Allow","Principal":{{"AWS":["{principal}"]}},"Action":["{action}"],"Resource":"*"}}]"#
            ))
        };
        for (policy, safe) in [
            (of(root, "kms:*"), true),
            (of(root, "kms:Put*"), true),
            (of("111122223333", "KMS:putkeypolic?"), true),
            (of("arn:aws:iam::111122223333:user/virtual", "*"), true),
            (of(root, "kms:Encrypt"), false),
            (of("arn:aws:iam::111122223333:role/Other", "kms:*"), false),
            (of("arn:aws:iam::999999999999:root", "kms:*"), false),
            (of(root, "kms:*").replace("Allow", "Deny"), false),
            (of(root, "kms:*").replace("\"Resource\":\"*\"", "\"Condition\":{}"), false),
        ] {
            assert_eq!(checked(&policy, false).is_ok(), safe, "{policy}");
            assert_eq!(checked(&policy, true), Ok(()), "bypassed: {policy}");
        }
    }
}
