//! The key policy of a new key (AWS KMS developer guide, "Key policies" and "Default key policy").
//!
//! - The account keeps `kms:*`, as in AWS's default: without it a key can be locked out for good, and IAM policies have no effect.
//! - Administrators manage the key and import its material; users use it. Since the account's statement lets IAM policies grant
//!   more, each group is **denied** the other's part: an explicit denial beats any permission.
//! - What this cannot prevent: an administrator can replace the policy (`PutKeyPolicy`, recorded by `CloudTrail`).

use crate::kms::Session;
use crate::names::Principal;
use keyferry_bundle::KeyUsage;
use serde_json::{Value, json};

/// Managing. Listed one by one: `kms:Create*` would include `CreateGrant`, and with it every use.
const ADMINISTRATION: &[&str] = &[
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DeleteImportedKeyMaterial",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GetParametersForImport",
    "kms:ImportKeyMaterial",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
];

/// Looking, which both may.
const LOOKING: &[&str] = &[
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
];

/// Every use of any kind of key, and grants, which hand uses on.
const USE: &[&str] = &[
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:GenerateMac",
    "kms:ReEncrypt*",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
];

const fn uses(usage: KeyUsage) -> &'static [&'static str] {
    match usage {
        KeyUsage::EncryptDecrypt => {
            &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        }
        KeyUsage::SignVerify => &["kms:Sign", "kms:Verify"],
        KeyUsage::GenerateVerifyMac => &["kms:GenerateMac", "kms:VerifyMac"],
        KeyUsage::KeyAgreement => &["kms:DeriveSharedSecret"],
    }
}

/// The document.
pub(crate) fn document(
    session: &Session,
    usage: KeyUsage,
    administrators: &[Principal],
    users: &[Principal],
) -> Value {
    let root = format!("arn:{}:iam::{}:root", session.partition, session.account);
    let mut statements = vec![statement("AccountKeepsControl", "Allow", &[root], &["kms:*"])];
    let arns = |list: &[Principal]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    if !administrators.is_empty() {
        let arns = arns(administrators);
        let allowed = [ADMINISTRATION, LOOKING, &["kms:RevokeGrant"]].concat();
        statements.push(statement("AdministratorsManage", "Allow", &arns, &allowed));
        statements.push(statement("AdministratorsDoNotUse", "Deny", &arns, USE));
    }
    if !users.is_empty() {
        let arns = arns(users);
        let allowed = [uses(usage), LOOKING].concat();
        statements.push(statement("UsersUse", "Allow", &arns, &allowed));
        if usage == KeyUsage::EncryptDecrypt {
            // EBS, RDS and others use a key through grants that they make in the user's name.
            let grants = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"];
            let mut through = statement("UsersThroughAwsServices", "Allow", &arns, &grants);
            if let Some(statement) = through.as_object_mut() {
                let condition = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
                statement.insert("Condition".to_owned(), condition);
            }
            statements.push(through);
        }
        statements.push(statement("UsersDoNotManage", "Deny", &arns, ADMINISTRATION));
    }
    json!({ "Version": "2012-10-17", "Id": "keyferry", "Statement": statements })
}

fn statement(sid: &str, effect: &str, principals: &[String], actions: &[&str]) -> Value {
    json!({
        "Sid": sid,
        "Effect": effect,
        "Principal": { "AWS": principals },
        "Action": actions,
        "Resource": "*",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::session;

    fn actions(document: &Value, sid: &str) -> Vec<String> {
        let statements = document["Statement"].as_array().unwrap();
        let found = statements.iter().find(|statement| statement["Sid"] == sid);
        found.map_or_else(Vec::new, |statement| {
            let list = statement["Action"].as_array().unwrap();
            list.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
        })
    }

    #[test]
    fn the_account_is_never_locked_out() {
        let document = document(&session(), KeyUsage::EncryptDecrypt, &[], &[]);
        let statements = document["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0]["Principal"]["AWS"][0], "arn:aws:iam::111122223333:root");
        assert_eq!(actions(&document, "AccountKeepsControl"), ["kms:*"]);
    }

    #[test]
    fn what_one_group_may_the_other_is_denied() {
        let admin = "arn:aws:iam::111122223333:role/Admin".parse().unwrap();
        let user = "arn:aws:iam::111122223333:role/App".parse().unwrap();
        for usage in [
            KeyUsage::EncryptDecrypt,
            KeyUsage::SignVerify,
            KeyUsage::GenerateVerifyMac,
            KeyUsage::KeyAgreement,
        ] {
            let users = std::slice::from_ref(&user);
            let document = document(&session(), usage, std::slice::from_ref(&admin), users);
            let denied = actions(&document, "AdministratorsDoNotUse");
            for action in uses(usage) {
                assert!(denied.contains(&(*action).to_owned()), "{action}");
            }
            for action in actions(&document, "AdministratorsManage") {
                assert!(!denied.contains(&action), "{action}");
            }
            let denied = actions(&document, "UsersDoNotManage");
            let allowed = actions(&document, "AdministratorsManage");
            for action in &allowed {
                // Whoever made a grant through a service also ends it.
                let both = LOOKING.contains(&action.as_str()) || action == "kms:RevokeGrant";
                assert!(both != denied.contains(action), "{action}");
            }
            for action in actions(&document, "UsersUse") {
                assert!(!denied.contains(&action), "{action}");
            }
            let through = actions(&document, "UsersThroughAwsServices");
            assert_eq!(through.is_empty(), usage != KeyUsage::EncryptDecrypt);
        }
    }
}
