//! A file larger than the memory that is set for it, through a table and a row average into another file.
//!
//!     cargo run --release --example out_of_core                          64 MB of readings
//!     cargo run --release --example out_of_core -- --megabytes 2000      2 GB of them
//!     cargo run --release --example out_of_core -- --folder /data        where the files go (default: a temporary one)
//!
//! Rows of readings lie in a .npy file, which is mapped into memory, not read. Chunk by chunk they go to the device,
//! are calibrated by a table and averaged with weights; the averages go to another .npy file as they come. At no time
//! is there more than a few chunks in memory. The result gets its name when it is complete: whoever interrupts this
//! finds none.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use memmap2::Mmap;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_npy::{ViewNpyExt, read_npy, write_zeroed_npy};
use ndgpu::{Device, InterpTable};
use tempfile::NamedTempFile;

type Failure = Box<dyn std::error::Error>;

/// Samples of a row.
const SAMPLES: usize = 1_000;
/// Rows that go to the device together: 4 MB.
const ROWS_AT_ONCE: usize = 1_000;
/// Chunks under way at a time.
const WINDOW: usize = 3;
/// Megabytes that all this may take besides the mapped file: the chunks under way, input and intermediate values and
/// what is between host and device, and the program itself.
const BUDGET: u64 = 200;

fn main() -> Result<(), Failure> {
    let options = Options::from_command_line()?;
    let scratch = tempfile::tempdir()?;
    let folder = options.folder.unwrap_or_else(|| scratch.path().to_owned());
    let (input, output) = (folder.join("readings.npy"), folder.join("averages.npy"));
    let rows = (options.megabytes * 1_000_000 / (SAMPLES * size_of::<f32>())).max(1);

    make_readings(&input, rows)?;
    let device = Device::new()?;
    println!("Device: {}", device.info());
    average(&device, &input, &output)?;

    // Looked at as anyone would: the file that is there now.
    let averages: Array1<f32> = read_npy(&output)?;
    let expected =
        |row: usize| (0..SAMPLES).map(|sample| f64::from(curve(reading(row, sample)))).sum::<f64>() / SAMPLES as f64;
    for row in [0, rows / 2, rows - 1] {
        let error = (f64::from(averages[row]) - expected(row)).abs();
        println!("row {row:>7}: {:.6} (off by {error:.1e} from what the host computes)", averages[row]);
        assert!(error < 1e-5, "the average of row {row} is wrong");
    }
    Ok(())
}

/// From the readings in one file to the averages in another.
fn average(device: &Device, input: &Path, output: &Path) -> Result<(), Failure> {
    let file = File::open(input)?;
    // SAFETY: the file was made by this program, and nobody writes to it while it is mapped.
    let mapped = unsafe { Mmap::map(&file)? };
    let readings = ArrayView2::<f32>::view_npy(&mapped)?;
    let rows = readings.nrows();

    // A calibration with its knots closer together where it bends.
    let knots: Array1<f32> = Array1::from_shape_fn(1_024, |knot| (knot as f32 / 1_023.0).powi(2));
    let table = InterpTable::new(device, &knots, &knots.mapv(curve))?;
    let weights = device.upload(&Array1::from_elem(SAMPLES, 1.0_f32))?;

    // Under another name until it is complete.
    let mut partial = NamedTempFile::new_in(output.parent().unwrap_or(Path::new(".")))?;
    write_zeroed_npy::<f32, _>(partial.as_file(), rows)?;
    partial.as_file_mut().seek(SeekFrom::End(-((rows * size_of::<f32>()) as i64)))?;
    let mut sink = BufWriter::new(partial);

    let bar = ProgressBar::new((readings.len() * size_of::<f32>()) as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {msg}")?);
    let mut most = Memory::default();
    let start = Instant::now();
    let chunks = readings.axis_chunks_iter(Axis(0), ROWS_AT_ONCE);
    let mut stream = device.stream(chunks, |chunk| table.interp(chunk)?.average_axis(Axis(1), &weights)).window(WINDOW);
    while let Some(averages) = stream.next() {
        sink.write_all(bytemuck::cast_slice(averages?.view().to_slice().ok_or("averages lie side by side")?))?;
        most.look();
        let progress = stream.progress();
        bar.set_position(progress.chunks_out * (ROWS_AT_ONCE * SAMPLES * size_of::<f32>()) as u64);
        bar.set_message(format!("{} chunks under way", progress.under_way()));
    }
    let progress = stream.progress();
    bar.finish();
    sink.into_inner()?.persist(output)?;

    let (seconds, megabytes) = (start.elapsed().as_secs_f64(), progress.bytes_in as f64 / 1e6);
    println!(
        "{megabytes:.0} MB in, {:.3} MB out in {} chunks: {seconds:.2} s, {:.0} MB a second",
        progress.bytes_out as f64 / 1e6,
        progress.chunks_out,
        megabytes / seconds
    );
    match most.0 {
        Some(most) => {
            println!("memory in use, the mapped file aside: {} MB at the most (budget {BUDGET} MB)", most / 1_000_000);
            assert!(most <= BUDGET * 1_000_000, "more memory is in use than was allowed");
        }
        None => println!("memory in use: this system does not tell"),
    }
    Ok(())
}

/// A reading in 0..1, another for each place.
fn reading(row: usize, sample: usize) -> f32 {
    ((row * 7_919 + sample * 104_729) % 65_536) as f32 / 65_536.0
}

/// What a reading means.
fn curve(reading: f32) -> f32 {
    reading.sqrt()
}

/// Writes the readings a few rows at a time; nothing of that is measured.
fn make_readings(path: &Path, rows: usize) -> Result<(), Failure> {
    let mut file = File::create(path)?;
    write_zeroed_npy::<f32, _>(&file, (rows, SAMPLES))?;
    file.seek(SeekFrom::End(-((rows * SAMPLES * size_of::<f32>()) as i64)))?;
    let mut file = BufWriter::new(file);
    for first in (0..rows).step_by(ROWS_AT_ONCE) {
        let count = ROWS_AT_ONCE.min(rows - first);
        let some = Array2::from_shape_fn((count, SAMPLES), |(row, sample)| reading(first + row, sample));
        file.write_all(bytemuck::cast_slice(some.as_slice().ok_or("rows lie one after another")?))?;
    }
    file.flush()?;
    println!("{}: {rows} rows of {SAMPLES}", path.display());
    Ok(())
}

/// The most memory that was in use and belongs to no file, where the system tells.
#[derive(Default)]
struct Memory(Option<u64>);

impl Memory {
    fn look(&mut self) {
        let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        self.0 = self.0.max(kilobytes.map(|kilobytes| kilobytes * 1024));
    }
}

struct Options {
    megabytes: usize,
    folder: Option<PathBuf>,
}

impl Options {
    fn from_command_line() -> Result<Self, Failure> {
        let mut options = Self { megabytes: 64, folder: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or(format!("{argument} needs a value"))?;
            match argument.as_str() {
                "--megabytes" => options.megabytes = value.parse()?,
                "--folder" => options.folder = Some(value.into()),
                _ => return Err(format!("{argument} is not known; there are --megabytes and --folder").into()),
            }
        }
        Ok(options)
    }
}
