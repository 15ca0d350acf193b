//! The tests of the crate, as programs that were built elsewhere, on this device: NumPy's recorded answers and real
//! workloads, and operations against plain oracles.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ndgpu::{DeviceInfo, DeviceKind};

use crate::args::Args;
use crate::findings::{Finding, Suite};
use crate::gpu;
use crate::outcome::{Outcome, told};

/// Each with its share of the time.
const PROGRAMS: [(&str, f64); 2] = [("numpy", 0.4), ("operations", 0.6)];
const MOST_FAILURES: usize = 40;
/// What a software rasteriser takes minutes for, as in `scripts/test-drivers --quick`.
const SLOW: [&str; 7] = [
    "interp::methods::",
    "kernels::",
    "search::",
    "reduce::extremes::",
    "reduce::filling::",
    "reduce::moments::",
    "reduce::skipping::",
];

pub fn run(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    // The name of the device that all other sections measure: the tests open the first adapter that has it.
    let device = gpu::chosen(args.adapter.as_deref())?;
    let (all, start) = (args.seconds.unwrap_or(110.0), Instant::now());
    for (name, share) in PROGRAMS {
        // What the one before left is the next one's.
        let left = all - start.elapsed().as_secs_f64();
        let limit = if name == PROGRAMS[PROGRAMS.len() - 1].0 { left } else { all * share };
        let program = args.pack.join("bin/tests").join(name);
        match one(name, &program, args, &device, limit) {
            Ok(suite) => tell(Finding::Suite(suite)),
            Err(reason) => tell(Finding::Suite(Suite { name: name.into(), trouble: Some(reason), ..Suite::default() })),
        }
    }
    Ok(())
}

fn one(name: &str, program: &Path, args: &Args, device: &DeviceInfo, limit: f64) -> Outcome<Suite> {
    let log = args.out.join("logs").join(format!("tests-{name}.txt"));
    let stderr = std::fs::File::create(args.out.join("logs").join(format!("tests-{name}.stderr"))).map_err(told)?;
    let start = Instant::now();
    let skipped: &[&str] = if device.kind == DeviceKind::Software { &SLOW } else { &[] };
    let mut child = Command::new(program)
        .args(skipped.iter().flat_map(|module| ["--skip", module]))
        .env("NDGPU_TEST_ADAPTER", &device.name)
        .env("NDGPU_TESTS_DIR", args.pack.join("tests"))
        .env("WGPU_VALIDATION", "0")
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let stdout = child.stdout.take().ok_or("the program's output is not to be had")?;
    let reader = std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).fold(String::new(), |text, line| text + &line + "\n")
    });
    let mut trouble = None;
    loop {
        match child.try_wait().map_err(told)? {
            Some(status) if status.success() => break,
            Some(status) => {
                trouble = Some(format!("ended with {status}"));
                break;
            }
            None if start.elapsed().as_secs_f64() > limit => {
                trouble = Some(format!("ended by force after {limit:.0} s: what follows is as far as it got"));
                child.kill().map_err(told)?;
                child.wait().map_err(told)?;
                break;
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    let text = reader.join().map_err(|_| "the program's output could not be read")?;
    std::fs::write(&log, &text).map_err(told)?;
    Ok(Suite { name: name.into(), seconds: start.elapsed().as_secs_f64(), trouble, ..counted(&text) })
}

/// What the tests of recorded answers count: under a title, rows with `passed / deliberate difference / failed` in a
/// column for each engine and type.
fn cases(text: &str) -> Vec<String> {
    let mut counts: Vec<(String, [usize; 3])> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_suffix(": passed / deliberate difference / failed") {
            counts.push((title.to_owned(), [0; 3]));
        } else if let Some((_, sums)) = counts.last_mut() {
            let words: Vec<&str> = line.split_whitespace().collect();
            for triple in words.windows(5).filter(|words| words[1] == "/" && words[3] == "/") {
                let numbers = [triple[0], triple[2], triple[4]].map(str::parse::<usize>);
                if let [Ok(passed), Ok(different), Ok(failed)] = numbers {
                    sums.iter_mut().zip([passed, different, failed]).for_each(|(sum, number)| *sum += number);
                }
            }
        }
    }
    let sentence = |(title, [passed, different, failed]): (String, [usize; 3])| {
        format!("{title}: {passed} passed, {different} deliberately different, {failed} failed, all engines together")
    };
    counts.into_iter().map(sentence).collect()
}

/// What Rust's test harness prints, counted line by line, so that it counts where there was no time for all tests, too;
/// where it came to its end, what it says there itself.
fn counted(text: &str) -> Suite {
    let mut suite = Suite { counts: cases(text), ..Suite::default() };
    for line in text.lines() {
        if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... ")) {
            match outcome.split(',').next().unwrap_or_default().trim() {
                "ok" => suite.passed += 1,
                "ignored" => suite.ignored += 1,
                "FAILED" => {
                    suite.failed += 1;
                    if suite.failures.len() < MOST_FAILURES {
                        suite.failures.push(name.to_owned());
                    }
                }
                _ => {}
            }
        } else if let Some(filtered) = line.strip_prefix("test result:") {
            let counted = |what: &str| {
                let part = filtered.split([';', '.']).find_map(|part| part.trim().strip_suffix(what))?;
                part.trim().parse().ok()
            };
            suite.passed = counted("passed").unwrap_or(suite.passed);
            suite.failed = counted("failed").unwrap_or(suite.failed);
            suite.ignored = counted("ignored").unwrap_or(suite.ignored);
            suite.filtered = counted("filtered out").unwrap_or(0);
        }
    }
    // A panic's message goes with the name of its test.
    let blocks: Vec<_> = text.split("\n---- ").skip(1).collect();
    for failure in &mut suite.failures {
        let block = blocks.iter().find(|block| block.starts_with(&format!("{failure} stdout")));
        let message = block.map(|block| said(block));
        if let Some(message) = message {
            *failure = format!("{failure}: {message}");
        }
    }
    suite
}

/// The first lines of what a test printed, without the harness's own.
fn said(block: &str) -> String {
    let own = |line: &&str| line.starts_with("test result:") || line.starts_with("failures:");
    let lines = block.lines().skip(1).take_while(|line| !own(line)).map(str::trim).filter(|line| !line.is_empty());
    lines.take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn the_harness_is_counted_also_where_it_was_cut_off() {
        let text = "\nrunning 4 tests\ntest a::b ... ok\ntest c ... ignored, too large\ntest d ... FAILED\n\n\
                    failures:\n\n---- d stdout ----\n\nthread 'd' panicked at tests/d.rs:1:2:\nleft is not right\n\n\
                    test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.1s\n";
        let suite = counted(text);
        assert_eq!((suite.passed, suite.failed, suite.ignored, suite.filtered), (1, 1, 1, 7));
        assert_eq!(suite.failures, ["d: thread 'd' panicked at tests/d.rs:1:2: left is not right"]);
        let text = "x: passed / deliberate difference / failed\nsum core  13 / 0 / 1  9 / 2 / 0\nmax core 1 / 0 / 0\n";
        let counts = ["x: 23 passed, 2 deliberately different, 1 failed, all engines together"];
        assert_eq!(counted(text).counts, counts);
        assert_eq!(counted("running 3 tests\ntest a ... ok\ntest b ... ").passed, 1);
    }
}
