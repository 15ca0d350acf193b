//! Charts of lanes: a workload a lane, a bar for ndgpu's CPU engine, a mark for everybody else, one axis for all.

use super::svg::{Anchor, Face, Scale, Shape, Svg, colour};

const WIDTH: f64 = 960.0;
const LANE: f64 = 27.0;
const LEFT: f64 = 336.0;
const RIGHT: f64 = 96.0;

pub struct Style {
    pub name: String,
    pub shape: Shape,
    pub colour: &'static str,
}

pub struct Lane {
    pub label: String,
    /// A value, and what is written at its end.
    pub bar: Option<(f64, String)>,
    /// Values with the place of their style.
    pub marks: Vec<(f64, usize)>,
    /// A short line across the lane: a limit of this workload alone.
    pub limit: Option<f64>,
}

pub struct Lanes {
    pub title: String,
    pub notes: Vec<String>,
    /// What the bar is.
    pub bar: &'static str,
    pub styles: Vec<Style>,
    pub lanes: Vec<Lane>,
    pub logarithmic: bool,
    /// Where bars begin.
    pub from: f64,
    /// Lines from top to bottom, with their names.
    pub lines: Vec<(f64, String)>,
    pub limit: Option<&'static str>,
    pub unit: &'static str,
}

impl Lanes {
    pub fn draw(&self) -> String {
        let legend_rows = self.legend_rows();
        let top = 62.0 + 19.0 * self.notes.len() as f64 + 24.0 * legend_rows.len() as f64 + 34.0;
        let bottom = top + LANE * self.lanes.len() as f64;
        let mut svg = Svg::new(WIDTH, bottom + 58.0, &self.title);
        svg.text(32.0, 42.0, &self.title, Face::new(21.0, colour::INK).bold());
        for (place, note) in self.notes.iter().enumerate() {
            svg.text(32.0, 66.0 + 19.0 * place as f64, note, Face::new(13.5, colour::SOFT));
        }
        self.legend(&mut svg, &legend_rows, 62.0 + 19.0 * self.notes.len() as f64 + 18.0);
        let scale = self.scale();
        self.axis(&mut svg, scale, top, bottom);
        for (place, lane) in self.lanes.iter().enumerate() {
            self.lane(&mut svg, scale, lane, top + LANE * (place as f64 + 0.5));
        }
        svg.finish()
    }

    fn scale(&self) -> Scale {
        let marks = self.lanes.iter().flat_map(|lane| {
            let bar = lane.bar.iter().map(|bar| bar.0);
            bar.chain(lane.marks.iter().map(|mark| mark.0)).chain(lane.limit)
        });
        let all: Vec<f64> = marks.chain(self.lines.iter().map(|line| line.0)).collect();
        let most = all.iter().copied().fold(self.from, f64::max);
        let least = all.iter().copied().fold(self.from, f64::min);
        let values = if self.logarithmic { (least * 0.85, most * 1.15) } else { (0.0, most * 1.06) };
        Scale { logarithmic: self.logarithmic, values, places: (LEFT, WIDTH - RIGHT) }
    }

    /// Legends broken into lines by a guess at their widths.
    fn legend_rows(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new()];
        let mut used = 52.0 + 8.0 * self.bar.len() as f64;
        for (place, style) in self.styles.iter().enumerate() {
            let wide = width(&style.name);
            if used + wide > WIDTH - 64.0 {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += wide;
            rows.last_mut().expect("never empty").push(place);
        }
        rows
    }

    fn legend(&self, svg: &mut Svg, rows: &[Vec<usize>], top: f64) {
        for (line, row) in rows.iter().enumerate() {
            let y = top + 24.0 * line as f64;
            let mut x = 32.0;
            if line == 0 {
                svg.rect(x, y - 11.0, 22.0, 13.0, colour::PALE);
                svg.rect(x + 19.0, y - 13.0, 6.0, 17.0, colour::BLUE);
                svg.text(x + 34.0, y, self.bar, Face::new(13.0, colour::BLUE).bold());
                x += 52.0 + 8.0 * self.bar.len() as f64;
            }
            for &place in row {
                let Style { name, shape, colour: hue } = &self.styles[place];
                svg.mark(x + 6.0, y - 4.5, *shape, 5.0, hue);
                svg.text(x + 17.0, y, name, Face::new(13.0, colour::INK));
                x += width(name);
            }
        }
    }

    fn axis(&self, svg: &mut Svg, scale: Scale, top: f64, bottom: f64) {
        for value in ticks(scale) {
            let x = scale.place(value);
            svg.line((x, top), (x, bottom), colour::FAINT, 1.0, "");
            let text = format!("{value}{}", self.unit);
            svg.text(x, bottom + 20.0, &text, Face::new(12.5, colour::SOFT).anchored(Anchor::Middle));
        }
        for (value, name) in &self.lines {
            let x = scale.place(*value);
            svg.line((x, top - 6.0), (x, bottom), colour::INK, 1.4, "");
            svg.text(x, top - 12.0, name, Face::new(12.5, colour::INK).anchored(Anchor::Middle));
        }
        if let Some(limit) = self.limit {
            svg.text(32.0, bottom + 42.0, limit, Face::new(12.5, colour::SOFT));
        }
    }

    fn lane(&self, svg: &mut Svg, scale: Scale, lane: &Lane, y: f64) {
        svg.text(LEFT - 16.0, y + 4.5, &lane.label, Face::new(13.0, colour::INK).anchored(Anchor::End));
        if let Some((value, text)) = &lane.bar {
            let (from, to) = (scale.inside(self.from), scale.place(*value));
            svg.rect(from.min(to), y - 8.0, (to - from).abs().max(1.0), 16.0, colour::PALE);
            svg.rect(to - 3.0, y - 10.0, 6.0, 20.0, colour::BLUE);
            // In a column, where no mark hides them.
            svg.text(WIDTH - 32.0, y + 4.5, text, Face::new(13.0, colour::BLUE).bold().anchored(Anchor::End));
        }
        if let Some(limit) = lane.limit {
            let x = scale.place(limit);
            svg.line((x, y - 11.0), (x, y + 11.0), colour::INK, 2.0, "");
        }
        for &(value, style) in &lane.marks {
            let Style { shape, colour, .. } = &self.styles[style];
            svg.mark(scale.place(value), y, *shape, 5.0, colour);
        }
    }
}

fn width(name: &str) -> f64 {
    34.0 + 7.6 * name.chars().count() as f64
}

fn ticks(scale: Scale) -> Vec<f64> {
    let (least, most) = scale.values;
    if scale.logarithmic {
        let decades = (least.log10().floor() as i32)..=(most.log10().ceil() as i32);
        let steps = decades.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        let wide = most / least > 1_000.0;
        let inside = steps.filter(|&value| value >= least && value <= most);
        // Whole numbers as they are written: 0.1, not 0.1000000001.
        let rounded = inside.map(|value| (value * 1e6).round() / 1e6);
        return rounded.filter(|value| !wide || value.log10().fract().abs() < 1e-9).collect();
    }
    let step = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0].into_iter().find(|step| most / step <= 10.0).unwrap_or(200.0);
    (0..=(most / step) as usize).map(|count| count as f64 * step).collect()
}
