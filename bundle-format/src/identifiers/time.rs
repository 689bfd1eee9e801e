//! Points in time, as claims: the room's clock is not trusted, so nothing is ever decided by one of these alone.

use std::fmt;

const DAY: i64 = 86_400;

/// A UTC time to the second, written exactly as `2026-11-24T09:30:00Z` (RFC 3339), years 2000 to 2199. Texts order as times.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The grammar as a JSON Schema pattern; the days of a month are beyond it.
    pub const PATTERN: &'static str = "^2[01][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$";
    const FIRST: i64 = 946_684_800;
    const LAST: i64 = 7_258_118_399;

    /// From seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Outside the years 2000 to 2199.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, String> {
        if (Self::FIRST..=Self::LAST).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err("expected a time in the years 2000 to 2199".to_owned())
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This time and `days` whole days of 86,400 seconds, or the last representable second.
    #[must_use]
    pub const fn plus_days(self, days: u16) -> Self {
        let seconds = self.0 + days as i64 * DAY;
        Self(if seconds > Self::LAST { Self::LAST } else { seconds })
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar; years start in March, so that leap days come last.
const fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

const fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_from_days(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl std::str::FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a UTC time such as 2026-11-24T09:30:00Z".to_owned();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let field = |from, to| number(from, to).ok_or_else(wrong);
        let days = days_from_date(field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let seconds = days * DAY + field(11, 13)? * 3600 + field(14, 16)? * 60 + field(17, 19)?;
        let time = Self::from_unix_seconds(seconds)?;
        // Writing it back refuses everything lenient at once: 30 February, second 60, other separators.
        if time.to_string() == text { Ok(time) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}
