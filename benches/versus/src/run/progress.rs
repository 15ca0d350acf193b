//! How far a run is: a bar on a terminal, else a line for each workload.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new(steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{bar:30.cyan/dim} {pos}/{len} {elapsed} {wide_msg}");
        let bar = ProgressBar::new(steps as u64);
        Self(Some(bar.with_style(style.expect("a template that is right"))))
    }

    pub fn tell(&self, what: &str, step: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{what}: {step}"));
        }
    }

    pub fn done(&self, what: &str, start: Instant) {
        match &self.0 {
            Some(bar) => bar.inc(1),
            None => eprintln!("{:5.0} s  {what}", start.elapsed().as_secs_f64()),
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
