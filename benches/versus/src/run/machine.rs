//! What the figures were taken on, as far as the system tells.

use crate::results::Machine;

pub fn look() -> Machine {
    Machine {
        processor: processor().unwrap_or_else(|| "unknown processor".into()),
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cache_bytes: cache(),
    }
}

/// How long all cores together have been busy since the system was started, in seconds, with what other guests of the
/// same host took. Linux only.
pub fn busy_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> =
        text.lines().next()?.split_whitespace().skip(1).map_while(|ticks| ticks.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; a hundred ticks a second on every architecture.
    let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks[..] else { return None };
    Some((user + nice + system + irq + softirq + steal) / 100.0)
}

fn processor() -> Option<String> {
    if cfg!(target_os = "macos") {
        let output = std::process::Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).output().ok()?;
        return Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|name| !name.is_empty());
    }
    if cfg!(windows) {
        return std::env::var("PROCESSOR_IDENTIFIER").ok();
    }
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The largest cache that the first processor uses.
fn cache() -> Option<u64> {
    let sizes = (0..8).map_while(|index| {
        std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size")).ok()
    });
    let bytes = sizes.filter_map(|size| size.trim().strip_suffix('K')?.parse::<u64>().ok());
    bytes.max().map(|kibibytes| kibibytes * 1024)
}
