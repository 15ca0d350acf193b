//! A batch of handwritten digits: standardized pictures, answers and their accuracy, and confidences that are made to
//! mean what they say.
//!
//!     cargo run --release --example digits
//!
//! A classifier's confidence of 0.75 should be right three times in four. Where it is not, the accuracy of each bin of
//! confidences makes a curve to look the confidences up in. That curve is computed on the device and becomes a table
//! there.
//!
//! The pictures are real (1,797 of 8 x 8 pixels; their origin is in `tests/real/README.md`), the probabilities come
//! from a simple classifier. What NumPy computed from both lies beside them, and everything here is compared with it.

use std::error::Error;
use std::path::Path;

use futures::future::{try_join3, try_join4};
use ndarray::{Array, Array1, Array2, Array3, ArrayView, Axis, Dimension, Ix1, s};
use ndarray_npy::{ReadableElement, read_npy};
use ndgpu::{Device, InterpTable, Knots};

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let device = Device::new()?;
    println!("Device: {}", device.info());
    let labels: Array1<u8> = read("labels")?;
    standardize(&device, &labels)?;
    calibrate(&device, &labels)?;

    let moved = device.transfers();
    println!(
        "\nMoved: {} uploads with {} bytes, {} readbacks with {} bytes (all pictures among them, to be compared).",
        moved.uploads, moved.upload_bytes, moved.readbacks, moved.readback_bytes
    );
    Ok(())
}

/// Each pixel in standard deviations from what it usually is, and the picture whose pixels are farthest from usual.
fn standardize(device: &Device, labels: &Array1<u8>) -> Fallible<()> {
    let pixels: Array2<u8> = read("pixels")?;
    let count = pixels.nrows();
    // Devices hold f32, f64 and u32. In a mirror: the view runs backwards, and the upload follows it.
    let pictures: Array3<f32> = pixels.mapv(f32::from).into_shape_with_order((count, 8, 8))?;
    let mirrored = device.upload(&pictures.slice(s![.., .., ..;-1]))?.reshape((count, 64))?;

    // Three pixels are the same in all pictures. They have no scale, and become NaN.
    let standard = mirrored.standardize_axis(Axis(0), 0.0)?;
    let farthest = standard.skip_nan().std_axis(Axis(1), 0.0)?.argmax()?;
    let farthest = farthest.readback().wait()?.view()[()] as usize;

    println!("\nThe most unusual of {count} pictures is number {farthest}, a {}, here in a mirror:", labels[farthest]);
    for row in pictures.slice(s![farthest, .., ..;-1]).rows() {
        let shades: String = row.iter().map(|&shade| ["  ", "..", "++", "##", "@@"][shade as usize / 4]).collect();
        println!("    {shades}");
    }

    // NumPy standardized the pictures as they were.
    let expected: Array2<f64> = read("expect_standardized")?;
    let expected = expected.into_shape_with_order((count, 8, 8))?;
    let standard = standard.reshape((count, 8, 8))?.readback().wait()?;
    assert_close(standard.view().slice(s![.., .., ..;-1]), &expected, 5e-5);
    let spread = |picture: usize| {
        let pixels = expected.index_axis(Axis(0), picture);
        pixels.iter().copied().filter(|pixel| !pixel.is_nan()).collect::<Array1<f64>>().std(0.0)
    };
    assert!((0..count).all(|picture| spread(picture) <= spread(farthest)));
    Ok(())
}

