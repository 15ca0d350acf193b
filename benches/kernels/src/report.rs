//! The figures as a table, as data, and against bars.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::devices::DEVICES;
use crate::kernels::KERNELS;
use crate::{Family, Figures};

/// The family whose figures stand for devices of other makers, and that bars are for.
const BY_RULE: &str = "navi21";
/// Waves a SIMD where registers do not limit them.
fn most_waves(family: &str) -> f64 {
    match family {
        "vega10" => 10.0,
        "navi21" => 32.0,
        _ => 32.0,
    }
}

type Families = BTreeMap<String, Family>;

fn figures<'a>(families: &'a Families, family: &str, workload: &str) -> Option<&'a Figures> {
    families.get(family)?.get(workload)
}

/// By device: of its bandwidth, and what binds; `None` where there is no f64.
fn predictions(
    families: &Families,
    kernel: &crate::kernels::Kernel,
) -> Vec<(&'static str, Option<(f64, &'static str)>)> {
    let of_device = |device: &crate::devices::Device| {
        let family = device.family.unwrap_or(BY_RULE);
        let figures = figures(families, family, kernel.workload)?;
        let found = device.predict(&figures.expected, kernel, figures.waves as f64 / most_waves(family))?;
        Some((found.share, found.bound_by))
    };
    DEVICES.iter().map(|device| (device.name, of_device(device))).collect()
}

pub fn json(families: &Families) -> Result<String, String> {
    let mut workloads = serde_json::Map::new();
    for kernel in KERNELS {
        let devices = predictions(families, kernel).into_iter().filter_map(|(name, found)| {
            let (share, bound_by) = found?;
            Some((name.to_owned(), json!({ "share_of_bandwidth": (share * 1e3).round() / 1e3, "bound_by": bound_by })))
        });
        let devices: serde_json::Map<String, Value> = devices.collect();
        workloads.insert(
            kernel.workload.into(),
            json!({ "kernel": kernel.name, "bytes_per_element": kernel.bytes, "devices": devices }),
        );
    }
    let all = json!({ "workloads": workloads, "families": families });
    serde_json::to_string_pretty(&all).map(|text| text + "\n").map_err(|error| error.to_string())
}

pub fn markdown(families: &Families) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{HEAD}\n");
    let columns = "| workload | registers | waves a SIMD | vector instructions | of them f64 | loads: 4, 8, 16 bytes | \
                   in flight | cycles |\n|---|---|---|---|---|---|---|---|";
    for (family, kernels) in families {
        let _ = writeln!(text, "### {family}\n\n{columns}");
        for kernel in KERNELS {
            let Some(Figures { registers, waves, hot, expected, .. }) = kernels.get(kernel.workload) else { continue };
            let each = |count: u32| f64::from(count) / kernel.elements;
            let [four, eight, sixteen] = hot.loads;
            let _ = writeln!(
                text,
                "| {} | {registers} | {waves} | {:.1} | {:.1} | {four}, {eight}, {sixteen} | {} | {:.1} |",
                kernel.workload,
                each(expected.vector),
                each(expected.f64),
                expected.in_flight,
                each(expected.cycles),
            );
        }
        let _ = writeln!(text);
    }
    let _ = writeln!(text, "## Predicted share of bandwidth\n");
    let names: Vec<_> = DEVICES.iter().map(|device| device.name).collect();
    let _ = writeln!(text, "| workload | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for kernel in KERNELS {
        let cells = predictions(families, kernel).into_iter().map(|(_, found)| match found {
            Some((share, "memory")) => format!("{:.0} %", 100.0 * share),
            Some((share, bound_by)) => format!("{:.0} %, {bound_by}", 100.0 * share),
            None => "no f64".into(),
        });
        let _ = writeln!(text, "| {} | {} |", kernel.workload, cells.collect::<Vec<_>>().join(" | "));
    }
    text
}

const HEAD: &str = "# Kernels, as a GPU's compiler sees them

Written by `scripts/kernel-report`. Mesa's RADV compiles the kernels that GPU hardware gets, with the options that wgpu
has on such a device, for AMD GPUs that need not be there; nothing runs. What the kernels do is said in
[DESIGN.md](DESIGN.md#why-other-kernels-for-hardware).

## A turn of the hot loop

Figures are an element, or a query; loads are a turn of one invocation, and \"in flight\" are those that are asked for
before the first is waited for. Cycles are those in which a wave's vector instructions are issued: 1 each, 4 for
reciprocals and roots, 16 for f64 (32 on gfx1100). For interpolation, the whole program and as many turns of its walk
as the longest of a wave's queries takes.";

/// The bars that are not met.
pub fn missed(families: &Families) -> Vec<String> {
    let mut missed = Vec::new();
    for (family, kernels) in families {
        for kernel in KERNELS {
            let Some(figures) = kernels.get(kernel.workload) else { continue };
            let mut hold = |holds: bool, what: String| {
                if !holds {
                    missed.push(format!("{} ({}) on {family}: {what}", kernel.workload, kernel.name));
                }
            };
            hold(figures.spills == 0, format!("{} registers spilled, 0 allowed", figures.spills));
            hold(figures.scratch == 0, format!("{} bytes of scratch memory, 0 allowed", figures.scratch));
            if family != BY_RULE {
                continue;
            }
            let vector = f64::from(figures.expected.vector) / kernel.elements;
            let bars = kernel.bars;
            hold(vector <= bars.vector, format!("{vector:.1} vector instructions, {} allowed", bars.vector));
            let in_flight = figures.expected.in_flight;
            hold(in_flight >= bars.in_flight, format!("{in_flight} loads in flight, {} wanted", bars.in_flight));
            hold(figures.waves >= bars.waves, format!("{} waves a SIMD, {} wanted", figures.waves, bars.waves));
        }
    }
    missed
}

/// Cycles beside those of an earlier `--json`.
pub fn compared(families: &Families, baseline: &str) -> Result<String, String> {
    let baseline: Value = serde_json::from_str(baseline).map_err(|error| error.to_string())?;
    let mut text = String::new();
    for (family, kernels) in families {
        for kernel in KERNELS {
            let now = kernels.get(kernel.workload).map(|figures| f64::from(figures.expected.cycles));
            let before = baseline["families"][family.as_str()][kernel.workload]["expected"]["cycles"].as_f64();
            if let (Some(now), Some(before)) = (now, before) {
                let _ = writeln!(text, "{family} {}: {:.2} of the cycles before", kernel.workload, now / before);
            }
        }
    }
    Ok(text)
}
