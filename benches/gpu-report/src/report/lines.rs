//! A chart of lines over sizes: a logarithmic axis of bytes, and values from zero on.

use super::svg::{Anchor, Face, Scale, Shape, Svg, colour, spread};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 250.0;

pub struct Line {
    pub name: String,
    pub colour: &'static str,
    pub shape: Shape,
    pub dashes: &'static str,
    /// Bytes and value.
    pub points: Vec<(f64, f64)>,
}

pub struct Lines {
    pub title: String,
    pub notes: Vec<String>,
    pub unit: &'static str,
    pub logarithmic: bool,
    pub lines: Vec<Line>,
}

impl Lines {
    /// Nothing if there is nothing to see.
    pub fn draw(&self) -> Option<String> {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let (least, most) = points().fold((f64::MAX, 0.0_f64), |(least, most), (x, _)| (least.min(x), most.max(x)));
        let highest = points().map(|(_, y)| y).fold(0.0, f64::max);
        let lowest = points().map(|(_, y)| y).filter(|&y| y > 0.0).fold(f64::MAX, f64::min);
        if highest <= 0.0 {
            return None;
        }
        let top = 76.0 + 19.0 * self.notes.len() as f64;
        let bottom = top + HEIGHT - 150.0;
        let mut svg = Svg::new(WIDTH, bottom + 56.0, &self.title);
        svg.text(32.0, 42.0, &self.title, Face::new(21.0, colour::INK).bold());
        for (place, note) in self.notes.iter().enumerate() {
            svg.text(32.0, 66.0 + 19.0 * place as f64, note, Face::new(13.5, colour::SOFT));
        }
        let across = Scale { logarithmic: true, values: (least * 0.8, most * 1.25), places: (LEFT, WIDTH - RIGHT) };
        let values = if self.logarithmic { (lowest * 0.7, highest * 1.4) } else { (0.0, highest * 1.08) };
        let up = Scale { logarithmic: self.logarithmic, values, places: (bottom, top) };
        for bytes in (0..).map(|power| 4_f64.powi(power)).take_while(|&bytes| bytes <= most * 1.25) {
            if bytes >= least * 0.8 {
                let x = across.place(bytes);
                svg.line((x, top), (x, bottom), colour::FAINT, 1.0, "");
                svg.text(x, bottom + 20.0, &binary(bytes), Face::new(12.5, colour::SOFT).anchored(Anchor::Middle));
            }
        }
        for value in ticks(values, self.logarithmic) {
            let y = up.place(value);
            svg.line((LEFT, y), (WIDTH - RIGHT, y), colour::FAINT, 1.0, "");
            svg.text(LEFT - 10.0, y + 4.5, &short(value), Face::new(12.5, colour::SOFT).anchored(Anchor::End));
        }
        svg.text(LEFT - 10.0, top - 8.0, self.unit, Face::new(12.5, colour::SOFT).anchored(Anchor::End));
        svg.text(WIDTH - RIGHT, bottom + 40.0, "bytes moved", Face::new(12.5, colour::SOFT).anchored(Anchor::End));
        self.draw_lines(&mut svg, across, up, (top, bottom));
        Some(svg.finish())
    }

    fn draw_lines(&self, svg: &mut Svg, across: Scale, up: Scale, limits: (f64, f64)) {
        let shown: Vec<&Line> = self.lines.iter().filter(|line| !line.points.is_empty()).collect();
        let end = |line: &&Line| up.inside(line.points[line.points.len() - 1].1);
        let mut labels: Vec<f64> = shown.iter().map(end).collect();
        spread(&mut labels, 17.0, limits);
        for (line, label) in shown.iter().zip(labels) {
            let placed: Vec<_> = line.points.iter().map(|&(x, y)| (across.place(x), up.inside(y))).collect();
            svg.path(&placed, line.colour, 2.0, line.dashes);
            for &(x, y) in &placed {
                svg.mark(x, y, line.shape, 4.0, line.colour);
            }
            svg.text(WIDTH - RIGHT + 14.0, label + 4.5, &line.name, Face::new(12.5, line.colour).bold());
        }
    }
}

fn ticks(values: (f64, f64), logarithmic: bool) -> Vec<f64> {
    let (least, most) = values;
    if logarithmic {
        let decades = (least.log10().floor() as i32)..=(most.log10().ceil() as i32);
        return decades.map(|power| 10_f64.powi(power)).filter(|&tick| tick >= least && tick <= most).collect();
    }
    let raw = most / 6.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|&step| step >= raw).unwrap_or(raw);
    (0..=(most / step) as usize).map(|count| count as f64 * step).collect()
}

fn short(value: f64) -> String {
    format!("{}", (value * 1e6).round() / 1e6)
}

pub fn binary(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1_073_741_824.0 => format!("{} GiB", short(bytes / 1_073_741_824.0)),
        bytes if bytes >= 1_048_576.0 => format!("{} MiB", short(bytes / 1_048_576.0)),
        bytes if bytes >= 1_024.0 => format!("{} KiB", short(bytes / 1_024.0)),
        bytes => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::{binary, ticks};

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks((0.0, 3_300.0), false), [0.0, 1000.0, 2000.0, 3000.0]);
        assert_eq!(ticks((0.0, 0.5), false), [0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5]);
        assert_eq!(ticks((0.5, 200.0), true), [1.0, 10.0, 100.0]);
        assert_eq!((binary(65_536.0), binary(1_073_741_824.0)), ("64 KiB".into(), "1 GiB".into()));
    }
}
