//! Arrays larger than what a shader can bind at once.

use ndarray::{Array1, Array2, Axis, arr0, s};
use ndgpu::{Knots, Side};

use crate::support::arrays::read;
use crate::support::engines::{Engine, engines_named};
use crate::support::oracle::extreme;

/// Larger than what a shader can bind at once on llvmpipe (128 MiB): an index has to count on past it.
#[test]
fn indices_are_right_beyond_a_binding() {
    let limit = 128 << 20;
    for Engine { device, name, .. } in engines_named(["gpu f32"]) {
        let len = limit / 4 + 20_003;
        let element = |i: usize| (i % 251) as f32;
        let mut a = Array1::from_shape_fn(len, element);
        let late = limit / 4 + 1000;
        a[late] = 300.0;
        a[len - 1] = 300.0;
        a[late + 7] = -1.0;
        let up = device.upload(&a).unwrap();
        assert_eq!(read(up.argmax().unwrap()), arr0(late as u32), "{name}");
        assert_eq!(read(up.argmin().unwrap()), arr0(late as u32 + 7), "{name}");
        assert_eq!(read(up.max().unwrap()), arr0(300.0), "{name}");
        assert_eq!(read(up.min().unwrap()), arr0(-1.0), "{name}");
        // Down the rows, where the boundary lies within an axis, and along them.
        let tall = up.reshape((len / 5, 5)).unwrap();
        let down = read(tall.argmax_axis(Axis(0)).unwrap());
        assert_eq!(down[late % 5] as usize, late / 5, "{name}: down the rows");
        assert_eq!(read(tall.max_axis(Axis(0)).unwrap())[late % 5], 300.0, "{name}");
        let along = read(tall.argmax_axis(Axis(1)).unwrap());
        assert_eq!(along[late / 5] as usize, late % 5, "{name}");
        let whole = a.slice(s![..len / 5 * 5]);
        let wrong = along
            .iter()
            .zip(whole.as_slice().unwrap().chunks_exact(5))
            .position(|(&at, row)| extreme(row, false).1 != at);
        assert_eq!(wrong, None, "{name}: along rows");
        // Two rows of it, of which the second wins at one index only.
        drop((tall, along, up));
        let mut pair = Array2::from_shape_fn((2, len), |(_, i)| element(i));
        pair[[1, late]] = 1000.0;
        let pair = device.upload(&pair).unwrap();
        let first = read(pair.argmax_axis(Axis(0)).unwrap());
        assert_eq!(first[late], 1, "{name}: an inner axis beyond a binding");
        assert_eq!(first.iter().map(|&at| at as usize).sum::<usize>(), 1, "{name}");
        assert_eq!(read(pair.argmax().unwrap()), arr0((len + late) as u32), "{name}: all of it");
        assert_eq!(read(pair.argmax_axis(Axis(1)).unwrap())[1], late as u32, "{name}: a row beyond a binding");
    }
}

/// Queries and what is standardized may exceed a binding too.
#[test]
fn queries_beyond_a_binding_are_answered() {
    let limit = 128 << 20;
    for Engine { device, .. } in engines_named(["gpu f32"]) {
        let len = limit / 4 + 77;
        let a = Array1::from_shape_fn(len, |i| (i % 5) as f32);
        let up = device.upload(&a).unwrap();
        let knots = Knots::new(&device, &[1.0_f32, 2.0, 3.5]).unwrap();
        let found = read(knots.searchsorted(&up, Side::Right).unwrap());
        let wrong = found.iter().enumerate().find(|&(i, &found)| found != [0, 1, 2, 2, 3][i % 5]);
        assert_eq!((found.len(), wrong), (len, None));
        drop(found);
        let whole = len / 5 * 5;
        let rows = device.upload(&a.slice(s![..whole])).unwrap().reshape((whole / 5, 5)).unwrap();
        let scores = read(rows.standardize_axis(Axis(1), 0.0).unwrap());
        let want = |c: usize| (c as f32 - 2.0) / 2_f32.sqrt();
        let wrong = scores.indexed_iter().find(|&((_, c), score)| (score - want(c)).abs() > 1e-6);
        assert!(wrong.is_none(), "{wrong:?}");
    }
}
