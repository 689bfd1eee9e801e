//! Faults on request: what a ceremony has to survive and a sound device does not show.
//!
//! A service is started with them, or told later: `POST /virtual/faults` with the fields of [`Faults`] as JSON, such as
//! `{"power_cut_after":3,"delay_ms":200}`. That replaces all faults, and counting begins anew: command 1 is the next one inside a
//! session. Closing a session is a command too; messages that no session takes are not counted. `{}` ends all faults.
//!
//! `GET /virtual/faults` answers `{"commands":12,"hanging":false,"done":{"42:0a01":1}}`: how many commands sessions have sent since the
//! faults were set, whether a client waits for an answer that does not come, and how often each command took effect on which object
//! since the start.

use crate::store::{LOG_CAPACITY, MAX_OBJECTS};
use crate::wire::Command;
use serde::Deserialize;
use std::borrow::Cow;
use std::time::Duration;

/// The faults a service shows; by default none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// The store is full at this many objects, the factory's authentication key among them.
    pub store_limit: Option<usize>,
    /// The log has room for at most this many entries now: it is filled up as if the device had been switched on again and again.
    pub log_room: Option<usize>,
    /// From this session command on, counted from 1, commands take effect and their answers are lost.
    pub fail_after: Option<u64>,
    /// This session command takes effect and its answer is lost; those after it are answered.
    pub lose_at: Option<u64>,
    /// At this session command the device knows the session no more: it says so, and the command does not take effect.
    pub end_session_at: Option<u64>,
    /// The power is cut before this session command: it does not take effect, there is no answer, and the device starts anew.
    pub power_cut_before: Option<u64>,
    /// The power is cut after this session command: it takes effect, there is no answer, and the device starts anew.
    pub power_cut_after: Option<u64>,
    /// From this session command on the connector is gone: it takes connections and answers nothing, and nothing takes effect.
    pub gone_at: Option<u64>,
    /// At this session command the connector falls silent and keeps the connection; it does not take effect.
    pub hang_before: Option<u64>,
    /// At this session command the connector falls silent and keeps the connection; it takes effect.
    pub hang_after: Option<u64>,
    /// At this session command another device answers the connector: it has the next serial number and is fresh, and its state is
    /// beside the first one's, in a file whose name ends in `.second`. The command gets no answer.
    pub second_device_at: Option<u64>,
    /// PUT PUBLIC WRAP KEY stores another RSA public key of the same size than it was given: a bit at the end of its modulus differs.
    pub swap_public_wrap_key: bool,
    /// Every answer takes this many milliseconds longer.
    pub delay_ms: u64,
}

/// What a session command meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    None,
    LostAnswer,
    PowerCutBefore,
    PowerCutAfter,
    Gone,
    HangBefore,
    HangAfter,
    SecondDevice,
    SessionEnded,
}

impl Faults {
    pub(crate) fn store_limit(&self) -> usize {
        self.store_limit.unwrap_or(MAX_OBJECTS)
    }

    /// How many entries the log has to hold at least, to leave as little room as asked for.
    pub(crate) fn least_log(&self) -> usize {
        self.log_room.map_or(0, |room| LOG_CAPACITY.saturating_sub(room))
    }

    pub(crate) const fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// What a command gets in place of the data it was sent with.
    pub(crate) fn data<'a>(&self, command: Command, data: &'a [u8]) -> Cow<'a, [u8]> {
        match data.split_last() {
            // The modulus comes last, and has to stay odd.
            Some((last, rest))
                if self.swap_public_wrap_key && command == Command::PutPublicWrapKey =>
            {
                [rest, &[last ^ 2]].concat().into()
            }
            Some(_) | None => data.into(),
        }
    }

    /// What session command number `count` meets. Of several faults, the one that leaves least behind.
    pub(crate) fn strike(&self, count: u64) -> Strike {
        let since = |first: Option<u64>| first.is_some_and(|first| count >= first);
        let at = |when: Option<u64>| when == Some(count);
        if since(self.gone_at) {
            Strike::Gone
        } else if at(self.hang_before) {
            Strike::HangBefore
        } else if at(self.second_device_at) {
            Strike::SecondDevice
        } else if at(self.end_session_at) {
            Strike::SessionEnded
        } else if at(self.power_cut_before) {
            Strike::PowerCutBefore
        } else if at(self.power_cut_after) {
            Strike::PowerCutAfter
        } else if at(self.hang_after) {
            Strike::HangAfter
        } else if since(self.fail_after) || at(self.lose_at) {
            Strike::LostAnswer
        } else {
            Strike::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_faults_last_and_others_strike_once() {
        let strikes = |faults: Faults| [1, 2, 3].map(|count| faults.strike(count));
        let none = Faults::default();
        assert_eq!(strikes(none), [Strike::None; 3]);
        assert_eq!(
            strikes(Faults { fail_after: Some(2), ..none }),
            [Strike::None, Strike::LostAnswer, Strike::LostAnswer]
        );
        assert_eq!(
            strikes(Faults { lose_at: Some(1), hang_before: Some(2), hang_after: Some(3), ..none }),
            [Strike::LostAnswer, Strike::HangBefore, Strike::HangAfter]
        );
        assert_eq!(
            strikes(Faults { end_session_at: Some(2), ..none }),
            [Strike::None, Strike::SessionEnded, Strike::None]
        );
        assert_eq!(
            strikes(Faults { gone_at: Some(3), power_cut_after: Some(1), ..none }),
            [Strike::PowerCutAfter, Strike::None, Strike::Gone]
        );
        assert_eq!(
            strikes(Faults { power_cut_before: Some(2), second_device_at: Some(3), ..none }),
            [Strike::None, Strike::PowerCutBefore, Strike::SecondDevice]
        );
    }

    #[test]
    fn faults_are_read_and_misspelt_ones_refused() {
        let faults: Faults = serde_json::from_str(r#"{"gone_at":3,"delay_ms":5}"#).unwrap();
        assert_eq!(faults, Faults { gone_at: Some(3), delay_ms: 5, ..Faults::default() });
        assert_eq!(serde_json::from_str::<Faults>("{}").unwrap(), Faults::default());
        let faults: Faults = serde_json::from_str(r#"{"swap_public_wrap_key":true}"#).unwrap();
        assert_eq!(faults, Faults { swap_public_wrap_key: true, ..Faults::default() });
        assert!(serde_json::from_str::<Faults>(r#"{"gone":3}"#).is_err());
        assert!(serde_json::from_str::<Faults>(r#"{"gone_at":-1}"#).is_err());
    }
}
