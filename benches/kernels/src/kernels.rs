//! The kernels that matter: which of the exported ones hardware gets for a workload, how many elements a turn of its
//! hot loop takes, and what is asked of it.

/// A workload, and the kernel that `src/kernels/*/gpu*` choose for it on a discrete GPU.
pub struct Kernel {
    /// As `predictions.json` and the report of a GPU name it.
    pub workload: &'static str,
    pub name: &'static str,
    /// Elements, or queries, that an invocation takes in a turn; where there is no loop, altogether.
    pub elements: f64,
    /// Bytes that each moves between memory and the device at least: values read, results written.
    pub bytes: f64,
    /// Places of a table that each is fetched from, on average.
    pub gathers: f64,
    /// Turns of the loop that a wave is expected to take, beside the rest of the program once; `None`: the rest does
    /// not count, because the loop turns often.
    pub turns: Option<f64>,
    pub bars: Bars,
}

/// What `--check` holds a kernel to, on navi21.
#[derive(Clone, Copy)]
pub struct Bars {
    /// Vector instructions an element, at the most.
    pub vector: f64,
    /// Loads under way before the first wait, at the least.
    pub in_flight: u32,
    /// Waves a SIMD, at the least.
    pub waves: u64,
}

const fn loop_of(workload: &'static str, name: &'static str, bytes: f64, bars: Bars) -> Kernel {
    // A lane takes sixteen values: shaders/reduce/lanes.wgsl.
    Kernel { workload, name, elements: 16.0, bytes, gathers: 0.0, turns: None, bars }
}

const fn bars(vector: f64, in_flight: u32, waves: u64) -> Bars {
    Bars { vector, in_flight, waves }
}

/// Sums are those in two f32, which every device has that fuses; `DeviceInfo::accumulator` says where f64 was faster.
pub const KERNELS: &[Kernel] = &[
    loop_of("average_f32_rows", "reduce_f32_Fused_Weighted_LanesAlong_Along_FourRows_ByFour", 4.0, bars(11.5, 5, 16)),
    loop_of(
        "average_f32_columns",
        "reduce_f32_Fused_Weighted_LanesAcross_Along_FourRows_ByFour",
        4.0,
        bars(11.5, 5, 16),
    ),
    loop_of("average_f32_full", "reduce_f32_Fused_Weighted_LanesAlong_FourRows_ByFour", 8.0, bars(17.5, 8, 12)),
    loop_of("average_f32_odd_rows", "reduce_f32_Fused_Weighted_LanesAlong_Along_FourRows", 4.0, bars(13.0, 16, 16)),
    loop_of("average_f32_wide", "reduce_f32_Widened_Weighted_LanesAlong_Along_FourRows_ByFour", 4.0, bars(4.0, 5, 16)),
    loop_of("sum_f32_rows", "reduce_f32_Fused_Sum_LanesAlong_FourRows_ByFour", 4.0, bars(8.5, 4, 16)),
    loop_of("sum_f32_everything", "reduce_f32_Fused_Sum_LanesAlong_ByFour", 4.0, bars(8.5, 4, 16)),
    loop_of("var_f32_rows", "reduce_f32_Fused_Moments_LanesAlong_FourRows_ByFour", 4.0, bars(18.0, 4, 16)),
    loop_of("min_f32_rows", "reduce_f32_Compensated_ExtremeValue_LanesAlong_FourRows_ByFour", 4.0, bars(19.5, 4, 16)),
    loop_of("average_f64_rows", "reduce_f64_Fused_Weighted_LanesAlong_Along_FourRows_ByFour", 8.0, bars(16.5, 8, 10)),
    loop_of(
        "average_f64_columns",
        "reduce_f64_Fused_Weighted_LanesAcross_Along_FourRows_ByFour",
        8.0,
        bars(16.5, 8, 10),
    ),
    Kernel {
        workload: "average_f32_short_rows",
        name: "reduce_f32_Fused_Weighted_LanesAlong_Along_FourRows_ByFour",
        elements: 16.0,
        bytes: 4.0,
        gathers: 0.0,
        // Each instruction of the program once: an upper bound, since rows of one length take one of its endings.
        turns: Some(1.0),
        bars: bars(100.0, 5, 16),
    },
    Kernel {
        workload: "interp_f32_even",
        name: "interp_f32_One_10011_Even_3",
        elements: 4.0,
        bytes: 8.0,
        gathers: 1.0,
        // Some query of a wave lies in the segment beside, one time in a few.
        turns: Some(1.5),
        bars: bars(60.0, 4, 20),
    },
    Kernel {
        workload: "interp_f32_random_1024",
        name: "interp_f32_One_10011_Walk_3",
        elements: 4.0,
        bytes: 8.0,
        gathers: 2.25,
        // The longest walk among 128 queries, where buckets have half a knot.
        turns: Some(3.5),
        bars: bars(80.0, 4, 20),
    },
    Kernel {
        workload: "interp_f32_random_65536",
        name: "interp_f32_One_10011_Walk_3",
        elements: 4.0,
        bytes: 8.0,
        gathers: 2.25,
        // The longest walk among 128 queries, where buckets have half a knot.
        turns: Some(3.5),
        bars: bars(80.0, 4, 20),
    },
    Kernel {
        workload: "interp_f64_random_65536",
        name: "interp_f64_One_10011_Walk_3",
        elements: 4.0,
        bytes: 16.0,
        gathers: 2.25,
        turns: Some(3.5),
        bars: bars(110.0, 8, 16),
    },
    Kernel {
        workload: "searchsorted_f32",
        name: "searchsorted_f32_quads_bucket_3",
        elements: 4.0,
        bytes: 8.0,
        gathers: 4.0,
        turns: None,
        bars: bars(60.0, 4, 20),
    },
    Kernel {
        workload: "standardize_f32",
        name: "standardize_f32",
        elements: 1.0,
        bytes: 8.0,
        gathers: 0.0,
        turns: None,
        bars: bars(80.0, 1, 16),
    },
];
