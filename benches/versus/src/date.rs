//! Days and hours of a system clock, in UTC.

const DAY: u64 = 24 * 60 * 60;

/// `2026-11-26`, of seconds since 1970.
pub fn day(seconds: u64) -> String {
    // Years that begin in March end with the leap day; 400 of them have 146,097 days.
    let days = seconds / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!("{:04}-{month:02}-{day:02}", 400 * era + year)
}

/// `16:05`, of seconds since 1970.
pub fn time(seconds: u64) -> String {
    let minutes = seconds % DAY / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::{day, time};

    #[test]
    fn days_of_leap_years_and_of_others() {
        // As `date -u -d @SECONDS` has them.
        let known = [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_251_199, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, expected) in known {
            assert_eq!(day(seconds), expected);
        }
        assert_eq!(time(1_709_251_199), "23:59");
    }
}
