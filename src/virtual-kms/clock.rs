//! The service's time: the host's clock, moved by what was asked for.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, within the years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Time(i64);

impl Time {
    const LAST: i64 = 253_402_300_799_999;

    /// What the host's clock shows.
    #[must_use]
    pub fn host() -> Self {
        Self(jiff::Timestamp::now().as_millisecond().clamp(0, Self::LAST))
    }

    /// So many milliseconds later (earlier if negative), at most the last one there is.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(0, Self::LAST))
    }

    /// So many days of 86,400 seconds later.
    #[must_use]
    pub fn plus_days(self, days: u16) -> Self {
        self.plus_millis(i64::from(days) * 86_400_000)
    }

    /// Milliseconds from `earlier` to this.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// As AWS JSON 1.1 writes it: seconds since 1970-01-01T00:00:00Z, with a fraction when there is one.
    #[must_use]
    pub fn to_wire(self) -> serde_json::Number {
        let whole = serde_json::Number::from(self.0 / 1000);
        if self.0 % 1000 == 0 {
            return whole;
        }
        let seconds = SignedDuration::from_millis(self.0).as_secs_f64();
        serde_json::Number::from_f64(seconds).unwrap_or(whole)
    }

    /// From AWS JSON 1.1; nothing outside the years 1970 to 9999.
    #[must_use]
    pub fn from_wire(seconds: &serde_json::Number) -> Option<Self> {
        let millis = if let Some(whole) = seconds.as_i64() {
            whole.checked_mul(1000)?
        } else {
            let duration = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
            i64::try_from(duration.as_millis()).ok()?
        };
        Self::try_from(millis).ok()
    }
}

impl TryFrom<i64> for Time {
    type Error = &'static str;
    fn try_from(millis: i64) -> Result<Self, Self::Error> {
        if (0..=Self::LAST).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err("expected a time in the years 1970 to 9999")
        }
    }
}

impl From<Time> for i64 {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl std::str::FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let time: jiff::Timestamp =
            text.parse().map_err(|_| "expected a time such as 2026-11-24T09:00:00Z".to_owned())?;
        Self::try_from(time.as_millisecond()).map_err(str::to_owned)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{time}")
    }
}

/// How far the service's clock is from the host's. It is part of the state, so a restart keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    offset_millis: i64,
}

impl Clock {
    /// The service's time when the host's clock shows `host`.
    #[must_use]
    pub fn at(self, host: Time) -> Time {
        host.plus_millis(self.offset_millis)
    }

    /// Makes the service's time `time` when the host's clock shows `host`.
    pub fn set(&mut self, host: Time, time: Time) {
        self.offset_millis = time.millis_since(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_that_was_set_runs_on() {
        let host = Time(1_000_000);
        let wanted: Time = "2026-11-24T09:00:00Z".parse().unwrap();
        let mut clock = Clock::default();
        clock.set(host, wanted);
        assert_eq!(clock.at(host), wanted);
        assert_eq!(clock.at(Time(1_005_000)).to_string(), "2026-11-24T09:00:05Z");
        clock.set(Time(2_000_000), Time(5));
        assert_eq!(clock.at(Time(2_000_001)), Time(6));
    }

    #[test]
    fn wire_times_are_seconds() {
        assert_eq!(Time(1_500).to_wire().to_string(), "1.5");
        assert_eq!(Time(2_000).to_wire().to_string(), "2");
        for (text, millis) in [("2", Some(2_000)), ("1.5", Some(1_500)), ("2.0", Some(2_000))] {
            let number = serde_json::from_str(text).unwrap();
            assert_eq!(Time::from_wire(&number).map(Time::unix_millis), millis, "{text}");
        }
        for text in ["-1", "1e300", "-0.5", "9223372036854775807", "253402300800"] {
            assert_eq!(Time::from_wire(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_milliseconds_survive_the_wire(millis in 0..=Time::LAST) {
            let back = Time::from_wire(&Time(millis).to_wire()).unwrap();
            prop_assert!((back.0 - millis).abs() <= 1, "{back:?} {millis}");
        }

        #[test]
        fn no_number_is_out_of_hand(seconds in any::<f64>()) {
            if let Some(number) = serde_json::Number::from_f64(seconds) {
                let _ = Time::from_wire(&number);
            }
        }
    }
}