/// Confidences as they are, and as they should be.
fn calibrate(device: &Device, labels: &Array1<u8>) -> Fallible<()> {
    let probabilities: Array2<f32> = read("probs")?; // [pictures, classes]
    let probabilities = device.upload(&probabilities)?;
    let edges: Array1<f32> = read("edges")?;

    let answers = probabilities.argmax_axis(Axis(1))?;
    let confidences = probabilities.max_axis(Axis(1))?;
    let bins = Knots::new(device, &edges)?.digitize(&confidences, false)?;

    // Three small readbacks, asked for together, so that they travel together.
    let coming = try_join3(answers.readback(), confidences.readback(), bins.readback());
    let (answers, sureness, bins) = pollster::block_on(coming)?;
    let (answers, sureness, bins) = (answers.view(), sureness.view().to_owned(), bins.view());
    assert_eq!(answers.mapv(i64::from), read::<i64, Ix1>("expect_probs_argmax")?);
    assert_eq!(sureness, read::<f32, Ix1>("confidence")?);
    assert_eq!(bins.mapv(i64::from), read::<i64, Ix1>("expect_conf_bin")?);

    // Which answers are right, and who belongs to which bin: 1 or 0. A bin without pictures has no accuracy (its sum of
    // weights would be zero), and no row.
    let right = Array1::from_shape_fn(labels.len(), |i| f32::from(u8::from(answers[i] == u32::from(labels[i]))));
    let inhabited: Vec<u32> = (0..=edges.len() as u32).filter(|bin| bins.iter().any(|other| other == bin)).collect();
    let shape = (inhabited.len(), labels.len());
    let members = Array2::from_shape_fn(shape, |(row, i)| f32::from(u8::from(bins[i] == inhabited[row])));
    let members = device.upload(&members)?;

    // Averages do not broadcast, but uploads take broadcast views: one line here, one for each bin there.
    let repeated = |line: &Array1<f32>| device.upload(&line.broadcast(shape).expect("a line of this length"));
    let (accuracy, sizes) = repeated(&right)?.average_axis_returned(Axis(1), &members)?;
    let confidence = repeated(&sureness)?.average_axis(Axis(1), &members)?;

    // The curve becomes a table without having been on the host. What it makes of the confidences is summed bin by bin:
    // the calibrated confidences are the weights of the members.
    let calibrated = InterpTable::from_device(&confidence, &accuracy)?.interp(&confidences)?;
    let sums = members.weighted_sum_axis(Axis(1), &calibrated)?;

    let coming = try_join4(sizes.readback(), confidence.readback(), accuracy.readback(), sums.readback());
    let (sizes, confidence, accuracy, sums) = pollster::block_on(coming)?;
    println!("\nconfidence  pictures  mean   right  mean when calibrated");
    let (mut gap_before, mut gap_after) = (0.0, 0.0);
    for (row, &bin) in inhabited.iter().enumerate() {
        // Bin i lies between edges i-1 and i. Confidences end at 0 and 1.
        let from = if bin == 0 { 0.0 } else { edges[bin as usize - 1] };
        let to = edges.get(bin as usize).copied().unwrap_or(1.0);
        let (size, before, right) = (sizes.view()[row], confidence.view()[row], accuracy.view()[row]);
        let after = sums.view()[row] / size;
        println!("{from:.1} to {to:.1}  {size:>8}  {before:.3}  {right:.3}  {after:>20.3}");
        gap_before += size * (before - right).abs() / labels.len() as f32;
        gap_after += size * (after - right).abs() / labels.len() as f32;
    }
    println!("{:.1} % of the answers are right.", 100.0 * right.sum() / labels.len() as f32);
    println!("Confidences miss the accuracy of their bin by {gap_before:.4}, calibrated ones by {gap_after:.4}.");
    println!("(On the pictures that the curve was made from: a real test would take others.)");
    assert!(gap_after < gap_before);

    assert_close(confidence.view(), &read::<f32, Ix1>("calib_x")?.mapv(f64::from), 1e-6);
    assert_close(accuracy.view(), &read::<f32, Ix1>("calib_y")?.mapv(f64::from), 1e-6);
    assert_close(calibrated.readback().wait()?.view(), &read("expect_calibrated")?, 1e-5);
    println!("\nStandardized pixels, answers, bins, curve and calibrated confidences are those that NumPy computed.");
    Ok(())
}

/// One of the arrays in `tests/real/digits`.
fn read<T: ReadableElement, D: Dimension>(name: &str) -> Fallible<Array<T, D>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/digits").join(name).with_extension("npy");
    read_npy(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Panics unless all values agree, and NaN stands where it should.
fn assert_close<D: Dimension>(computed: ArrayView<'_, f32, D>, expected: &Array<f64, D>, tolerance: f64) {
    assert_eq!(computed.shape(), expected.shape());
    for (&computed, &expected) in computed.iter().zip(expected) {
        let close = (f64::from(computed) - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(close || computed.is_nan() && expected.is_nan(), "{computed} instead of {expected}");
    }
}
