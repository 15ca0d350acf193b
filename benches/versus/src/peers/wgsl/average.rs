//! Averages as one would lay them out by hand on bare wgpu: four values a load, a thread for each row or each four
//! columns, or for a part of them, and a second pass over the parts. Sums are plain, in f64 where the adapter has it,
//! as ndgpu's are: what differs is the layout alone.

use std::rc::Rc;

use bytemuck::cast_slice;
use ndgpu::wgpu::{BufferUsages as Usages, Features};

use super::context::{Context, Kernel, by_kernels};
use crate::peers::arm::Arm;
use crate::peers::inputs::{Matrix, Weights};

/// Loads of one thread: software rasterisers end loops at 65,535.
const MOST_STEPS: usize = 32 << 10;
/// Loads of one thread where there are to be many threads.
const FEW_STEPS: usize = 512;
/// Threads, where there are to be few.
const FEW_THREADS: usize = 256;

const ROWS: &str = "
    @group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
    @group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;
    @group(0) @binding(2) var<storage, read_write> partials: array<vec2<Wide>>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let index = id.y * groups.x * 64u + id.x;
        if index >= LINES * PARTS { return; }
        let line = index / PARTS;
        let part = index % PARTS;
        let end = min((part + 1u) * STEPS, FOURS);
        var sum = vec4<Wide>();
        var weight = vec4<Wide>();
        for (var place = part * STEPS; place < end; place++) {
            let weights = vec4<Wide>(w[place]);
            sum += vec4<Wide>(a[line * FOURS + place]) * weights;
            weight += weights;
        }
        partials[part * LINES + line] =
            vec2(sum.x + sum.y + sum.z + sum.w, weight.x + weight.y + weight.z + weight.w);
    }";

const COLUMNS: &str = "
    @group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
    @group(0) @binding(1) var<storage, read> w: array<f32>;
    @group(0) @binding(2) var<storage, read_write> partials: array<vec2<Wide>>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let index = id.y * groups.x * 64u + id.x;
        if index >= FOURS * PARTS { return; }
        let part = index / FOURS;
        let four = index % FOURS;
        let end = min((part + 1u) * STEPS, PLACES);
        var sum = vec4<Wide>();
        var weight = Wide();
        for (var place = part * STEPS; place < end; place++) {
            sum += vec4<Wide>(a[place * FOURS + four]) * Wide(w[place]);
            weight += Wide(w[place]);
        }
        let first = part * LINES + 4u * four;
        for (var column = 0u; column < 4u; column++) { partials[first + column] = vec2(sum[column], weight); }
    }";

const FINISH: &str = "
    @group(0) @binding(0) var<storage, read> partials: array<vec2<Wide>>;
    @group(0) @binding(1) var<storage, read_write> averages: array<f32>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let line = id.y * groups.x * 64u + id.x;
        if line >= LINES { return; }
        var total = vec2<Wide>();
        for (var part = 0u; part < PARTS; part++) { total += partials[part * LINES + line]; }
        averages[line] = f32(total.x / total.y);
    }";

/// An arm for each layout; none for what the layouts are not written for.
pub fn arms(context: &Rc<Context>, matrix: &Matrix<f32>, axis: usize) -> Vec<Arm> {
    let (rows, columns) = matrix.a.dim();
    let Weights::Line(weights) = &matrix.weights else { return Vec::new() };
    if columns % 4 != 0 {
        return Vec::new();
    }
    // Threads without parts, and the loads of each.
    let (threads, steps) = if axis == 1 { (rows, columns / 4) } else { (columns / 4, rows) };
    let few = steps.div_ceil(MOST_STEPS).max(FEW_THREADS.div_ceil(threads)).min(steps);
    let many = steps.div_ceil(FEW_STEPS);
    let mut layouts = vec![few, many];
    layouts.dedup();
    let input = |values: &[f32]| context.buffer(cast_slice(values), Usages::STORAGE);
    let a = input(matrix.a.as_slice().expect("contiguous"));
    let w = input(weights.as_slice().expect("contiguous"));
    let lines = if axis == 1 { rows } else { columns };
    let wide = if context.device.features().contains(Features::SHADER_F64) { "f64" } else { "f32" };
    let arm = |parts: usize| {
        let written = |source: &str| {
            let each = steps.div_ceil(parts);
            let constants =
                [("LINES", lines), ("PARTS", parts), ("STEPS", each), ("FOURS", columns / 4), ("PLACES", rows)];
            let said: String = constants.map(|(name, value)| format!("const {name} = {value}u;\n")).concat();
            format!("alias Wide = {wide};\n{said}{source}")
        };
        let partials = context.empty((lines * parts * 16) as u64, Usages::STORAGE);
        let output = context.empty((lines * 4) as u64, Usages::STORAGE | Usages::COPY_SRC);
        let source = written(if axis == 1 { ROWS } else { COLUMNS });
        let sums = Kernel::new(context, &source, &[a.clone(), w.clone(), partials.clone()], threads * parts);
        let finish = Kernel::new(context, &written(FINISH), &[partials, output.clone()], lines);
        let call = format!("vec4 loads, plain sums in {wide}, two passes, WGSL");
        let arm = Arm::new(&format!("hand layout, {parts} a line"), call);
        by_kernels(context, arm, vec![sums, finish], output, lines)
    };
    layouts.into_iter().map(arm).collect()
}
