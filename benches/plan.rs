//! Plans and streams: a replay against the eager calls it was captured from, fused against eager and against reading
//! the queries alone, and a stream against the slowest of its stages.
//!
//!     cargo bench --bench plan
//!
//! The arms of a comparison take turns in one run, and are checked against each other before; figures are medians, with
//! the fastest and slowest beside them.

mod support;

use std::time::Instant;

use ndarray::{Array1, ArrayView1, Axis, Dimension, Ix1, Ix2};
use ndgpu::{Device, DeviceArray, InterpTable, Plan, PlanArrays, Result};
use support::{Engine, Random, engines};

/// How much is asked.
#[derive(Clone, Copy)]
struct Scale {
    rounds: usize,
    rows: usize,
    stream_bytes: usize,
}

fn main() -> Result<()> {
    // Only `cargo bench` says this; as a test everything runs once, small, for the checks alone.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    for engine in &engines() {
        let scale = match (is_bench, engine.name) {
            (false, _) => Scale { rounds: 1, rows: 50, stream_bytes: 4 << 20 },
            (true, "software") => Scale { rounds: 15, rows: 1_000, stream_bytes: 64 << 20 },
            (true, _) => Scale { rounds: 15, rows: 10_000, stream_bytes: 1 << 30 },
        };
        println!("\n## {}\n", engine.device.info());
        replay(engine, scale)?;
        fusion(engine, scale)?;
        stream(engine, scale)?;
    }
    Ok(())
}

/// Times in seconds, one for each round.
struct Times(Vec<f64>);

impl Times {
    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (least, most) = self.0.iter().fold((f64::MAX, 0.0_f64), |(least, most), &t| (least.min(t), most.max(t)));
        write!(f, "{} ({} to {})", human(self.median()), human(least), human(most))
    }
}

fn human(seconds: f64) -> String {
    if seconds < 1e-3 { format!("{:.0} us", seconds * 1e6) } else { format!("{:.2} ms", seconds * 1e3) }
}

/// The arms in turns, after one round that does not count.
fn in_turns<const N: usize>(rounds: usize, mut arms: [&mut dyn FnMut() -> Result<()>; N]) -> Result<[Times; N]> {
    let mut times = [(); N].map(|()| Times(Vec::new()));
    for round in 0..=rounds {
        for (arm, times) in arms.iter_mut().zip(&mut times) {
            let start = Instant::now();
            arm()?;
            if round > 0 {
                times.0.push(start.elapsed().as_secs_f64());
            }
        }
    }
    Ok(times)
}

/// Eager calls and a plan made of them, and how many times as long the calls take.
fn against<I: PlanArrays, O: PlanArrays>(
    device: &Device,
    rounds: usize,
    mut eager: impl FnMut() -> Result<()>,
    plan: &mut Plan<I, O>,
) -> Result<(Times, Times, f64)> {
    let mut calls = || {
        eager()?;
        device.synchronize()
    };
    let mut replay = || {
        plan.replay()?;
        device.synchronize()
    };
    let [eager, replayed] = in_turns(rounds, [&mut calls, &mut replay])?;
    let ratio = eager.median() / replayed.median();
    Ok((eager, replayed, ratio))
}

fn same<D: Dimension>(got: &DeviceArray<f32, D>, want: &DeviceArray<f32, D>) -> Result<()> {
    let (got, want) = (got.readback().wait()?, want.readback().wait()?);
    let close = got.view().iter().zip(want.view()).all(|(got, want)| (got - want).abs() <= 1e-5 * want.abs().max(1.0));
    assert!(close, "the arms do not agree: {got:?} instead of {want:?}");
    Ok(())
}

fn table(device: &Device, random: &mut Random, knots: usize) -> Result<InterpTable<f32>> {
    InterpTable::new(device, &random.knots::<f32>(knots), &random.array::<f32, _>(knots, 0.0, 1.0))
}

