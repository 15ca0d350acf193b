//! The chart that people come for: time for each query by how many there are, on the CPU engine, on the GPU with
//! everything there, on the GPU with all copies, and in NumPy. Where two lines cross, a device begins to pay.

use super::facts::software;
use super::svg::{Anchor, Face, Scale, Shape, Svg, colour, spread};
use super::text::{time, time_short};
use crate::protocol::Part;
use crate::results::{Report, Row};
use crate::roster::{CPU, GPU};
use crate::workload::name::grouped;
use crate::workload::{Spacing, Type, Workload};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;

struct Curve {
    label: String,
    colour: &'static str,
    dashes: &'static str,
    shape: Shape,
    /// Queries, and seconds in all.
    points: Vec<(f64, f64)>,
}

/// Nothing if fewer than two sizes were measured.
pub fn chart(report: &Report) -> Option<String> {
    let mut rows: Vec<&Row> = report.rows.iter().filter(|row| takes_part(row)).collect();
    rows.sort_by_key(|row| row.elements);
    if rows.len() < 2 {
        return None;
    }
    let curve = |label: &str, colour, dashes, shape, seconds: &dyn Fn(&Row) -> Option<f64>| {
        let points = rows.iter().filter_map(|row| Some((row.elements as f64, seconds(row)?))).collect();
        Curve { label: label.into(), colour, dashes, shape, points }
    };
    let device = device(report);
    let curves = [
        curve("np.interp", colour::GREY, "", Shape::Square, &|row| row.seconds("np.interp", Part::Resident)),
        curve(&format!("{device}, all copies"), colour::VERMILION, "2 6", Shape::Ring, &|row| {
            row.seconds(GPU, Part::EndToEnd)
        }),
        curve(&format!("{device}, data there"), colour::VERMILION, "", Shape::Circle, &|row| {
            row.seconds(GPU, Part::Resident)
        }),
        curve("CPU engine", colour::BLUE, "", Shape::Diamond, &|row| row.seconds(CPU, Part::Resident)),
    ];
    let curves: Vec<Curve> = curves.into_iter().filter(|curve| curve.points.len() > 1).collect();
    (!curves.is_empty()).then(|| draw(report, &curves))
}

fn takes_part(row: &Row) -> bool {
    matches!(
        row.workload,
        Workload::Interp {
            ty: Type::F32,
            tables: 1,
            knots: 1_024,
            spacing: Spacing::Random,
            sorted: false,
            queries: 100..,
        }
    )
}

fn device(report: &Report) -> String {
    if software(report) { "llvmpipe".into() } else { "GPU engine".into() }
}

fn draw(report: &Report, curves: &[Curve]) -> String {
    let nanoseconds = |&(queries, seconds): &(f64, f64)| (queries, seconds / queries * 1e9);
    let all: Vec<_> = curves.iter().flat_map(|curve| curve.points.iter().map(nanoseconds)).collect();
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let bottom = 10_f64.powf(least(&mut all.iter().map(|point| point.1)).log10().floor());
    let top = 10_f64.powf(most(&mut all.iter().map(|point| point.1)).log10().ceil());
    let (first, last) = (least(&mut all.iter().map(|point| point.0)), most(&mut all.iter().map(|point| point.0)));
    let x = Scale { logarithmic: true, values: (first, last), places: (84.0, WIDTH - 214.0) };
    let y = Scale { logarithmic: true, values: (bottom, top), places: (HEIGHT - 78.0, 112.0) };

    let title = "Where a device pays: time for each query, by how many there are";
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    svg.text(32.0, 42.0, title, Face::new(21.0, colour::INK).bold());
    svg.text(
        32.0,
        66.0,
        "interp, f32, random queries of a table with 1,024 random knots; both axes logarithmic, lower is better",
        Face::new(13.5, colour::SOFT),
    );
    svg.text(32.0, 85.0, &place(report), Face::new(13.5, colour::SOFT));
    grid(&mut svg, x, y);
    for curve in curves {
        let points: Vec<_> = curve.points.iter().map(nanoseconds).map(|(q, t)| (x.place(q), y.place(t))).collect();
        svg.path(&points, curve.colour, 2.6, curve.dashes);
        for &(x, y) in &points {
            svg.mark(x, y, curve.shape, 4.6, curve.colour);
        }
    }
    labels(&mut svg, curves, x, y);
    crossings(&mut svg, curves);
    svg.finish()
}

/// What it was measured on, in one line.
fn place(report: &Report) -> String {
    let machine = &report.machine;
    let on = format!("{}, {} threads", machine.processor.replace("(R)", ""), machine.threads);
    match report.peers.iter().find(|peer| peer.name == "ndgpu-gpu").map(|peer| &peer.about) {
        Some(Ok(_)) if software(report) => {
            format!("{on}. No GPU here: llvmpipe is a graphics driver that computes on the same processor.")
        }
        Some(Ok(about)) => format!("{on}; {about}"),
        _ => on,
    }
}

