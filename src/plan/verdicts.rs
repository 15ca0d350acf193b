//! [`Verdicts`]: the current findings about the memory of a plan.
//!
//! Each replay overwrites the outputs of the one before, and handles to them share that memory. So they refer to
//! findings ([`Latest`]) that each replay replaces as well: values and findings belong to the same replay, whichever
//! one returned the handle.

use std::sync::Arc;

use crate::engine::check::{Check, CheckKind, Checks, Findings, Latest};
use crate::engine::storage::MemoryId;
use crate::error::Result;

/// An input of a plan, and the findings about it.
pub(crate) struct Input {
    /// Represents the input among the checks of results computed from it.
    pub marker: Arc<Check>,
    memory: MemoryId,
    /// Findings about the values written last.
    written: Arc<Latest>,
    /// Findings about the values that the latest replay read.
    replayed: Arc<Latest>,
}

/// The findings about the inputs of a plan, and about results computed from them.
pub(crate) struct Verdicts {
    inputs: Vec<Input>,
    /// The findings of the plan's own checks in the latest replay.
    own: Vec<(Arc<Check>, Arc<Latest>)>,
    /// The findings about arrays of other plans that this one reads, as of the latest replay.
    others: Vec<(Arc<Latest>, Arc<Latest>)>,
}

impl Input {
    pub fn new(memory: MemoryId, findings: Findings) -> Self {
        let marker = Check::on_host(CheckKind::Input);
        Self { marker, memory, written: Latest::new(findings), replayed: Arc::default() }
    }

    /// Replaces the values and the findings about them. After a failed write the contents are unspecified.
    pub fn write(&self, findings: Findings, write: impl FnOnce() -> Result<()>) -> Result<()> {
        write_under([&self.written], write, |()| self.written.set(findings))
    }
}

impl Verdicts {
    /// `own` are the checks that each replay makes.
    pub fn new(inputs: Vec<Input>, own: &[Arc<Check>]) -> Self {
        let own = own.iter().map(|check| (check.clone(), Arc::default())).collect();
        Self { inputs, own, others: Vec::new() }
    }

    pub fn inputs(&self) -> std::slice::Iter<'_, Input> {
        self.inputs.iter()
    }

    /// The checks of a handle to an output, from those noted while the plan was captured.
    pub fn of_output(&mut self, captured: &Checks, memory: MemoryId) -> Checks {
        if let Some(input) = self.inputs.iter().find(|input| input.memory == memory) {
            // Writes change it, not only replays.
            return Checks::default().with_latest(input.written.clone());
        }
        let checks = captured.made().iter().fold(Checks::default(), |checks, check| {
            let of_input = self.inputs.iter().find(|input| Arc::ptr_eq(&input.marker, check));
            let own = self.own.iter().find(|(own, _)| Arc::ptr_eq(own, check));
            match of_input.map(|input| &input.replayed).or(own.map(|(_, latest)| latest)) {
                Some(latest) => checks.with_latest(latest.clone()),
                None => checks.with(check.clone()),
            }
        });
        captured.latest().iter().fold(checks, |checks, theirs| checks.with_latest(self.of_other(theirs)))
    }

    /// The findings about memory of another plan, as of each replay.
    fn of_other(&mut self, theirs: &Arc<Latest>) -> Arc<Latest> {
        if let Some((_, ours)) = self.others.iter().find(|(known, _)| Arc::ptr_eq(known, theirs)) {
            return ours.clone();
        }
        let ours = Arc::<Latest>::default();
        self.others.push((theirs.clone(), ours.clone()));
        ours
    }

    /// Replays: `run` returns the findings of the plan's own checks, in order.
    pub fn replay(&self, run: impl FnOnce() -> Result<Vec<Findings>>) -> Result<()> {
        let of_inputs = self.inputs.iter().map(|input| &input.replayed);
        let computed =
            of_inputs.chain(self.own.iter().map(|(_, own)| own)).chain(self.others.iter().map(|(_, ours)| ours));
        write_under(computed, run, |found| {
            self.inputs.iter().for_each(|input| input.replayed.set(input.written.now()));
            self.others.iter().for_each(|(theirs, ours)| ours.set(theirs.now()));
            self.own.iter().zip(found).for_each(|((_, latest), found)| latest.set(found));
        })
    }
}

/// Writes memory, then lets `settle` set the findings about its new contents. If writing fails, the failure is the
/// finding.
fn write_under<'a, R>(
    all: impl IntoIterator<Item = &'a Arc<Latest>> + Clone,
    write: impl FnOnce() -> Result<R>,
    settle: impl FnOnce(R),
) -> Result<()> {
    all.clone().into_iter().for_each(|latest| latest.begin());
    match write() {
        Ok(written) => settle(written),
        Err(error) => {
            let findings = Findings::unwritten(error.clone());
            all.into_iter().for_each(|latest| latest.set(findings.clone()));
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;
    use crate::error::Error;

    #[test]
    fn what_fails_halfway_is_wrong_until_it_is_done_again() {
        let device = Device::cpu();
        let storage = device.allocate::<f32>(1).unwrap();
        let output = device.allocate::<f32>(1).unwrap();
        let input = Input::new(storage.id(), Findings::default());
        let captured = Checks::default().with(input.marker.clone());
        let mut verdicts = Verdicts::new(vec![input], &[]);
        let itself = verdicts.of_output(&captured, storage.id());
        let computed = verdicts.of_output(&captured, output.id());
        let said = || [&itself, &computed].map(|checks| checks.now().verdict(&[]).map_err(|error| error.to_string()));
        let failing = || Err(Error::other("no memory"));
        let (good, bad) = (Ok(()), Err("no memory".to_owned()));
        let input = || verdicts.inputs().next().unwrap();

        verdicts.replay(failing).unwrap_err();
        assert_eq!(said(), [good.clone(), bad.clone()], "a replay leaves its inputs alone");
        verdicts.replay(|| Ok(Vec::new())).unwrap();
        assert_eq!(said(), [good.clone(), good.clone()]);
        input().write(Findings::default(), || failing().map(drop)).unwrap_err();
        assert_eq!(said(), [bad.clone(), good.clone()], "what was computed before is as it was");
        verdicts.replay(|| Ok(Vec::new())).unwrap();
        assert_eq!(said(), [bad.clone(), bad.clone()]);
        input().write(Findings::default(), || Ok(())).unwrap();
        assert_eq!(said(), [good.clone(), bad], "until it is computed again");
        verdicts.replay(|| Ok(Vec::new())).unwrap();
        assert_eq!(said(), [good.clone(), good]);
    }
}
