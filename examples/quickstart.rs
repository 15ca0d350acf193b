//! Yearly means of a real, irregular time series, with every copy between host and device on show.
//!
//!     cargo run --release --example quickstart
//!
//! Weekly samples of CO2 in the air at Mauna Loa (with gaps) are interpolated to a regular grid, a row for each year,
//! and each row is averaged. Of all that only the averages come back: one number a year instead of a whole grid.

use std::time::{Duration, Instant};

use ndarray::{Array1, Array2, Axis};
use ndgpu::{Device, DeviceKind, InterpTable, TransferCost};

/// The samples are part of the program, so that it runs from any folder. Their origin: `examples/data/README.md`.
const SAMPLES: &str = include_str!("data/mauna_loa_co2.csv");

/// The whole calendar years of the record. It ends on 2001-12-29, three days short of another.
const FIRST_YEAR: usize = 1959;
const YEARS: usize = 42;

/// Points in a year's row: about one every six hours, from New Year to New Year, both included.
const POINTS: usize = 1461;

/// Time is counted from here: subtracted in f64, before anything is rounded to f32. An f32 near 1980 steps by an hour;
/// one near 0 to 22 steps by a minute or less.
const ORIGIN: f64 = 1980.0;

fn main() -> ndgpu::Result<()> {
    // A GPU if there is one, else all cores of the CPU. NDGPU_DEVICE overrides that.
    let device = Device::new()?;
    println!("Device: {}", device.info());
    println!(
        "Another one: set NDGPU_DEVICE to cpu, gpu, software or part of a name (the example `devices` lists them)"
    );

    let on_cpu = device.info().kind == DeviceKind::Cpu;

    // On the host: the samples as they are, and the grid on which they are wanted.
    let (years, ppm) = parse(SAMPLES);
    let grid = Array2::from_shape_fn((YEARS, POINTS), |(year, point)| {
        let part_of_year = point as f64 / (POINTS - 1) as f64;
        (FIRST_YEAR as f64 + year as f64 + part_of_year - ORIGIN) as f32
    });
    // The trapezoid rule: each New Year is the last point of one row and the first of the next, and counts half in
    // each.
    let mut weights = Array1::from_elem(POINTS, 1.0_f32);
    weights[0] = 0.5;
    weights[POINTS - 1] = 0.5;

    // To the device. A query outside the record would become NaN and not pass for a measurement.
    let mut transfers = Transfers::of(&device);
    let table = InterpTable::builder(&years, &ppm).left(f32::NAN).right(f32::NAN).build(&device)?;
    transfers.uploaded("table of samples, with its index");
    let grid = device.upload(&grid)?;
    transfers.uploaded("grid of times");
    let weights = device.upload(&weights)?;
    transfers.uploaded("weights");

    // On the device. Neither call moves any data, and on a GPU both return before the work is done.
    let start = Instant::now();
    let co2 = table.interp(&grid)?;
    let means = co2.average_axis(Axis(1), &weights)?;
    // Results need no such wait. It is here so that the times below tell computing from copying.
    device.synchronize()?;
    let computing = start.elapsed();

    // Back. The array of means is given up, so where host and device share their memory it need not be copied at all.
    let readback = means.into_readback();
    let predicted = readback.cost();
    let means = readback.wait()?;
    transfers.read_back("yearly means", predicted);

    println!("\nYear     ppm  growth");
    for (year, mean) in means.view().iter().enumerate() {
        print!("{}  {mean:6.2}", FIRST_YEAR + year);
        match year.checked_sub(1) {
            Some(before) => println!("  {:+6.2}", mean - means.view()[before]),
            None => println!(),
        }
    }

    transfers.print();
    let compiling = if on_cpu { "" } else { " (the shaders were compiled on the way)" };
    let values = grouped((YEARS * POINTS) as u64);
    println!("\nComputing {values} values and {YEARS} means of them took {}{compiling}.", milliseconds(computing));

    // What was saved. A readback knows its price before it is paid, and this one is paid only to compare.
    let start = Instant::now();
    let readback = co2.readback();
    let cost = readback.cost();
    let whole = readback.wait()?;
    let time = start.elapsed();
    println!("\nThe whole interpolated grid stayed on the device. A second readback would have cost");
    println!("  predicted {:>9} bytes, {}", grouped(cost.bytes), cost.path);
    println!("  measured  {:>9} bytes, {}, {}", grouped(whole.cost().bytes), whole.cost().path, milliseconds(time));
    if on_cpu {
        println!("  (\"shared\" means that nothing is copied: on the CPU engine host and device are the same memory)");
    }
    Ok(())
}

/// Decimal years since [`ORIGIN`], and parts per million.
fn parse(csv: &str) -> (Vec<f32>, Vec<f32>) {
    let number = |field: Option<&str>| field.and_then(|text| text.parse::<f64>().ok()).expect("a number in each field");
    let rows = csv.lines().skip(1).map(|line| {
        let mut fields = line.split(',').skip(1);
        (number(fields.next()), number(fields.next()))
    });
    rows.map(|(year, ppm)| ((year - ORIGIN) as f32, ppm as f32)).unzip()
}

/// What was moved, step by step, told from the device's own ledger.
struct Transfers<'a> {
    device: &'a Device,
    before: ndgpu::TransferStats,
    steps: Vec<String>,
}

impl<'a> Transfers<'a> {
    fn of(device: &'a Device) -> Self {
        Self { device, before: device.transfers(), steps: Vec::new() }
    }

    fn uploaded(&mut self, what: &str) {
        let now = self.device.transfers();
        let (size, time) = (now.upload_bytes - self.before.upload_bytes, now.upload_time - self.before.upload_time);
        // The CPU engine copies into memory of its own; for a GPU the values pass through staging memory.
        let path = if self.device.info().kind == DeviceKind::Cpu { "copied" } else { "staged" };
        self.step("upload", what, size, path, time);
    }

    fn read_back(&mut self, what: &str, cost: TransferCost) {
        let now = self.device.transfers();
        let size = now.readback_bytes - self.before.readback_bytes;
        assert_eq!(size, cost.bytes, "a readback costs what it said");
        self.step("readback", what, size, &cost.path.to_string(), now.readback_time - self.before.readback_time);
    }

    fn step(&mut self, direction: &str, what: &str, size: u64, path: &str, time: Duration) {
        let (size, time) = (grouped(size), milliseconds(time));
        self.steps.push(format!("{direction:<8}  {what:<31}  {size:>9}  {path:<6}  {time:>10}"));
        self.before = self.device.transfers();
    }

    fn print(&self) {
        println!("\n{:<8}  {:<31}  {:>9}  {:<6}  {:>10}", "Transfer", "", "bytes", "path", "time");
        self.steps.iter().for_each(|step| println!("{step}"));
    }
}

/// 245448 as "245,448".
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
