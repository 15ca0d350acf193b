//! Measures one workload: everybody gets ready and is checked, then all arms are timed in turns.
//!
//! Turns are what makes ratios fair on a machine whose speed changes: in each round every part of every arm has one
//! turn, and each round starts with another arm. A turn is as many calls as take 20 ms (or 10), after one that does not
//! count, or a single call where that is long. Its median is a sample; the median of the samples is the result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::check::{Found, judge};
use super::machine;
use super::team::Member;
use crate::data;
use crate::outcome::Outcome;
use crate::protocol::{ArmInfo, Part, Request, Task};
use crate::results::{ArmResult, Row, Stats, Verdict};
use crate::workload::{Type, Workload};

/// From here on a call is warm by itself.
const LONG: f64 = 0.05;
/// A call that takes this many times the time for all rounds is not asked for again: what the check took counts as its
/// time, reading the result included, which is nothing beside it. Its transfers are not timed.
const ENDLESS: f64 = 3.0;
/// Transfers of large buffers are slow the first times, until memory is there to be used again.
const TRANSFER_CALLS: usize = 5;

/// For inputs to be loaded, kernels to be compiled, tables to be built.
const PREPARATION: Duration = Duration::from_secs(120);

pub struct Plan {
    /// A turn lasts about this many seconds.
    pub turn: f64,
    pub rounds: usize,
    /// For a part of an arm, all rounds together.
    pub seconds: f64,
    /// Transfers and end to end of everybody, not of ndgpu alone.
    pub whole: bool,
    /// Whether large buffers go back and forth.
    pub transfers: bool,
    /// For a call.
    pub patience: Duration,
}

/// A part of an arm that is timed.
struct Turn {
    member: usize,
    arm: usize,
    /// Its place in the row.
    entry: usize,
    part: Part,
    calls: usize,
    warm: usize,
    rounds: usize,
    samples: Vec<f64>,
}

pub fn measure(
    workload: Workload,
    team: &mut [Member],
    folder: &Path,
    plan: &Plan,
    mut tell: impl FnMut(&str),
) -> Outcome<Row> {
    tell("inputs");
    let expected = data::make(&workload, folder)?;
    let task = Task { folder: folder.to_owned(), workload };
    let mut entries = Vec::new();
    let mut turns = Vec::new();
    let mut files = Vec::new();
    for (place, member) in team.iter_mut().enumerate() {
        if member.missing.is_some() {
            continue;
        }
        tell(member.known.name);
        match member.ask(&Request::Prepare { task: task.clone() }, PREPARATION) {
            Err(reason) => entries.push(failed(member, member.known.name, reason)),
            Ok(reply) => {
                let mut ended: Option<String> = None;
                for (arm, info) in reply.arms.into_iter().enumerate() {
                    if let Some(reason) = &ended {
                        entries.push(failed(member, &info.name, reason.clone()));
                        continue;
                    }
                    let out = folder.join(format!("result-{place}-{arm}.npy"));
                    let (entry, file, took) = examine(member, &task, arm, &info, &expected, out, plan);
                    if entry.verdict.counts() {
                        let entry = entries.len();
                        let endless = |&took: &f64| !member.known.compiles() && took > ENDLESS * plan.seconds;
                        let known = took.filter(endless);
                        let whole = plan.whole || member.known.is_own();
                        let wanted = |part: &&Part| (whole && known.is_none()) || **part == Part::Resident;
                        let parts = info.parts.iter().filter(wanted);
                        turns.extend(parts.map(|&part| Turn::new(place, arm, entry, part, known)));
                    }
                    files.push((entries.len(), file));
                    if matches!(entry.verdict, Verdict::Failed(_)) {
                        // With its process went what the others had made ready.
                        ended = Some(format!("not tried: its process was ended after {} had failed", info.name));
                        fail_others(&mut entries, member, ended.as_deref().unwrap_or_default());
                    }
                    entries.push(entry);
                }
            }
        }
    }
    if workload.ty() == Type::F64 {
        compare_bits(&mut entries, &files);
    }
    let watch = Watch::start(team);
    take_turns(&mut turns, &mut entries, team, plan, &mut tell);
    let disturbed = watch.stop(team);
    for turn in turns {
        if let Some(stats) = Stats::of(&turn.samples) {
            entries[turn.entry].parts.insert(turn.part, stats);
        }
    }
    for member in team.iter_mut() {
        member.release();
    }
    Ok(Row {
        name: workload.name(),
        title: workload.title(),
        bytes: workload.bytes(),
        elements: workload.elements(),
        workload,
        began: 0,
        arms: entries,
        disturbed,
    })
}

/// Looks whether other programs compute while arms are timed.
struct Watch {
    began: Instant,
    machine: Option<f64>,
    team: f64,
}

impl Watch {
    fn start(team: &[Member]) -> Self {
        Self { began: Instant::now(), machine: machine::busy_seconds(), team: busy(team) }
    }

    /// The share of the machine's time that was taken by none of the team.
    fn stop(self, team: &[Member]) -> Option<f64> {
        let all = machine::busy_seconds()? - self.machine?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let whole = self.began.elapsed().as_secs_f64() * cores;
        // Of a process that was ended meanwhile nothing is known, and the ticks of the system are coarse.
        Some(((all - (busy(team) - self.team).max(0.0)) / whole).clamp(0.0, 1.0))
    }
}