/// Ten operations on arrays of 1,000 elements.
fn replay(engine: &Engine, scale: Scale) -> Result<()> {
    let Engine { name, device } = engine;
    let mut random = Random(1);
    let x = device.upload(&random.array::<f32, _>(1_000, 0.0, 1.0))?;
    let weights = device.upload(&random.array::<f32, _>(1_000, 0.5, 1.0))?;
    let tables = (0..5).map(|_| table(device, &mut random, 64)).collect::<Result<Vec<_>>>()?;

    // Each needs the one before: nothing can be fused.
    let chain = |x: &DeviceArray<f32, Ix1>| {
        let mut y = x.clone();
        for table in tables.iter().cycle().take(8) {
            y = table.interp(&y)?;
        }
        y.reshape((10, 100))?.standardize_axis(Axis(1), 0.0)?.max_axis(Axis(1))
    };
    // Five calibrations of the same readings, and the weighted average of each.
    let averages = |x: &DeviceArray<f32, Ix1>| {
        let average = |table: &InterpTable<f32>| table.interp(x)?.average(&weights);
        Ok((
            (average(&tables[0])?, average(&tables[1])?, average(&tables[2])?),
            (average(&tables[3])?, average(&tables[4])?),
        ))
    };
    println!("| ten operations on 1,000 elements, {name} | kernels | eager | replayed | ratio |");
    println!("|---|---|---|---|---|");
    let mut plan = device.capture(&x, chain)?;
    same(&plan.replay()?, &chain(&x)?)?;
    let (eager, replayed, ratio) = against(device, scale.rounds * 20, || chain(&x).map(drop), &mut plan)?;
    println!("| one after another, nothing to fuse | {} | {eager} | {replayed} | {ratio:.2} |", plan.passes());

    let mut plan = device.capture(&x, averages)?;
    same(&plan.replay()?.1.1, &averages(&x)?.1.1)?;
    let (eager, replayed, ratio) = against(device, scale.rounds * 20, || averages(&x).map(drop), &mut plan)?;
    println!("| five lookups, each averaged, fused | {} | {eager} | {replayed} | {ratio:.2} |\n", plan.passes());
    Ok(())
}

/// Rows of 1,000 samples, looked up and averaged.
fn fusion(engine: &Engine, scale: Scale) -> Result<()> {
    let Engine { name, device } = engine;
    let mut random = Random(2);
    let (rows, columns) = (scale.rows, 1_000);
    let x = device.upload(&random.array::<f32, _>((rows, columns), 0.0, 1.0))?;
    let weights = device.upload(&random.array::<f32, _>(columns, 0.5, 1.0))?;
    let gigabytes = (rows * columns * size_of::<f32>()) as f64 / 1e9;

    println!("| {rows} rows of 1,000, {name} | eager | fused | ratio | reading the queries alone | fused reads at |");
    println!("|---|---|---|---|---|---|");
    for knots in [4, 16, 1_024, 65_536] {
        let table = table(device, &mut random, knots)?;
        let compute = |x: &DeviceArray<f32, Ix2>| table.interp_rows(x)?.average_axis(Axis(1), &weights);
        let mut plan = device.capture(&x, compute)?;
        assert_eq!(plan.fused(), 1, "{plan}");
        same(&plan.replay()?, &compute(&x)?)?;
        let [eager, fused, floor] = in_turns(
            scale.rounds,
            [
                &mut || {
                    compute(&x)?;
                    device.synchronize()
                },
                &mut || {
                    plan.replay()?;
                    device.synchronize()
                },
                &mut || {
                    x.sum_axis(Axis(1))?;
                    device.synchronize()
                },
            ],
        )?;
        let (ratio, speed) = (eager.median() / fused.median(), gigabytes / fused.median());
        println!("| {knots} knots | {eager} | {fused} | {ratio:.2} | {floor} | {speed:.2} GB/s |");
    }
    // A table for each row, all of them asked the same.
    let fp = random.array::<f32, _>((rows, 16), 0.0, 1.0);
    let table = InterpTable::new(device, &random.knots::<f32>(16), &fp)?;
    let grid = device.upload(&random.array::<f32, _>(columns, 0.0, 1.0))?;
    let compute = |x: &DeviceArray<f32, Ix1>| table.interp_rows(x)?.average_axis(Axis(1), &weights);
    let mut plan = device.capture(&grid, compute)?;
    same(&plan.replay()?, &compute(&grid)?)?;
    let (eager, fused, ratio) = against(device, scale.rounds, || compute(&grid).map(drop), &mut plan)?;
    println!("| 16 knots, a table a row, the same queries for all | {eager} | {fused} | {ratio:.2} | | |");

    let mut plan = device.capture(&x, |x| x.standardize_axis(Axis(1), 0.0))?;
    let [statistics, standardized, returned, averaged] = in_turns(
        scale.rounds,
        [
            &mut || {
                x.mean_axis(Axis(1))?;
                x.std_axis(Axis(1), 0.0)?;
                device.synchronize()
            },
            &mut || {
                plan.replay()?;
                device.synchronize()
            },
            &mut || {
                x.average_axis_returned(Axis(1), &weights)?;
                device.synchronize()
            },
            &mut || {
                x.average_axis(Axis(1), &weights)?;
                device.synchronize()
            },
        ],
    )?;
    println!("\nStandardizing the rows: {standardized}; their means and deviations alone, as two calls: {statistics}.");
    println!("Averages with the sums of their weights: {returned}; without: {averaged}.\n");
    Ok(())
}

