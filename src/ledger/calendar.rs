//! Days and months of a time zone, in UTC hours.
//!
//! In: a zone and a moment. Out: where days begin. Zone data is built in; hours are whole, so that in a zone that is
//! half an hour off the hour in which a day begins belongs to the day before.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// A time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: TimeZone,
    name: String,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }
}

impl Calendar {
    /// The zone of a name, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// When there is none, with what would be right.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.is_empty() || name.eq_ignore_ascii_case("utc") {
            return Ok(Self::default());
        }
        let zone = jiff::tz::db().get(name).map_err(|_| {
            format!("`{name}` is not a time zone; a name such as UTC, Europe/Berlin or America/New_York would be right")
        })?;
        Ok(Self { zone, name: name.to_owned() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The date of a UTC hour.
    #[must_use]
    pub fn date(&self, hour: u32) -> Date {
        self.at(i64::from(hour) * 3600).date()
    }

    /// The date of a moment.
    #[must_use]
    pub fn date_of(&self, unix_seconds: i64) -> Date {
        self.at(unix_seconds).date()
    }

    /// The first UTC hour of a date.
    #[must_use]
    pub fn begin(&self, date: Date) -> u32 {
        let seconds = self.begin_seconds(date);
        u32::try_from((seconds + 3599).div_euclid(3600)).unwrap_or(0)
    }

    /// When a date begins, seconds since the Unix epoch.
    #[must_use]
    pub fn begin_seconds(&self, date: Date) -> i64 {
        date.to_zoned(self.zone.clone())
            .and_then(|zoned| zoned.start_of_day())
            .map_or(0, |zoned| zoned.timestamp().as_second())
    }

    /// The hour in which a text says that something begins: a date, RFC 3339, `today`, `month`, `week`, `7d`, `36h`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn hour_of(&self, text: &str, now: i64) -> Result<u32, String> {
        let today = self.date_of(now);
        let back = |end: char| text.strip_suffix(end).and_then(|count| count.parse::<i64>().ok());
        let hours = |seconds: i64| u32::try_from(seconds.div_euclid(3600)).unwrap_or(0);
        if let Some(days) = back('d').filter(|days| (0..=36_600).contains(days)) {
            return Ok(self.begin(today.checked_sub(days.days()).unwrap_or(today)));
        }
        if let Some(count) = back('h').filter(|count| (0..=1_000_000).contains(count)) {
            return Ok(hours(now - count * 3600));
        }
        match text {
            "now" => return Ok(hours(now) + 1),
            "today" => return Ok(self.begin(today)),
            "yesterday" => return Ok(self.begin(before(today))),
            "week" => return Ok(self.begin(monday(today))),
            "month" => return Ok(self.begin(today.first_of_month())),
            "last_month" => return Ok(self.begin(before(today.first_of_month()).first_of_month())),
            _ => {}
        }
        if let Ok(date) = text.parse::<Date>()
            && text.len() <= 10
        {
            return Ok(self.begin(date));
        }
        text.parse::<Timestamp>().map(|moment| hours(moment.as_second())).map_err(|_| {
            format!("`{text}` is no time; 2026-11-01, 2026-11-01T06:00:00Z, today, week, month, last_month, 7d or 36h would be right")
        })
    }

    fn at(&self, seconds: i64) -> Zoned {
        Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }
}

/// The day before.
#[must_use]
pub fn before(date: Date) -> Date {
    date.yesterday().unwrap_or(date)
}

/// The day after.
#[must_use]
pub fn after(date: Date) -> Date {
    date.tomorrow().unwrap_or(date)
}

/// The Monday of a week.
#[must_use]
pub fn monday(date: Date) -> Date {
    date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).unwrap_or(date)
}

/// The first day of the month after.
#[must_use]
pub fn next_month(date: Date) -> Date {
    after(date.last_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: days are those of the zone, 23 and 25 hours long where clocks change.
    #[test]
    fn days_are_as_long_as_in_the_zone() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        let hours = |year, month, day| {
            let date = Date::new(year, month, day).unwrap();
            berlin.begin(after(date)) - berlin.begin(date)
        };
        assert_eq!([hours(2026, 3, 29), hours(2026, 10, 25), hours(2026, 7, 1)], [23, 25, 24]);
        assert!(Calendar::named("Europe/Atlantis").unwrap_err().contains("Europe/Berlin"));
    }

    /// Scenario: zones that are a half or three quarters of an hour off, one of which changes its clocks by half an hour,
    /// over two years. Guarantees: each UTC hour is of one day, that in which it begins; no day is shorter than 23 hours
    /// or longer than 25.
    #[test]
    fn every_hour_is_of_one_day_in_odd_zones_too() {
        for zone in
            ["Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham"]
        {
            let calendar = Calendar::named(zone).unwrap();
            let mut day = Date::new(2026, 1, 1).unwrap();
            while day.year() < 2028 {
                let (begin, end) = (calendar.begin(day), calendar.begin(after(day)));
                assert!((23..=25).contains(&(end - begin)), "{zone} {day}: {} hours", end - begin);
                assert!((begin..end).all(|hour| calendar.date(hour) == day), "{zone} {day}");
                day = after(day);
            }
        }
    }

    /// Guarantees: the day on which a zone has no midnight begins when it begins.
    #[test]
    fn a_day_without_midnight_begins_at_one() {
        let calendar = Calendar::named("America/Asuncion").unwrap();
        let date = Date::new(2023, 10, 1).unwrap();
        assert_eq!(calendar.date(calendar.begin(date)), date);
        assert_eq!(calendar.begin(after(date)) - calendar.begin(date), 23);
    }

    #[test]
    fn times_are_written_in_many_ways() {
        let utc = Calendar::default();
        let now = "2026-11-18T13:30:00Z".parse::<Timestamp>().unwrap().as_second();
        let at = |text: &str| {
            let hour = utc.hour_of(text, now).unwrap();
            Timestamp::from_second(i64::from(hour) * 3600).unwrap().to_string()
        };
        assert_eq!(at("month"), "2026-11-01T00:00:00Z");
        assert_eq!(at("last_month"), "2026-10-01T00:00:00Z");
        assert_eq!(at("week"), "2026-11-16T00:00:00Z");
        assert_eq!(at("7d"), "2026-11-11T00:00:00Z");
        assert_eq!(at("36h"), "2026-11-17T01:00:00Z");
        assert_eq!(at("2026-11-02"), "2026-11-02T00:00:00Z");
        assert_eq!(at("2026-11-02T06:00:00+01:00"), "2026-11-02T05:00:00Z");
        assert!(utc.hour_of("soon", now).is_err());
    }
}