fn busy(team: &[Member]) -> f64 {
    team.iter().map(|member| member.busy_nanoseconds() as f64 * 1e-9).sum()
}

/// Arms of a peer that were ready and are no more.
fn fail_others(entries: &mut [ArmResult], member: &Member, reason: &str) {
    for entry in entries.iter_mut().filter(|entry| entry.peer == member.known.name && entry.verdict.counts()) {
        entry.verdict = Verdict::Failed(reason.to_owned());
    }
}

fn entry(member: &Member, name: &str, verdict: Verdict) -> ArmResult {
    ArmResult {
        peer: member.known.name.into(),
        name: name.into(),
        call: String::new(),
        floor: None,
        offers: Vec::new(),
        verdict,
        error: None,
        same_bits_as_numpy: None,
        parts: BTreeMap::new(),
    }
}

fn failed(member: &Member, name: &str, reason: String) -> ArmResult {
    entry(member, name, Verdict::Failed(reason))
}

/// Has an arm compute once and looks at what came out. A limit has no result.
fn examine(
    member: &mut Member,
    task: &Task,
    arm: usize,
    info: &ArmInfo,
    expected: &[f64],
    out: PathBuf,
    plan: &Plan,
) -> (ArmResult, Option<Found>, Option<f64>) {
    let mut entry = entry(member, &info.name, Verdict::Right);
    entry.call = info.call.clone();
    entry.floor = info.floor;
    entry.offers = info.parts.clone();
    if let Some(reason) = &info.refuses {
        entry.verdict = Verdict::Refused(reason.clone());
        return (entry, None, None);
    }
    if info.floor.is_some() || expected.is_empty() {
        return (entry, None, None);
    }
    let took = match member.ask(&Request::Check { arm, out: out.clone() }, plan.patience) {
        Ok(reply) => reply.seconds.first().copied(),
        Err(reason) => {
            entry.verdict = Verdict::Failed(reason);
            return (entry, None, None);
        }
    };
    match Found::read(&out) {
        Ok(found) => {
            (entry.verdict, entry.error) = judge(&found, expected, task.workload.ty());
            let keep = task.workload.ty() == Type::F64;
            (entry, keep.then_some(found), took)
        }
        Err(reason) => {
            entry.verdict = Verdict::Failed(format!("its result cannot be read: {reason}"));
            (entry, None, None)
        }
    }
}

fn compare_bits(entries: &mut [ArmResult], files: &[(usize, Option<Found>)]) {
    let numpy = files.iter().find(|(place, _)| entries[*place].name == "np.interp");
    let Some((_, Some(numpy))) = numpy else { return };
    for (place, found) in files {
        entries[*place].same_bits_as_numpy = found.as_ref().and_then(|found| found.same_bits(numpy));
    }
}

fn take_turns(
    turns: &mut [Turn],
    entries: &mut [ArmResult],
    team: &mut [Member],
    plan: &Plan,
    tell: &mut impl FnMut(&str),
) {
    for turn in turns.iter_mut() {
        tell(&format!("{}, once", entries[turn.entry].name));
        turn.calibrate(entries, team, plan);
    }
    for round in 1..plan.rounds {
        tell(&format!("round {} of {}", round + 1, plan.rounds));
        let start = round * turns.len() / plan.rounds;
        for place in (start..turns.len()).chain(0..start) {
            let turn = &mut turns[place];
            if round < turn.rounds {
                turn.take(entries, team, plan);
            }
        }
    }
}

impl Turn {
    fn new(member: usize, arm: usize, entry: usize, part: Part, known: Option<f64>) -> Self {
        Self { member, arm, entry, part, calls: 1, warm: 0, rounds: 1, samples: known.into_iter().collect() }
    }

    /// The first round, in which it turns out how many calls and how many rounds fit.
    fn calibrate(&mut self, entries: &mut [ArmResult], team: &mut [Member], plan: &Plan) {
        if !self.samples.is_empty() {
            return;
        }
        if plan.transfers {
            (self.calls, self.warm) = (TRANSFER_CALLS, 2);
        }
        self.take(entries, team, plan);
        let Some(&first) = self.samples.first() else { return };
        if first < LONG && !plan.transfers {
            // The first call is often slower than the rest: once more, with a warm-up.
            self.samples.clear();
            (self.calls, self.warm) = ((plan.turn / first.max(1e-7)).clamp(1.0, 20.0) as usize, 1);
            self.take(entries, team, plan);
            let Some(&first) = self.samples.first() else { return };
            self.calls = (plan.turn / first.max(1e-7)).clamp(1.0, 2_000.0) as usize;
        }
        let turn = self.samples[0] * (self.calls + self.warm) as f64;
        self.rounds = (plan.seconds / turn).clamp(1.0, plan.rounds as f64) as usize;
    }

    fn take(&mut self, entries: &mut [ArmResult], team: &mut [Member], plan: &Plan) {
        if !entries[self.entry].verdict.counts() {
            return;
        }
        let member = &mut team[self.member];
        let request = Request::Time { arm: self.arm, part: self.part, calls: self.calls, warm: self.warm };
        match member.ask(&request, plan.patience) {
            Ok(reply) => self.samples.extend(Stats::of(&reply.seconds).map(|stats| stats.median)),
            Err(reason) => {
                // With its process went everything that the peer had made ready.
                fail_others(entries, member, &reason);
            }
        }
    }
}