fn grid(svg: &mut Svg, x: Scale, y: Scale) {
    let decades = |values: (f64, f64)| {
        let (from, to) = (values.0.log10().ceil() as i32, values.1.log10().floor() as i32);
        (from..=to).map(|power| 10_f64.powi(power))
    };
    for value in decades(y.values) {
        let place = y.place(value);
        svg.line((x.places.0 - 8.0, place), (x.places.1 + 8.0, place), colour::FAINT, 1.0, "");
        let face = Face::new(13.0, colour::SOFT).anchored(Anchor::End);
        svg.text(x.places.0 - 16.0, place + 4.5, &time_short(value * 1e-9), face);
    }
    for value in decades(x.values) {
        let place = x.place(value);
        svg.line((place, y.places.0), (place, y.places.0 + 5.0), colour::SOFT, 1.0, "");
        let face = Face::new(13.0, colour::SOFT).anchored(Anchor::Middle);
        svg.text(place, y.places.0 + 22.0, &grouped(value as usize), face);
    }
    let middle = f64::midpoint(x.places.0, x.places.1);
    let face = Face::new(13.0, colour::INK).anchored(Anchor::Middle);
    svg.text(middle, y.places.0 + 44.0, "queries in a call", face);
}

/// At the end of each line, its name and what a query costs there.
fn labels(svg: &mut Svg, curves: &[Curve], x: Scale, y: Scale) {
    let ends: Vec<(f64, f64)> = curves.iter().map(|curve| curve.points[curve.points.len() - 1]).collect();
    let mut places: Vec<f64> = ends.iter().map(|(queries, seconds)| y.place(seconds / queries * 1e9)).collect();
    spread(&mut places, 36.0, (y.places.1 + 8.0, y.places.0 - 14.0));
    for ((curve, place), (queries, seconds)) in curves.iter().zip(places).zip(ends) {
        let left = x.places.1 + 18.0;
        svg.text(left, place + 1.0, &curve.label, Face::new(14.0, curve.colour).bold());
        let each = format!("{} a query", time(seconds / queries));
        svg.text(left, place + 17.0, &each, Face::new(12.0, colour::SOFT));
    }
}

/// In words, where the device gets ahead.
fn crossings(svg: &mut Svg, curves: &[Curve]) {
    let find = |label: &str| curves.iter().find(|curve| curve.label.ends_with(label));
    let sentence = |device: &Curve, other: &Curve| match crossing(&device.points, &other.points) {
        Some(queries) => format!("{}: ahead of {} from {} queries", device.label, other.label, rounded(queries)),
        None => format!("{}: never ahead of {} here", device.label, other.label),
    };
    let mut lines = Vec::new();
    for device in ["data there", "all copies"] {
        for other in ["np.interp", "CPU engine"] {
            if let (Some(device), Some(other)) = (find(device), find(other)) {
                lines.push(sentence(device, other));
            }
        }
    }
    for (place, line) in lines.iter().enumerate() {
        let face = Face::new(12.5, colour::INK).anchored(Anchor::End);
        svg.text(WIDTH - 230.0, 132.0 + 18.0 * place as f64, line, face);
    }
}

/// From where on the first curve stays below the second, between sizes along straight lines of the chart.
fn crossing(ours: &[(f64, f64)], theirs: &[(f64, f64)]) -> Option<f64> {
    let both: Vec<(f64, f64)> = ours
        .iter()
        .filter_map(|&(queries, seconds)| {
            let other = theirs.iter().find(|other| other.0 == queries)?;
            Some((queries.log10(), (seconds / other.1).log10()))
        })
        .collect();
    let behind = both.iter().rposition(|point| point.1 > 0.0);
    match behind {
        None => both.first().map(|point| 10_f64.powf(point.0)),
        Some(last) if last + 1 == both.len() => None,
        Some(last) => {
            let ((x0, y0), (x1, y1)) = (both[last], both[last + 1]);
            Some(10_f64.powf(x0 + (x1 - x0) * y0 / (y0 - y1)))
        }
    }
}

fn rounded(queries: f64) -> String {
    let unit = 10_f64.powf(queries.log10().floor());
    grouped(((queries / unit).round() * unit) as usize)
}

#[cfg(test)]
mod tests {
    use super::crossing;

    #[test]
    fn a_crossing_is_where_one_stays_ahead() {
        let theirs = [(100.0, 1.0), (1_000.0, 10.0), (10_000.0, 100.0)];
        let from = crossing(&[(100.0, 10.0), (1_000.0, 10.0), (10_000.0, 10.0)], &theirs).unwrap();
        assert!((from - 1_000.0).abs() < 1e-6);
        assert!(crossing(&[(100.0, 0.1), (1_000.0, 20.0), (10_000.0, 200.0)], &theirs).is_none());
        assert_eq!(crossing(&[(100.0, 0.1), (1_000.0, 1.0), (10_000.0, 10.0)], &theirs).unwrap().round(), 100.0);
    }
}
