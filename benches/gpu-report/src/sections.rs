//! The sections of the report, each a process with a limit in time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::findings::{Finding, MARK, Report, SectionState};
use crate::outcome::{Outcome, told};

/// With the seconds that each gives itself, 425 in all, and a few more until it is ended: less than eight minutes.
const SECTIONS: [(&str, f64); 7] = [
    ("facts", 15.0),
    ("ceilings", 30.0),
    ("workloads", 115.0),
    ("transfers", 20.0),
    ("overheads", 20.0),
    ("peers", 110.0),
    ("tests", 115.0),
];
/// What a section does not interrupt: a call that is running, a device that is being closed.
const GRACE: f64 = 6.0;

pub fn names() -> Vec<&'static str> {
    SECTIONS.iter().map(|(name, _)| *name).collect()
}

/// Runs those that are wanted, one after another, and has the report written after each.
pub fn run_all(args: &Args, mut write: impl FnMut(&mut Report) -> Outcome<()>) -> Outcome<Report> {
    if let Some(stranger) = args.sections.iter().flatten().find(|name| !names().contains(&name.as_str())) {
        return Err(format!("there is no section {stranger}: {}", names().join(", ")));
    }
    std::fs::create_dir_all(args.out.join("logs")).map_err(|error| format!("{}: {error}", args.out.display()))?;
    let mut report = Report::default();
    for (name, seconds) in SECTIONS {
        if args.sections.as_ref().is_some_and(|wanted| !wanted.iter().any(|wanted| wanted == name)) {
            continue;
        }
        eprint!("{name} ..");
        let start = Instant::now();
        let mut problems = Vec::new();
        if let Err(reason) = run(name, seconds, args, |finding| problems.extend(report.add(finding))) {
            problems.push(reason);
        }
        // What every section says of a missing device is said once.
        if let Some(missing) = &report.facts.device_missing {
            problems.iter_mut().for_each(|problem| *problem = problem.replace(missing, "no GPU, as said above"));
        }
        let seconds = start.elapsed().as_secs_f64();
        let said = if problems.is_empty() { String::new() } else { format!(", problems: {}", problems.len()) };
        eprintln!(" {seconds:.0} s{said}");
        report.sections.push(SectionState { name: name.into(), seconds, problems });
        write(&mut report)?;
    }
    Ok(report)
}

fn run(name: &str, seconds: f64, args: &Args, mut add: impl FnMut(Finding)) -> Outcome<()> {
    let stderr = args.out.join("logs").join(format!("{name}.stderr"));
    let file = std::fs::File::create(&stderr).map_err(told)?;
    let mut command = Command::new(std::env::current_exe().map_err(told)?);
    command.args(["--section", name, "--seconds", &seconds.to_string(), "--python", &args.python]);
    command.arg("--out").arg(&args.out).arg("--pack").arg(&args.pack);
    if let Some(adapter) = &args.adapter {
        command.args(["--adapter", adapter]);
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn().map_err(told)?;
    let mut child = Section(child);
    let stdout = BufReader::new(child.0.stdout.take().ok_or("a section's output is not to be had")?);
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        // Ends when the section does, or when nobody listens any more.
        stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let deadline = Instant::now() + Duration::from_secs_f64(seconds + GRACE);
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(text) = line.strip_prefix(MARK) {
                    add(serde_json::from_str(text).map_err(|error| format!("a finding that is none: {error}"))?);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("ended by force after {:.0} s: what it had found is here", seconds + GRACE));
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.0.wait().map_err(told)?;
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read_to_string(&stderr).unwrap_or_default();
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("note:"));
    let last = last.unwrap_or("without a word");
    Err(last.strip_prefix("gpu-report: ").map_or_else(|| format!("died ({status}): {last}"), str::to_owned))
}

/// Whatever ends the wait for it ends the process, and what it has started itself: peers and tests.
struct Section(Child);

impl Drop for Section {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{GRACE, SECTIONS};

    #[test]
    fn all_sections_end_within_eight_minutes() {
        let most: f64 = SECTIONS.iter().map(|(_, seconds)| seconds + GRACE).sum();
        assert!(most < 475.0, "{most}");
    }
}
