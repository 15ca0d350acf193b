//! What the device, the machine and this program are.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ndgpu::{Accumulator, Device, DeviceInfo, wgpu};

use crate::args::Args;
use crate::findings::{Facts, Finding};
use crate::gpu;
use crate::outcome::Outcome;

pub fn look(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let processor = processor();
    let mut facts = Facts { began, build: build(args), host: host(&processor), processor, ..Facts::default() };
    // Told before any driver is loaded: a driver that crashes takes the rest with it.
    tell(Finding::Facts(Box::new(facts.clone())));
    let start = Instant::now();
    let chosen = gpu::chosen(args.adapter.as_deref());
    let opening = start.elapsed().as_secs_f64();
    let listed = Device::builder().allow_software(true).available();
    facts.adapters = listed.iter().map(ToString::to_string).collect();
    match chosen.and_then(|_| gpu::open(args.adapter.as_deref())) {
        Ok(gpu) => {
            let info = gpu.device.info();
            facts.device_name = info.name.clone();
            facts.software = gpu.is_software();
            facts.device = device(info);
            facts.timestamps = gpu.raw.features().contains(wgpu::Features::TIMESTAMP_QUERY);
            let mut more = |name: &str, value: String| facts.device.push((name.into(), value));
            more("timestamps", yes_no(facts.timestamps));
            more("nanoseconds a tick", gpu.queue.get_timestamp_period().to_string());
            let limits = gpu.raw.limits();
            more("invocations a workgroup", limits.max_compute_invocations_per_workgroup.to_string());
            more("workgroup memory", format!("{} bytes", limits.max_compute_workgroup_storage_size));
            if let Ok(adapter) = gpu::adapter_of(info) {
                let about = adapter.get_info();
                more("invocations a subgroup", format!("{} to {}", about.subgroup_min_size, about.subgroup_max_size));
                more("vendor and device", format!("{:#06x}, {:#06x}", about.vendor, about.device));
                facts.features = adapter.features().iter_names().map(|(name, _)| name.to_owned()).collect();
            }
            more("found and opened, drivers loaded, in", format!("{:.0} ms", opening * 1e3));
        }
        Err(reason) => facts.device_missing = Some(reason),
    }
    tell(Finding::Facts(Box::new(facts)));
    Ok(())
}

/// Everything that ndgpu says of a device.
fn device(info: &DeviceInfo) -> Vec<(String, String)> {
    let bytes = |bytes: u64| format!("{bytes} bytes ({:.2} GiB)", bytes as f64 / (1_u64 << 30) as f64);
    let arithmetic = info.arithmetic.map_or("not tested".to_owned(), |arithmetic| arithmetic.to_string());
    let all = [
        ("name", info.name.clone()),
        ("kind", info.kind.to_string()),
        ("backend", info.backend.map_or("none".to_owned(), |backend| backend.to_string())),
        ("driver", info.driver.clone()),
        ("unified memory", yes_no(info.unified_memory)),
        ("64-bit floats", yes_no(info.supports_f64)),
        ("compensated sums are exact", yes_no(info.compensated_sums)),
        ("arithmetic", arithmetic),
        ("sums of f32 are kept in", accumulator(info)),
        ("largest buffer", bytes(info.limits.max_buffer_bytes)),
        ("largest binding", bytes(info.limits.max_binding_bytes)),
        ("workgroups a dimension", info.limits.max_workgroups_per_dimension.to_string()),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

/// How sums of f32 are kept on this device.
fn accumulator(info: &DeviceInfo) -> String {
    let kept = info.accumulator.map_or("not known before it is open".to_owned(), |kept| kept.to_string());
    match info.compensated_sums || info.accumulator == Some(Accumulator::Float64) {
        true => kept,
        false => format!("{kept}, whose compensation this driver optimises away"),
    }
}

fn host(processor: &str) -> Vec<(String, String)> {
    let cpu = Device::cpu();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut all = vec![
        ("processor".to_owned(), processor.to_owned()),
        ("threads".to_owned(), std::thread::available_parallelism().map_or(1, usize::from).to_string()),
        ("CPU engine".to_owned(), format!("{}, vectors: {}", cpu.info().driver, vectors())),
        ("system".to_owned(), system),
    ];
    let line = |path: &str, start: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(start))?.to_owned();
        Some(line.trim_start_matches(start).trim_matches(|sign| " \t:=\"".contains(sign)).to_owned())
    };
    let more = [
        ("distribution", line("/etc/os-release", "PRETTY_NAME")),
        ("kernel", line("/proc/sys/kernel/osrelease", "")),
        ("memory", line("/proc/meminfo", "MemTotal")),
        ("load before", line("/proc/loadavg", "")),
        ("NVIDIA's driver", line("/proc/driver/nvidia/version", "NVRM version")),
    ];
    all.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    for name in ["NDGPU_DEVICE", "WGPU_BACKEND", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "LD_LIBRARY_PATH"] {
        all.extend(std::env::var(name).ok().map(|value| (name.to_owned(), value)));
    }
    all
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    named.map_or("unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The widest that the CPU engine uses here, by the rule that it goes by.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if pulp::x86::V4::try_new().is_some() {
            return "AVX-512";
        }
        if pulp::x86::V3::try_new().is_some() {
            return "AVX2";
        }
    }
    "one lane"
}

/// What `scripts/gpu-report --pack` wrote down of the sources and the compiler.
fn build(args: &Args) -> Vec<(String, String)> {
    let read = || {
        let text = std::fs::read_to_string(args.pack.join("pack.json")).ok()?;
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).ok()
    };
    let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match read() {
        Some(known) => known.into_iter().map(|(name, value)| (name, text(value))).collect(),
        None => vec![("pack.json".to_owned(), "not found: commit and compiler are not known".to_owned())],
    }
}

fn yes_no(holds: bool) -> String {
    if holds { "yes".into() } else { "no".into() }
}
