//! A photo through a tone curve, and its luma: a table over colours, and a weighted average over the colour axis.
//!
//!     cargo run --release --example tone_curve
//!
//! Writes `before.png`, `after.png` and `luma.png` into `target/tone_curve`. The photo's origin:
//! `examples/data/README.md`.

use std::error::Error;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Cursor};
use std::path::Path;

use ndarray::{Array3, Axis, Dimension, arr1};
use ndgpu::{Device, HostArray, InterpTable};
use png::{BitDepth, ColorType, Decoder, Encoder};

/// A launch pad after sunset, part of the program so that it runs from any folder.
const PHOTO: &[u8] = include_bytes!("data/falcon9_dscovr.png");

/// What an editor lets one drag: shadows are lifted, lights are held, black and white stay where they are.
const CURVE: [(f32, f32); 7] =
    [(0.0, 0.0), (16.0, 40.0), (48.0, 104.0), (96.0, 160.0), (160.0, 206.0), (224.0, 240.0), (255.0, 255.0)];

/// Of red, green and blue in luma, by Rec. ITU-R BT.709.
const REC_709: [f32; 3] = [0.2126, 0.7152, 0.0722];

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::new()?;
    println!("Device: {}", device.info());

    let photo = decode(PHOTO)?; // [height, width, colours]
    let (height, width, _) = photo.dim();
    println!("Photo: {width} x {height}");

    let (dark, bright): (Vec<f32>, Vec<f32>) = CURVE.into_iter().unzip();
    let curve = InterpTable::new(&device, &dark, &bright)?;
    let weights = device.upload(&arr1(&REC_709))?;
    let before = device.upload(&photo.mapv(f32::from))?; // devices hold f32, f64 and u32

    // A table takes queries of any shape, and the average takes away the axis of colours.
    let after = curve.interp(&before)?;
    let luma = after.average_axis(Axis(2), &weights)?; // [height, width]
    let means = [before.average_axis(Axis(2), &weights)?.mean()?, luma.mean()?];

    let [mean_before, mean_after] = means.map(|mean| mean.into_readback().wait().map(|mean| mean.view()[()]));
    let (mean_before, mean_after) = (mean_before?, mean_after?);
    let (after, luma) = (after.into_readback().wait()?, luma.into_readback().wait()?);
    println!("Mean luma: {mean_before:.1} before, {mean_after:.1} after, of 255");
    check(&photo, &after, &luma, mean_after);

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tone_curve");
    create_dir_all(&folder)?;
    let size = (width as u32, height as u32);
    encode(&folder.join("before.png"), size, ColorType::Rgb, photo.iter().copied().collect())?;
    encode(&folder.join("after.png"), size, ColorType::Rgb, bytes(&after))?;
    encode(&folder.join("luma.png"), size, ColorType::Grayscale, bytes(&luma))?;
    println!("Written: before.png, after.png and luma.png in {}", folder.display());

    let moved = device.transfers();
    println!("Moved: {} bytes up, {} bytes back ({})", moved.upload_bytes, moved.readback_bytes, after.cost().path);
    Ok(())
}

/// Compares with one colour at a time on the host.
fn check(
    photo: &Array3<u8>,
    after: &HostArray<f32, ndarray::Ix3>,
    luma: &HostArray<f32, ndarray::Ix2>,
    mean_luma: f32,
) {
    let tone = |colour: u8| {
        let colour = f64::from(colour);
        let ends = CURVE.map(|(x, y)| (f64::from(x), f64::from(y)));
        let pair = ends.windows(2).find(|pair| colour <= pair[1].0).expect("the curve ends at 255");
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        y0 + (y1 - y0) * (colour - x0) / (x1 - x0)
    };
    let tones: Vec<f64> = (0..=255).map(tone).collect();
    let mut total = 0.0;
    for ((row, column), &luma) in luma.view().indexed_iter() {
        let mut expected = 0.0;
        for (colour, weight) in REC_709.into_iter().enumerate() {
            let place = [row, column, colour];
            let toned = tones[usize::from(photo[place])];
            assert!((f64::from(after.view()[place]) - toned).abs() < 1e-3, "the colour at {place:?}");
            expected += toned * f64::from(weight);
        }
        assert!((f64::from(luma) - expected).abs() < 1e-3, "the luma at {row}, {column}");
        total += expected;
    }
    assert!((f64::from(mean_luma) - total / luma.view().len() as f64).abs() < 1e-3);
    println!("Checked: each colour and each luma against plain f64");
}

fn bytes<D: Dimension>(picture: &HostArray<f32, D>) -> Vec<u8> {
    picture.view().iter().map(|&value| value.round() as u8).collect()
}

fn decode(file: &[u8]) -> Result<Array3<u8>, Box<dyn Error>> {
    let mut reader = Decoder::new(Cursor::new(file)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("a picture that fits into memory")?];
    let frame = reader.next_frame(&mut pixels)?;
    assert_eq!((frame.color_type, frame.bit_depth), (ColorType::Rgb, BitDepth::Eight));
    Ok(Array3::from_shape_vec((frame.height as usize, frame.width as usize, 3), pixels)?)
}

fn encode(path: &Path, (width, height): (u32, u32), colours: ColorType, pixels: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let mut encoder = Encoder::new(BufWriter::new(File::create(path)?), width, height);
    encoder.set_color(colours);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(())
}
