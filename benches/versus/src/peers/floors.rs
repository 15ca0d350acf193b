//! The limits of this machine's memory: reading and copying with all threads, in 256 MB, and in as many bytes as the
//! workload has, which may lie in a cache.

use std::rc::Rc;

use rayon::prelude::*;

use super::arm::{Arm, Peer};
use crate::outcome::Outcome;
use crate::protocol::{Part, Task};
use crate::workload::Workload;

/// Far larger than any cache.
const LARGE: usize = 256_000_000;
/// Bytes a task: few enough for all threads to get some, enough to forget the handing out.
const TASK: usize = 1 << 20;

pub struct Floors {
    large: Rc<Vec<u64>>,
    target: Rc<std::cell::RefCell<Vec<u64>>>,
}

impl Floors {
    pub fn new() -> Self {
        let words = LARGE / 8;
        Self { large: Rc::new((0..words as u64).collect()), target: Rc::new(vec![1; words].into()) }
    }

    fn reading(&self, name: &str, bytes: usize) -> Arm {
        let large = self.large.clone();
        let words = (bytes / 8).clamp(1, large.len());
        Arm::new(name, "a sum of integers, all threads")
            .floor(words * 8)
            .part(Part::Resident, move || Ok(read(&large[..words])))
    }

    fn copying(&self, name: &str, bytes: usize) -> Arm {
        let (large, target) = (self.large.clone(), self.target.clone());
        let words = (bytes / 16).clamp(1, large.len());
        Arm::new(name, "copy_from_slice, all threads").floor(words * 16).part(Part::Resident, move || {
            let mut target = target.borrow_mut();
            let pieces = target[..words].par_chunks_mut(TASK / 8).zip(large[..words].par_chunks(TASK / 8));
            pieces.for_each(|(target, source)| target.copy_from_slice(source));
            Ok(std::hint::black_box(target[0]))
        })
    }
}

impl Peer for Floors {
    fn about(&self) -> String {
        format!("{} threads", rayon::current_num_threads())
    }

    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
        let bytes = task.workload.bytes();
        Ok(match task.workload {
            Workload::Interp { .. } => {
                vec![self.copying("copy of as many bytes", bytes), self.copying("copy of 256 MB", LARGE)]
            }
            Workload::Average { .. } => {
                vec![self.reading("read of as many bytes", bytes), self.reading("read of 256 MB", LARGE)]
            }
            Workload::Overhead { .. } => Vec::new(),
        })
    }
}

fn read(words: &[u64]) -> u64 {
    words.par_chunks(TASK / 8).map(sum).reduce(|| 0, u64::wrapping_add)
}

/// As many sums side by side as hide the latency of the additions, so that only the loads count.
fn sum(words: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { sum_avx2(words) };
    }
    sum_portable(words)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_avx2(words: &[u64]) -> u64 {
    sum_portable(words)
}

#[inline(always)]
fn sum_portable(words: &[u64]) -> u64 {
    let mut sums = [0_u64; 32];
    let mut pieces = words.chunks_exact(32);
    for piece in &mut pieces {
        for (sum, &word) in sums.iter_mut().zip(piece) {
            *sum = sum.wrapping_add(word);
        }
    }
    let rest = pieces.remainder().iter().fold(0, |sum, &word| u64::wrapping_add(sum, word));
    sums.into_iter().fold(rest, u64::wrapping_add)
}