/// Chunks of 16 MiB through a table, against the same steps alone.
fn stream(engine: &Engine, scale: Scale) -> Result<()> {
    let Engine { name, device } = engine;
    let mut random = Random(3);
    let chunk: Array1<f32> = random.array((4 << 20).min(scale.stream_bytes / 4), 0.0, 1.0);
    let count = scale.stream_bytes / size_of::<f32>() / chunk.len();
    let table = table(device, &mut random, 1_024)?;
    let views = || std::iter::repeat_n(chunk.view(), count);
    let resident = device.upload(&chunk)?;
    let landed = |stream: &mut dyn Iterator<Item = Result<ndgpu::HostArray<f32, Ix1>>>| -> Result<f32> {
        let mut last = 0.0;
        for result in stream {
            last = result?.view()[chunk.len() - 1];
        }
        Ok(last)
    };
    let want = table.interp(&resident)?.readback().wait()?.view()[chunk.len() - 1];
    assert_eq!(landed(&mut device.stream(views(), |x: &DeviceArray<f32, Ix1>| table.interp(x)))?, want);

    let rounds = scale.rounds.min(3);
    let [upload, compute, readback, streamed] = in_turns(
        rounds,
        [
            &mut || {
                (0..count).try_for_each(|_| device.upload(&chunk).map(drop))?;
                device.synchronize()
            },
            &mut || {
                (0..count).try_for_each(|_| table.interp(&resident).map(drop))?;
                device.synchronize()
            },
            &mut || (0..count).try_for_each(|_| touch(resident.readback().wait()?.view())),
            &mut || landed(&mut device.stream(views(), |x: &DeviceArray<f32, Ix1>| table.interp(x))).map(drop),
        ],
    )?;
    let slowest = upload.median().max(compute.median()).max(readback.median());
    let all = upload.median() + compute.median() + readback.median();
    println!("| {} MiB through a table of 1,024 knots, {name} | time |", scale.stream_bytes >> 20);
    println!("|---|---|");
    println!("| uploads alone | {upload} |\n| lookups alone | {compute} |\n| readbacks alone | {readback} |");
    println!("| streamed, end to end | {streamed} |");
    println!(
        "\nThe slowest stage is {:.2} of the stream, all three together {:.2}.",
        slowest / streamed.median(),
        all / streamed.median()
    );
    Ok(())
}

/// Looks at what has landed, as the arm of the stream does.
fn touch(landed: ArrayView1<'_, f32>) -> Result<()> {
    std::hint::black_box(landed[landed.len() - 1]);
    Ok(())
}
