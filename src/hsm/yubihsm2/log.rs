//! The log, and what is logged.

use super::YubiHsm2;
use super::fields::Fields;
use super::operations::senseless;
use super::request::Request;
use crate::{Action, AuditOptions, AuditSetting, CommandCode, Error, LOG_ENTRY, LogEntries};

/// Option FORCE AUDIT.
const FORCE_AUDIT: u8 = 0x01;
/// Option COMMAND AUDIT.
const COMMAND_AUDIT: u8 = 0x03;

impl YubiHsm2 {
    pub(super) fn read_log(&self) -> Result<LogEntries, Error> {
        let action = Action::Read("give its log");
        let answer = self.session.call(action, Request::new(CommandCode::GET_LOG_ENTRIES))?;
        log(answer.fields()).ok_or_else(|| senseless(action, "it is no log"))
    }

    pub(super) fn acknowledge_log(&self, number: u16) -> Result<(), Error> {
        let action = Action::Change("acknowledge its log");
        self.done(action, Request::new(CommandCode::SET_LOG_INDEX).u16(number))
    }

    pub(super) fn read_audit_options(&self) -> Result<AuditOptions, Error> {
        let action = Action::Read("say what it logs");
        let option =
            |number| self.session.call(action, Request::new(CommandCode::GET_OPTION).u8(number));
        let force = match option(FORCE_AUDIT)?.data() {
            [setting] => AuditSetting::from_byte(*setting),
            _ => return Err(senseless(action, "it is no audit setting")),
        };
        let commands = commands(option(COMMAND_AUDIT)?.data())
            .ok_or_else(|| senseless(action, "it is no list of commands"))?;
        Ok(AuditOptions { force, commands })
    }

    pub(super) fn write_force_audit(&self, setting: AuditSetting) -> Result<(), Error> {
        let action = Action::Change("set whether a full log stops it");
        self.done(action, option(FORCE_AUDIT, &[setting.byte()]))
    }

    pub(super) fn write_command_audit(
        &self,
        settings: &[(CommandCode, AuditSetting)],
    ) -> Result<(), Error> {
        let action = Action::Change("set which commands it logs");
        let message = CommandCode::SESSION_MESSAGE;
        if settings.iter().any(|(code, set)| *code == message && *set != AuditSetting::Off) {
            let problem = format!("with {message} logged, a full log could not be read any more");
            return Err(Error::NotAsked { action, problem });
        }
        let pairs: Vec<u8> = settings.iter().flat_map(|(code, set)| [code.0, set.byte()]).collect();
        self.done(action, option(COMMAND_AUDIT, &pairs))
    }
}

/// SET OPTION: its number, the length of its value, its value.
fn option(number: u8, value: &[u8]) -> Request {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    Request::new(CommandCode::SET_OPTION).u8(number).u16(length).bytes(value)
}

/// Boots and authentications that were not logged, the number of entries (1 byte), the entries.
fn log(mut fields: Fields<'_>) -> Option<LogEntries> {
    let (unlogged_boots, unlogged_authentications) = (fields.u16()?, fields.u16()?);
    let count = fields.u8()?;
    let (entries, rest) = fields.rest().as_chunks::<LOG_ENTRY>();
    let whole = rest.is_empty() && entries.len() == usize::from(count);
    let entries = entries.to_vec();
    whole.then_some(LogEntries { unlogged_boots, unlogged_authentications, entries })
}

/// A command and its setting, one byte each.
fn commands(data: &[u8]) -> Option<Vec<(CommandCode, AuditSetting)>> {
    let (pairs, rest) = data.as_chunks::<2>();
    let settings =
        pairs.iter().map(|[code, set]| (CommandCode(*code), AuditSetting::from_byte(*set)));
    rest.is_empty().then(|| settings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_of_tomorrow_s_commands_are_kept_as_they_are() {
        let entry = [0xee; LOG_ENTRY];
        let answer = [&[0, 1, 0, 2, 1][..], &entry].concat();
        let read = log(Fields::new(&answer)).unwrap();
        assert_eq!((read.unlogged_boots, read.unlogged_authentications), (1, 2));
        assert_eq!(read.entries, [entry]);
        assert_eq!(log(Fields::new(&answer[..20])), None);
        let options = commands(&[0x77, 1, 0xee, 9]).unwrap();
        assert_eq!(options[1], (CommandCode(0xee), AuditSetting::Other(9)));
        assert_eq!(commands(&[1]), None);
    }

    proptest! {
        #[test]
        fn only_as_many_entries_as_were_said(
            count in 0_u8..4,
            data in prop::collection::vec(any::<u8>(), 0..140),
        ) {
            let answer = [&[0, 0, 0, 0, count][..], &data].concat();
            let whole = data.len() == usize::from(count) * LOG_ENTRY;
            prop_assert_eq!(log(Fields::new(&answer)).is_some(), whole);
            prop_assert_eq!(commands(&data).is_some(), data.len() % 2 == 0);
        }
    }
}
