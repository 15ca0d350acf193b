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

fn processor() -> Option<String> {
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
