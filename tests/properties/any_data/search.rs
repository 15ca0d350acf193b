//! Searches among any knots.

use ndarray::{ArrayD, IxDyn};
use ndgpu::{Device, ErrorKind, Float, Knots, Side};

use super::inputs::values_of;
use super::tables::{Table, table};
use crate::support::engines::on_every_engine;
use crate::support::numbers::value;
use crate::support::oracle::{Bins, less};
use crate::support::random::Random;
use crate::{SEED, holds};

fn finds_indices<T: Float>(device: &Device, name: &str, table: &Table) {
    let knots = table.knots::<T>(0);
    let mut random = Random::new(table.seed ^ 1);
    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(&knots, &mut random));
    let up = table.queries.upload(device, &x);
    let upward = Knots::new(device, &knots).unwrap();
    let reversed: Vec<T> = knots.iter().rev().copied().collect();
    let downward = Knots::new(device, &reversed).unwrap();
    let bins = [&knots, &reversed].map(|edges| Bins::of(edges).unwrap());
    for (side, right) in [(Side::Left, true), (Side::Right, false)] {
        let found = values_of(upward.searchsorted(&up, side).unwrap());
        let binned = values_of(upward.digitize(&up, right).unwrap());
        let binned_down = values_of(downward.digitize(&up, right).unwrap());
        assert_eq!([found.len(), binned.len(), binned_down.len()], [x.len(); 3], "{name}");
        for (number, &query) in x.iter().enumerate() {
            let want = match side {
                Side::Left => knots.partition_point(|&knot| less(knot, query)),
                Side::Right => knots.partition_point(|&knot| !less(query, knot)),
            } as u32;
            let [up, down] = bins.each_ref().map(|bins| bins.digitize(query, right));
            let got = [found[number], binned[number], binned_down[number]];
            assert_eq!(got, [want, up, down], "{name}: {query:?} {side:?}, knots {knots:?}");
        }
    }
    // Edges in an order of their own, NaN among them: what NumPy takes for bins, and what it does not.
    let few: Vec<T> = (0..random.below(6)).map(|_| value(table.palette[random.below(table.palette.len())])).collect();
    match (Knots::new(device, &few), Bins::of(&few)) {
        (Ok(bins), Some(expected)) => {
            for right in [false, true] {
                let got = values_of(bins.digitize(&up, right).unwrap());
                let want: Vec<u32> = x.iter().map(|&x| expected.digitize(x, right)).collect();
                assert_eq!(got, want, "{name}: {x:?}, right {right}, bins {few:?}");
            }
        }
        (Err(error), None) => assert!(matches!(error.kind(), ErrorKind::NotSorted { .. }), "{name}: {error}"),
        (made, _) => panic!("{name}: {few:?} make {made:?}, but NumPy has it otherwise"),
    }
}

#[test]
fn indices_among_knots_are_what_counting_gives() {
    holds(150, SEED, table(), |table| on_every_engine!(finds_indices, table));
}
