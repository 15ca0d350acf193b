//! Fits the values of a table to noisy observations by gradient descent, then inverts the fitted curve by Newton's
//! method.
//!
//!     cargo run --release --example fit_curve [chart.svg]
//!
//! The model is `y = A fp`: interpolation in 32 knots, linear in their values. The observations stay on the device. The
//! gradient of `|A fp - y|^2 / 2` is `A^T A fp - A^T y`: the queries are located once, `apply` is `A`,
//! `transpose_apply` its transpose. A step takes 128 bytes to the device and 128 back.

use std::fmt::Write as _;

use ndarray::Array1;
use ndgpu::{Device, InterpTable, Located};

const KNOTS: usize = 32;
const OBSERVATIONS: usize = 200_000;
const STEPS: usize = 60;

fn curve(x: f32) -> f32 {
    x + 0.3 * (2.0 * x).sin() + x * x / 30.0
}

fn main() -> ndgpu::Result<()> {
    let device = Device::new()?;
    println!("Device: {}", device.info());

    let mut random = Random(7);
    let x = Array1::from_shape_simple_fn(OBSERVATIONS, || 6.0 * random.unit());
    let y = x.mapv(|x| curve(x) + 0.3 * random.normal());
    let xp = Array1::linspace(0.0_f32, 6.0, KNOTS);

    let start = Array1::<f32>::zeros(KNOTS);
    let at = InterpTable::new(&device, &xp, &start)?.locate(&device.upload(&x)?)?;
    let y_there = device.upload(&y)?;
    let goal = at.transpose_apply(&y_there)?.readback().wait()?.into_array().into_dimensionality().expect("one row");
    let squares = y_there.weighted_sum(&y_there)?.readback().wait()?.into_array();
    let (fitted, losses) = fit(&device, &at, &goal, &squares)?;
    for (step, loss) in losses.iter().enumerate().filter(|(step, _)| step % 10 == 0 || step + 1 == STEPS) {
        println!("step {step:3}: mean squared error {loss:.5}");
    }
    let noise = 0.09;
    let last = losses[STEPS - 1];
    assert!((last - noise).abs() < 0.01, "what is left should be the noise, {noise}, and is {last}");

    // Where does the curve reach these heights? It rises everywhere, so Newton's method finds it from anywhere.
    let table = InterpTable::new(&device, &xp, &fitted)?;
    let heights = Array1::linspace(fitted[1], fitted[KNOTS - 2], 1000);
    let places = invert(&device, &table, &heights)?;
    let reached = table.interp(&device.upload(&places)?)?.readback().wait()?.into_array();
    let worst = (&reached - &heights).mapv(f32::abs).iter().copied().fold(0.0, f32::max);
    println!("inverted at {} heights, off by at most {worst:.1e}", heights.len());
    assert!(worst < 1e-4, "Newton's method ends {worst} beside a height");

    let path = std::env::args_os().nth(1).map_or_else(|| std::env::temp_dir().join("fit_curve.svg"), Into::into);
    std::fs::write(&path, chart(&x, &y, &xp, &fitted)).map_err(ndgpu::Error::from_source)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// Gradient descent; also the mean squared error before each step.
fn fit(
    device: &Device,
    at: &Located<f32, ndarray::Ix1>,
    goal: &Array1<f32>,
    squares: &ndarray::Array0<f32>,
) -> ndgpu::Result<(Array1<f32>, Vec<f64>)> {
    let mut fp = Array1::<f32>::zeros(KNOTS);
    let mut losses = Vec::new();
    // The rows of A^T A sum to about as many observations as a segment has: no eigenvalue is much above that.
    let rate = 0.9 * (KNOTS - 1) as f32 / OBSERVATIONS as f32;
    for _ in 0..STEPS {
        let applied = at.apply(&device.upload(&fp)?)?;
        let product = at.transpose_apply(&applied)?.readback().wait()?.into_array();
        let product: Array1<f32> = product.into_dimensionality().expect("one row");
        let dot =
            |a: &Array1<f32>, b: &Array1<f32>| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let loss = dot(&fp, &product) - 2.0 * dot(&fp, goal) + f64::from(squares[()]);
        losses.push(loss / OBSERVATIONS as f64);
        fp -= &((product - goal) * rate);
    }
    assert!(losses.is_sorted_by(|before, after| *after < before + 1e-3), "the loss rises");
    Ok((fp, losses))
}

/// Newton's method for all heights at once: values and slopes come from one search a step.
fn invert(device: &Device, table: &InterpTable<f32>, heights: &Array1<f32>) -> ndgpu::Result<Array1<f32>> {
    let mut x = Array1::from_elem(heights.len(), 3.0_f32);
    for _ in 0..30 {
        let (y, slope) = table.interp_with_derivative(&device.upload(&x)?)?;
        let (y, slope) = (y.into_readback().wait()?.into_array(), slope.into_readback().wait()?.into_array());
        // Not out of the table, where it is flat.
        x = (&x - &((&y - heights) / &slope)).mapv(|x| x.clamp(1e-3, 6.0 - 1e-3));
    }
    Ok(x)
}

/// Some of the observations, and the curve through the fitted values.
fn chart(x: &Array1<f32>, y: &Array1<f32>, xp: &Array1<f32>, fitted: &Array1<f32>) -> String {
    let (width, height) = (640.0, 400.0);
    let place = |x: f32, y: f32| (40.0 + x / 6.0 * (width - 60.0), height - 40.0 - y / 8.0 * (height - 60.0));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<title>Values of a table, fitted to \
         noisy observations</title>\n"
    );
    for (&x, &y) in x.iter().zip(y).step_by(OBSERVATIONS / 600) {
        let (x, y) = place(x, y);
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.5\" fill=\"#bbbbbb\"/>");
    }
    let line = |xp: &Array1<f32>, fp: &Array1<f32>| -> String {
        let points = xp.iter().zip(fp).map(|(&x, &y)| {
            let (x, y) = place(x, y);
            format!("{x:.1},{y:.1}")
        });
        points.collect::<Vec<_>>().join(" ")
    };
    let (fine, style) = (Array1::linspace(0.0_f32, 6.0, 200), "fill=\"none\" stroke");
    let _ = writeln!(svg, "<polyline points=\"{}\" {style}=\"black\"/>", line(&fine, &fine.mapv(curve)));
    let _ = writeln!(svg, "<polyline points=\"{}\" {style}=\"#0060a0\" stroke-width=\"2\"/>", line(xp, fitted));
    let _ = writeln!(
        svg,
        "<text x=\"50\" y=\"30\">Grey: observations, one of 333. Black: their curve. Blue: 32 fitted \
         values.</text>\n</svg>"
    );
    svg
}

/// Numbers that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// About a normal distribution: twelve uniform numbers have a variance of 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}
