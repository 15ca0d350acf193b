//! The smallest and the largest, and where they are.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, IxDyn, arr0, arr1};
use ndgpu::{Device, DeviceArray, Float};

use crate::support::arrays::{SHAPES, read};
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, tiny, value};
use crate::support::oracle::extreme;
use crate::support::random::Random;

fn check_extremes<T: Float>(device: &Device, a: &ArrayD<T>, axis: Axis, what: &str) {
    let up = device.upload(a).unwrap();
    for is_min in [true, false] {
        let (values, indices) = if is_min {
            (up.min_axis(axis).unwrap(), up.argmin_axis(axis).unwrap())
        } else {
            (up.max_axis(axis).unwrap(), up.argmax_axis(axis).unwrap())
        };
        let (values, indices) = (read(values), read(indices));
        let want: Vec<_> = a.lanes(axis).into_iter().map(|row| extreme(row, is_min)).collect();
        assert_eq!((values.len(), indices.len()), (want.len(), want.len()), "{what}");
        for (row, ((&got, &at), (want, index))) in values.iter().zip(&indices).zip(want).enumerate() {
            let which = if is_min { "smallest" } else { "largest" };
            assert!(
                same(got, want) && at == index,
                "{what}: {which} of row {row} is {got} at {at}, but should be {want} at {index}"
            );
        }
    }
}

fn extremes<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(13);
    let specials = [T::infinity(), T::neg_infinity(), T::zero(), -T::zero(), tiny(), -tiny::<T>(), T::max_value()];
    for shape in SHAPES {
        let few = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.below(5) as f64 - 2.0));
        let many = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() - 0.5));
        let special = ArrayD::from_shape_simple_fn(IxDyn(shape), || specials[random.below(specials.len())]);
        // About every second row of some length has a NaN or more.
        let every = (shape.iter().max().unwrap() * 2).max(2);
        let holes = many.mapv(|v| if random.below(every) == 0 { T::nan() } else { v });
        let all_nan = ArrayD::from_elem(IxDyn(shape), -T::nan());
        for (kind, a) in [("ties", few), ("values", many), ("specials", special), ("holes", holes), ("NaN", all_nan)] {
            for axis in 0..shape.len() {
                check_extremes(device, &a, Axis(axis), &format!("{name}: {kind} of shape {shape:?}, axis {axis}"));
            }
        }
    }
}

#[test]
fn the_first_of_the_smallest_and_largest_is_found() {
    on_every_engine!(extremes);
}

/// Two that tie, on both sides of wherever a kernel may cut a row.
fn ties_across_boundaries<T: Float>(device: &Device, name: &str) {
    let len = 300_001;
    let cuts = [1, 4, 16, 63, 64, 65, 255, 256, 1023, 1024, 4096, 16_384, 65_535, 65_536, 131_072, 262_144, len - 1];
    for &cut in &cuts {
        for (first, second) in [(cut - 1, cut), (0, cut), (cut, len - 1)] {
            for tie in [T::one(), T::nan()] {
                let mut row = Array1::<T>::zeros(len);
                row[first] = tie;
                row[second] = tie;
                let up = device.upload(&row).unwrap();
                let what = format!("{name}: {tie} at {first} and {second}");
                let at = |array: &DeviceArray<T, Ix1>| read(array.argmax_axis(Axis(0)).unwrap()).into_scalar();
                assert_eq!(at(&up), first as u32, "{what}");
                assert_eq!(read(up.argmax().unwrap()), arr0(first as u32), "{what}");
                assert!(same(read(up.max().unwrap()).into_scalar(), tie), "{what}");
                if tie.is_nan() {
                    // It is the smallest too, as far as finding it goes.
                    assert_eq!(read(up.argmin().unwrap()), arr0(first as u32), "{what}");
                    assert!(read(up.min().unwrap()).into_scalar().is_nan(), "{what}");
                }
                // Down the columns of an array, where rows are what is cut.
                let column = up.reshape((len, 1)).unwrap();
                assert_eq!(read(column.argmax_axis(Axis(0)).unwrap()), arr1(&[first as u32]), "{what}, down an axis");
            }
        }
    }
    // The first NaN wins, also over one that another workgroup comes by sooner, and over infinities.
    let mut a = Array2::<T>::from_elem((70_001, 3), T::infinity());
    a[[65_536, 1]] = T::nan();
    a[[70_000, 1]] = -T::nan();
    a[[4095, 2]] = T::nan();
    a[[4096, 2]] = T::nan();
    let up = device.upload(&a).unwrap();
    assert_eq!(read(up.argmax_axis(Axis(0)).unwrap()), arr1(&[0, 65_536, 4095]), "{name}");
    assert_eq!(read(up.argmin_axis(Axis(0)).unwrap()), arr1(&[0, 65_536, 4095]), "{name}");
    assert_eq!(read(up.argmin().unwrap()), arr0(4095 * 3 + 2), "{name}");
}

#[test]
fn ties_go_to_the_first_wherever_a_row_is_cut() {
    on_every_engine!(ties_across_boundaries);
}
