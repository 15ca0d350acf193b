//! Devices whose figures are public, and what a kernel's figures come to on them.
//!
//! The model: a kernel moves its bytes at the device's bandwidth, or issues its instructions at the device's rate, or
//! has too few bytes under way for the latency of memory (Little's law), or fetches from as many places of a table as
//! its first caches have cycles, whichever takes longest. It knows nothing of misses: tables are taken to lie in
//! caches.

use crate::assembly::Counts;
use crate::kernels::Kernel;

/// Public figures: the makers' product pages and architecture whitepapers ("RDNA 2", "RDNA 3" and "Vega" of AMD, "Ada"
/// and "Hopper" of NVIDIA, "Xe-HPG" of Intel, and Apple's of M2).
pub struct Device {
    pub name: &'static str,
    /// GB/s.
    pub bandwidth: f64,
    /// Vector instructions on one lane, in 1e12 a second: half of the FLOPS that are advertised for multiply-adds.
    pub lanes: f64,
    /// How much longer an instruction on f64 takes.
    pub f64_factor: f64,
    /// Invocations that the device has room for, where registers do not limit them.
    pub invocations: f64,
    /// Of memory, in ns: measured by others, to a third.
    pub latency: f64,
    /// Places of a table fetched in a ns: one a cycle and multiprocessor (compute unit, core).
    pub gathers: f64,
    /// The family whose code is counted; `None`: by rule, navi21's.
    pub family: Option<&'static str>,
}

pub const DEVICES: &[Device] = &[
    Device {
        name: "Radeon RX 6800 XT",
        bandwidth: 512.0,
        lanes: 10.4,
        f64_factor: 16.0,
        invocations: 147_456.0,
        latency: 600.0,
        gathers: 162.0,
        family: Some("navi21"),
    },
    Device {
        name: "Radeon RX 7900 XTX",
        bandwidth: 960.0,
        lanes: 30.7,
        f64_factor: 32.0,
        invocations: 196_608.0,
        latency: 600.0,
        gathers: 240.0,
        family: Some("gfx1100"),
    },
    Device {
        name: "Radeon RX Vega 64",
        bandwidth: 484.0,
        lanes: 6.3,
        f64_factor: 16.0,
        invocations: 163_840.0,
        latency: 800.0,
        gathers: 96.0,
        family: Some("vega10"),
    },
    Device {
        name: "Arc A770",
        bandwidth: 560.0,
        lanes: 9.8,
        f64_factor: f64::INFINITY,
        invocations: 65_536.0,
        latency: 700.0,
        gathers: 67.0,
        family: None,
    },
    Device {
        name: "GeForce RTX 4090",
        bandwidth: 1008.0,
        lanes: 41.3,
        f64_factor: 64.0,
        invocations: 196_608.0,
        latency: 600.0,
        gathers: 320.0,
        family: None,
    },
    Device {
        name: "NVIDIA H100",
        bandwidth: 3350.0,
        lanes: 33.5,
        f64_factor: 2.0,
        invocations: 270_336.0,
        latency: 700.0,
        gathers: 224.0,
        family: None,
    },
    Device {
        name: "Apple M2",
        bandwidth: 100.0,
        lanes: 1.8,
        f64_factor: f64::INFINITY,
        invocations: 24_576.0,
        latency: 500.0,
        gathers: 14.0,
        family: None,
    },
];

/// Of the bandwidth that a kernel takes, and what it waits for.
pub struct Prediction {
    pub share: f64,
    pub bound_by: &'static str,
}

impl Device {
    /// For a kernel whose turn takes so many elements, and moves so many bytes for each.
    ///
    /// `occupancy` is the part of the device's invocations that registers leave room for.
    pub fn predict(&self, counts: &Counts, kernel: &Kernel, occupancy: f64) -> Option<Prediction> {
        let Kernel { elements, bytes, gathers, .. } = *kernel;
        let plain = f64::from(counts.vector - counts.f64) + self.f64_factor * f64::from(counts.f64);
        if counts.f64 > 0 && self.f64_factor.is_infinite() {
            return None;
        }
        // Nanoseconds an element.
        let memory = bytes / self.bandwidth;
        let arithmetic = plain / elements / (self.lanes * 1e3);
        let under_way = f64::from(counts.bytes()).min(16.0 * f64::from(counts.in_flight));
        let latency = bytes * self.latency / (under_way * self.invocations * occupancy);
        let (slowest, bound_by) = [
            (memory, "memory"),
            (arithmetic, if counts.f64 > 0 { "f64" } else { "arithmetic" }),
            (latency, "latency"),
            (gathers / self.gathers, "gathers"),
        ]
        .into_iter()
        .fold((0.0, "memory"), |worst, one| if one.0 > worst.0 { one } else { worst });
        Some(Prediction { share: memory / slowest, bound_by })
    }
}
