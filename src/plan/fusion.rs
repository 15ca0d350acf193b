//! Which operations become one: an interpolation whose values nobody needs but one reduction of their rows.

use std::any::Any;

use crate::device::Device;
use crate::element::Float;
use crate::engine::storage::MemoryId;
use crate::engine::storage::Use;
use crate::kernels::compiled::CompiledOperation;
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::interp::op::Interp;
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::op::Reduce;

/// An operation of a plan.
pub(crate) struct Planned {
    pub operation: Box<dyn Operation>,
    pub account: Account,
    /// How many other operations it took in.
    pub fused: usize,
    /// The bytes that are neither written nor read because of that.
    pub saved: u64,
}

impl Planned {
    fn of(operation: Box<dyn Operation>, fused: usize, saved: u64) -> Self {
        Self { account: operation.account(), operation, fused, saved }
    }
}

/// Fuses what can be fused. `needed` is the memory that others will look at.
pub(crate) fn fuse(device: &Device, operations: Vec<Box<dyn Operation>>, needed: &[MemoryId]) -> Vec<Planned> {
    let mut planned: Vec<Option<Planned>> =
        operations.into_iter().map(|operation| Some(Planned::of(operation, 0, 0))).collect();
    for first in 0..planned.len() {
        let Some((user, whole)) = partner(device, &planned, first, needed) else { continue };
        planned[user] = Some(whole);
        planned[first] = None;
    }
    planned.into_iter().flatten().collect()
}

/// The only operation that needs what the first one writes, and both in one, if they can be.
fn partner(
    device: &Device,
    planned: &[Option<Planned>],
    first: usize,
    needed: &[MemoryId],
) -> Option<(usize, Planned)> {
    let Planned { operation, account, .. } = planned[first].as_ref()?;
    let [output] = account.writes[..] else { return None };
    if needed.contains(&output.memory) {
        return None;
    }
    let later = || planned.iter().enumerate().skip(first + 1).filter_map(|(place, one)| Some((place, one.as_ref()?)));
    let touches = |uses: &[Use], memory: MemoryId| uses.iter().any(|one| one.memory == memory);
    let mut users = later()
        .filter(|(_, one)| touches(&one.account.reads, output.memory) || touches(&one.account.writes, output.memory));
    let (Some((user, second)), None) = (users.next(), users.next()) else { return None };
    // What lies between must not change what the first one reads.
    let mut between = later().take_while(|(place, _)| *place < user);
    if between.any(|(_, one)| account.reads.iter().any(|read| touches(&one.account.writes, read.memory))) {
        return None;
    }
    let operation = fused(device, &**operation, &*second.operation)?;
    Some((user, Planned::of(operation, 1, 2 * output.bytes)))
}

fn fused(device: &Device, first: &dyn Operation, second: &dyn Operation) -> Option<Box<dyn Operation>> {
    fused_in::<f32>(device, first, second).or_else(|| fused_in::<f64>(device, first, second))
}

fn fused_in<T: Float>(device: &Device, first: &dyn Any, second: &dyn Any) -> Option<Box<dyn Operation>> {
    let (interp, reduce) = (first.downcast_ref::<Interp<T>>()?, second.downcast_ref::<Reduce<T>>()?);
    Some(InterpReduce::of(device, interp, reduce)?.into_compiled())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array2, Axis, Ix2};

    use super::*;
    use crate::array::DeviceArray;
    use crate::device::recorder::Recorder;
    use crate::engine::gpu::encoder::Commands;
    use crate::engine::host::memory::HostPool;
    use crate::error::Result;
    use crate::table::InterpTable;

    /// Something that only says what it touches.
    struct Touches(Account);

    impl Operation for Touches {
        fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
            Ok(())
        }

        fn on_gpu(&self, _: &Commands<'_>) -> Result<()> {
            Ok(())
        }

        fn account(&self) -> Account {
            self.0.clone()
        }
    }

    /// How many operations are left of a lookup, something between, and a sum of what was looked up.
    fn left_of(between: impl FnOnce(&[Use], &[Use]) -> (Vec<Use>, Vec<Use>)) -> usize {
        let device = Device::cpu();
        let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0, 1.0]).unwrap();
        let x = device.upload(&Array2::<f32>::zeros((2, 3))).unwrap();
        let recorder = Arc::new(Recorder::default());
        let storage = x.storage().clone();
        let x: DeviceArray<f32, Ix2> =
            DeviceArray::new(device.recording(&recorder), storage, x.raw_dim(), Default::default());
        let sums = table.interp_rows(&x).unwrap().sum_axis(Axis(1)).unwrap();
        let mut operations = recorder.take().operations;
        assert_eq!(operations.len(), 2);
        let lookup = operations[0].account();
        let (reads, writes) = between(&lookup.reads, &lookup.writes);
        operations.insert(1, Box::new(Touches(Account { name: "between".into(), reads, writes })));
        fuse(&device, operations, &[sums.storage().id()]).len()
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
