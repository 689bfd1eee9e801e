//! EC2's answers: XML, of which a few members are read. One that lacks what it must have is no answer.

use crate::ec2::{Volume, VolumeState};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

/// The members of an element that hold text; the others are skipped.
fn members(
    scope: &mut ScopedDecoder<'_, '_>,
    wanted: &[&str],
) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    while let Some(mut tag) = scope.next_tag() {
        let name = tag.start_el().local().to_owned();
        if wanted.contains(&name.as_str()) {
            let text = try_data(&mut tag).map_err(|error| error.to_string())?;
            found.push((name, text.trim().to_owned()));
        }
    }
    Ok(found)
}

fn take(found: &[(String, String)], name: &str) -> Result<String, String> {
    let mut all = found.iter().filter(|(known, _)| known == name);
    match (all.next(), all.next()) {
        (Some((_, text)), None) if !text.is_empty() => Ok(text.clone()),
        (None | Some(_), None) => Err(format!("{name} is missing")),
        (_, Some(_)) => Err(format!("{name} comes twice")),
    }
}

/// A member of the answer itself.
pub(super) fn member(text: &str, name: &str) -> Result<String, String> {
    let mut document = Document::new(text);
    let mut root = document.root_element().map_err(|error| error.to_string())?;
    take(&members(&mut root, &[name])?, name)
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("expected true or false, found {other:?}")),
    }
}

/// The answer itself as a volume, or the only item of a list in it.
pub(super) fn volume(text: &str, list: Option<&str>) -> Result<Volume, String> {
    let mut document = Document::new(text);
    let mut root = document.root_element().map_err(|error| error.to_string())?;
    let Some(list) = list else { return of(&mut root) };
    let mut volumes = Vec::new();
    while let Some(mut tag) = root.next_tag() {
        if tag.start_el().matches(list) {
            while let Some(mut item) = tag.next_tag() {
                volumes.push(of(&mut item)?);
            }
        }
    }
    match (volumes.pop(), volumes.is_empty()) {
        (Some(volume), true) => Ok(volume),
        (_, _) => Err(format!("{list} has not one item")),
    }
}

fn of(scope: &mut ScopedDecoder<'_, '_>) -> Result<Volume, String> {
    let found = members(scope, &["volumeId", "status", "encrypted", "kmsKeyId"])?;
    let state = match take(&found, "status")?.as_str() {
        "creating" => VolumeState::Creating,
        "available" => VolumeState::Available,
        other => VolumeState::Other(other.to_owned()),
    };
    Ok(Volume {
        id: take(&found, "volumeId")?.parse()?,
        state,
        encrypted: boolean(&take(&found, "encrypted")?)?,
        key: take(&found, "kmsKeyId").ok(),
    })
}

/// Code and message of an error.
pub(super) fn error(text: &str) -> Option<(String, String)> {
    let mut document = Document::new(text);
    let mut root = document.root_element().ok()?;
    while let Some(mut errors) = root.next_tag() {
        if errors.start_el().matches("Errors") {
            let mut error = errors.next_tag()?;
            let found = members(&mut error, &["Code", "Message"]).ok()?;
            let message = take(&found, "Message").unwrap_or_else(|_| "no message".to_owned());
            return Some((take(&found, "Code").ok()?, message));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CREATED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CreateVolumeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
  <volumeId>vol-0123456789abcdef0</volumeId><size>80</size><snapshotId/>
  <status>creating</status><encrypted>true</encrypted>
  <tagSet><item><key>status</key><value>in-use</value></item></tagSet>
  <kmsKeyId>arn:aws:kms:eu-central-1:1:key/a&amp;b</kmsKeyId>
</CreateVolumeResponse>"#;

    #[test]
    fn a_volume_is_read_and_what_is_in_its_tags_is_not() {
        let made = volume(CREATED, None).unwrap();
        assert_eq!((made.id.as_str(), made.encrypted), ("vol-0123456789abcdef0", true));
        assert_eq!(made.state, VolumeState::Creating);
        assert_eq!(made.key.as_deref(), Some("arn:aws:kms:eu-central-1:1:key/a&b"));
    }

    #[test]
    fn a_list_must_have_one_item() {
        let item = "<item><volumeId>vol-0123abcd</volumeId><status>error</status><encrypted>false</encrypted></item>";
        let list =
            |items: &str| format!("<R><requestId>x</requestId><volumeSet>{items}</volumeSet></R>");
        let one = volume(&list(item), Some("volumeSet")).unwrap();
        assert_eq!((one.state, one.key), (VolumeState::Other("error".to_owned()), None));
        assert!(volume(&list(""), Some("volumeSet")).is_err());
        assert!(volume(&list(&item.repeat(2)), Some("volumeSet")).is_err());
        assert!(volume("<R/>", Some("volumeSet")).is_err());
    }

    #[test]
    fn what_is_missing_or_twice_is_no_answer() {
        for (was, is) in [
            ("<status>creating</status>", ""),
            ("<encrypted>true</encrypted>", "<encrypted>yes</encrypted>"),
            (
                "<encrypted>true</encrypted>",
                "<encrypted>true</encrypted><encrypted>false</encrypted>",
            ),
            ("vol-0123456789abcdef0", "vol-1; rm -rf"),
        ] {
            assert!(volume(&CREATED.replace(was, is), None).is_err(), "{is}");
        }
    }

    #[test]
    fn errors_have_code_and_message() {
        let text = "<?xml version='1.0'?><Response><Errors><Error><Code>InvalidParameterValue</Code><Message>No &lt;zone&gt;</Message></Error></Errors><RequestID>x</RequestID></Response>";
        let found = error(text).unwrap();
        assert_eq!((found.0.as_str(), found.1.as_str()), ("InvalidParameterValue", "No <zone>"));
        assert_eq!(error("<html>busy</html>"), None);
        assert_eq!(error("busy"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(<(/)?(a|volumeSet|item|volumeId|status|Errors|Error|Code)( x='1'|/)?>|[a-z&;]{0,4}){0,12}") {
            let _ = (volume(&text, None), volume(&text, Some("volumeSet")), error(&text), member(&text, "a"));
        }
    }
}
