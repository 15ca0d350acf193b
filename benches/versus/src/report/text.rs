//! Numbers and sentences as tables and charts print them.

pub fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

pub fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 1e-6 => (seconds * 1e9, "ns"),
        seconds if seconds < 1e-3 => (seconds * 1e6, "µs"),
        seconds if seconds < 1.0 => (seconds * 1e3, "ms"),
        seconds => (seconds, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

/// `100 ns`, for axes.
pub fn time_short(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 0.999e-6 => (seconds * 1e9, "ns"),
        seconds if seconds < 0.999e-3 => (seconds * 1e6, "µs"),
        seconds => (seconds * 1e3, "ms"),
    };
    format!("{} {unit}", (value * 1e3).round() / 1e3)
}

pub fn size(bytes: f64) -> String {
    let (value, unit) = match bytes {
        bytes if bytes < 1e6 => (bytes / 1e3, "kB"),
        bytes if bytes < 1e9 => (bytes / 1e6, "MB"),
        bytes => (bytes / 1e9, "GB"),
    };
    format!("{} {unit}", three_digits(value))
}

pub fn factor(value: f64) -> String {
    three_digits(value)
}

fn three_digits(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

pub fn exponent(error: f64) -> String {
    if error == 0.0 { "0".into() } else { format!("{error:.0e}") }
}

/// One line, and no bar that would end a cell.
pub fn escape(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace('|', "\\|");
    if text.chars().count() <= 240 {
        return text;
    }
    let cut: String = text.chars().take(240).collect();
    format!("{cut}…")
}
