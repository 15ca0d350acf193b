//! Which operations become one: an interpolation whose values nobody needs but one reduction of their rows.

use std::any::Any;

use super::interp_reduce::InterpReduce;
use crate::device::Device;
use crate::device::operation::Operation;
use crate::device::storage::MemoryId;
use crate::element::Float;
use crate::interp::Interp;
use crate::reduce::Reduce;

/// An operation of a plan.
pub(super) struct Planned {
    pub operation: Box<dyn Operation>,
    /// How many other operations it took in.
    pub fused: usize,
    /// The bytes that are neither written nor read because of that.
    pub saved: u64,
}

/// Fuses what can be fused. `needed` is the memory that others will look at.
pub(super) fn fuse(device: &Device, operations: Vec<Box<dyn Operation>>, needed: &[MemoryId]) -> Vec<Planned> {
    let mut planned: Vec<Option<Planned>> =
        operations.into_iter().map(|operation| Some(Planned { operation, fused: 0, saved: 0 })).collect();
    for first in 0..planned.len() {
        let Some(Planned { operation, .. }) = &planned[first] else { continue };
        let account = operation.account();
        let [output] = account.writes[..] else { continue };
        if needed.contains(&output.memory) {
            continue;
        }
        let uses = |planned: &Option<Planned>| {
            planned.as_ref().is_some_and(|planned| {
                let account = planned.operation.account();
                account.reads.iter().chain(&account.writes).any(|one| one.memory == output.memory)
            })
        };
        let mut users = (first + 1..planned.len()).filter(|&later| uses(&planned[later]));
        let (Some(user), None) = (users.next(), users.next()) else { continue };
        // What lies between must not change what the first one reads.
        let is_changed = |between: &Option<Planned>| {
            between.as_ref().is_some_and(|between| {
                let writes = between.operation.account().writes;
                writes.iter().any(|one| account.reads.iter().any(|read| read.memory == one.memory))
            })
        };
        if planned[first + 1..user].iter().any(is_changed) {
            continue;
        }
        let fused = match (&planned[first], &planned[user]) {
            (Some(one), Some(other)) => fused(device, &*one.operation, &*other.operation),
            _ => None,
        };
        if let Some(operation) = fused {
            planned[user] = Some(Planned { operation, fused: 1, saved: 2 * output.bytes });
            planned[first] = None;
        }
    }
    planned.into_iter().flatten().collect()
}

fn fused(device: &Device, first: &dyn Operation, second: &dyn Operation) -> Option<Box<dyn Operation>> {
    fused_in::<f32>(device, first, second).or_else(|| fused_in::<f64>(device, first, second))
}

fn fused_in<T: Float>(device: &Device, first: &dyn Any, second: &dyn Any) -> Option<Box<dyn Operation>> {
    let (interp, reduce) = (first.downcast_ref::<Interp<T>>()?, second.downcast_ref::<Reduce<T>>()?);
    Some(Box::new(InterpReduce::of(device, interp, reduce)?))
}
