//! Fuses operations: an interpolation with the only reduction of its rows, and what a reduction of rows hands back with
//! the only transpose that takes it, if nothing else needs the values between.

use crate::engine::Engine;
use crate::engine::storage::{MemoryAccess, MemoryId};
use crate::kernels::footprint::Footprint;
use crate::kernels::{Op, door};

/// An operation of a plan.
pub(crate) struct Planned {
    pub op: Op,
    pub footprint: Footprint,
    /// The number of other operations fused into it.
    pub fused: usize,
    /// The bytes that the fusion saves writing and reading.
    pub saved: u64,
}

impl Planned {
    fn of(op: Op, fused: usize, saved: u64) -> Self {
        Self { footprint: op.footprint(), op, fused, saved }
    }
}

/// Fuses every pair that can be fused. `needed` is the memory that is read from outside.
pub(crate) fn fuse(engine: &Engine, ops: Vec<Op>, needed: &[MemoryId]) -> Vec<Planned> {
    let mut planned: Vec<Option<Planned>> = ops.into_iter().map(|op| Some(Planned::of(op, 0, 0))).collect();
    for first in 0..planned.len() {
        let Some((user, whole)) = partner(engine, &planned, first, needed) else { continue };
        planned[user] = Some(whole);
        planned[first] = None;
    }
    planned.into_iter().flatten().collect()
}

/// The only user of the first operation's output, and both fused, if they can be.
fn partner(
    engine: &Engine,
    planned: &[Option<Planned>],
    first: usize,
    needed: &[MemoryId],
) -> Option<(usize, Planned)> {
    let Planned { op, footprint, .. } = planned[first].as_ref()?;
    let [output] = footprint.writes[..] else { return None };
    if needed.contains(&output.memory) {
        return None;
    }
    let later = || planned.iter().enumerate().skip(first + 1).filter_map(|(place, one)| Some((place, one.as_ref()?)));
    let touches = |uses: &[MemoryAccess], memory: MemoryId| uses.iter().any(|one| one.memory == memory);
    let mut users = later().filter(|(_, one)| {
        touches(&one.footprint.reads, output.memory) || touches(&one.footprint.writes, output.memory)
    });
    let (Some((user, second)), None) = (users.next(), users.next()) else { return None };
    // Operations in between must not change the operands of the first one.
    let mut between = later().take_while(|(place, _)| *place < user);
    if between.any(|(_, one)| footprint.reads.iter().any(|read| touches(&one.footprint.writes, read.memory))) {
        return None;
    }
    let fused = door::fuse(engine, op, &second.op)?;
    Some((user, Planned::of(fused, 1, 2 * output.bytes)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array2, Axis, Ix2};

    use super::*;
    use crate::array::DeviceArray;
    use crate::device::Device;
    use crate::device::recorder::Recorder;
    use crate::table::InterpTable;

    /// The number of operations left of a lookup, an operation between, and a sum of the values looked up.
    fn left_of(
        between: impl FnOnce(&[MemoryAccess], &[MemoryAccess]) -> (Vec<MemoryAccess>, Vec<MemoryAccess>),
    ) -> usize {
        let device = Device::cpu();
        let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0, 1.0]).unwrap();
        let x = device.upload(&Array2::<f32>::zeros((2, 3))).unwrap();
        let recorder = Arc::new(Recorder::default());
        let storage = x.storage().clone();
        let x: DeviceArray<f32, Ix2> =
            DeviceArray::new(device.recording(&recorder), storage, x.raw_dim(), Default::default());
        let sums = table.interp_rows(&x).unwrap().sum_axis(Axis(1)).unwrap();
        let mut ops = recorder.take().ops;
        assert_eq!(ops.len(), 2);
        let lookup = ops[0].footprint();
        let (reads, writes) = between(&lookup.reads, &lookup.writes);
        ops.insert(1, Op::Touch(Footprint { name: "between".into(), reads, writes }));
        fuse(device.engine(), ops, &[sums.storage().id()]).len()
    }

    #[test]
    fn a_lookup_does_not_move_past_what_changes_its_operands() {
        assert_eq!(left_of(|_, _| (vec![], vec![])), 2, "what has nothing to do with it");
        assert_eq!(left_of(|reads, _| (reads.to_vec(), vec![])), 2, "what reads the same");
        assert_eq!(left_of(|reads, _| (vec![], reads[..1].to_vec())), 3, "what writes its first operand");
        assert_eq!(left_of(|reads, _| (vec![], reads[reads.len() - 1..].to_vec())), 3, "what writes its last");
        assert_eq!(left_of(|_, writes| (writes.to_vec(), vec![])), 3, "what reads its values");
        assert_eq!(left_of(|_, writes| (vec![], writes.to_vec())), 3, "what writes over its values");
    }
}
