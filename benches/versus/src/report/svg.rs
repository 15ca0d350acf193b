//! The little of SVG that the charts take, written by hand: no library for charts gives labels at the ends of lines,
//! and nothing else is hard about them.

use std::fmt::Write;

pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Colours that stay apart for colour-blind eyes (Okabe and Ito), on white.
pub mod colour {
    pub const INK: &str = "#1f2430";
    pub const SOFT: &str = "#5c6370";
    pub const FAINT: &str = "#e6e8ec";
    pub const BLUE: &str = "#0072b2";
    pub const PALE: &str = "#cfe3f1";
    pub const SKY: &str = "#56b4e9";
    pub const VERMILION: &str = "#d55e00";
    pub const ORANGE: &str = "#e69f00";
    pub const GREEN: &str = "#009e73";
    pub const PURPLE: &str = "#cc79a7";
    pub const GREY: &str = "#8a9099";
}

#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub struct Face {
    pub size: f64,
    pub bold: bool,
    pub colour: &'static str,
    pub anchor: Anchor,
}

impl Face {
    pub const fn new(size: f64, colour: &'static str) -> Self {
        Self { size, bold: false, colour, anchor: Anchor::Start }
    }

    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Diamond,
    Triangle,
    Cross,
    Ring,
}

impl Svg {
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        let title = escape(title);
        svg.add(format_args!("<title>{title}</title>"));
        svg.add(format_args!(r##"<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>"##));
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    pub fn text(&mut self, x: f64, y: f64, content: &str, face: Face) {
        let Face { size, bold, colour, anchor } = face;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if bold { 600 } else { 400 };
        let content = escape(content);
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{content}</text>"#
        ));
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64, dashes: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>"#
        ));
    }

    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" fill="{fill}"/>"#
        ));
    }

    pub fn path(&mut self, points: &[(f64, f64)], colour: &str, width: f64, dashes: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.add(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round" stroke-dasharray="{dashes}"/>"#
        ));
    }

    /// With a white rim, so that marks that lie upon each other stay apart.
    pub fn mark(&mut self, x: f64, y: f64, shape: Shape, size: f64, colour: &str) {
        let rim = r##"stroke="#ffffff" stroke-width="1.2""##;
        let s = size;
        match shape {
            Shape::Circle => {
                self.add(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="{s}" fill="{colour}" {rim}/>"#));
            }
            Shape::Ring => self.add(format_args!(
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="{:.1}" fill="#ffffff" stroke="{colour}" stroke-width="2"/>"##,
                s - 0.6
            )),
            Shape::Square => self.add(format_args!(
                r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{colour}" {rim}/>"#,
                x - 0.9 * s,
                y - 0.9 * s,
                1.8 * s,
                1.8 * s
            )),
            Shape::Diamond => {
                let d = 1.25 * s;
                self.polygon(&[(x, y - d), (x + d, y), (x, y + d), (x - d, y)], colour, rim);
            }
            Shape::Triangle => {
                let d = 1.2 * s;
                self.polygon(&[(x, y - d), (x + d, y + 0.8 * d), (x - d, y + 0.8 * d)], colour, rim);
            }
            Shape::Cross => {
                let d = 0.85 * s;
                self.line((x - d, y - d), (x + d, y + d), colour, 2.2, "");
                self.line((x - d, y + d), (x + d, y - d), colour, 2.2, "");
            }
        }
    }

    fn polygon(&mut self, points: &[(f64, f64)], colour: &str, rim: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.add(format_args!(r#"<polygon points="{points}" fill="{colour}" {rim}/>"#));
    }

    pub fn finish(self) -> String {
        let Self { width, height, body } = self;
        let family = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"{family}\" role=\"img\">\n{body}</svg>\n"
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// From values to places along an axis.
#[derive(Clone, Copy)]
pub struct Scale {
    pub logarithmic: bool,
    pub values: (f64, f64),
    pub places: (f64, f64),
}

impl Scale {
    pub fn place(&self, value: f64) -> f64 {
        let map = |value: f64| if self.logarithmic { value.log10() } else { value };
        let share = (map(value) - map(self.values.0)) / (map(self.values.1) - map(self.values.0));
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    pub fn inside(&self, value: f64) -> f64 {
        self.place(value.clamp(self.values.0, self.values.1))
    }
}

/// Moves labels along an axis until each has its room, as little as that takes.
pub fn spread(places: &mut [f64], room: f64, limits: (f64, f64)) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    for _ in 0..100 {
        for pair in order.windows(2) {
            let overlap = room - (places[pair[1]] - places[pair[0]]);
            if overlap > 0.0 {
                places[pair[0]] -= overlap / 2.0;
                places[pair[1]] += overlap / 2.0;
            }
        }
        for place in places.iter_mut() {
            *place = place.clamp(limits.0, limits.1);
        }
    }
}
