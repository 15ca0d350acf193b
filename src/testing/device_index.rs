//! The index that a GPU makes of knots which only it has, word by word.

use bytemuck::pod_read_unaligned;
use ndarray::{Array2, ArrayD, Ix1};

use crate::element::Float;
use crate::engine::storage::Storage;
use crate::kernels::search::axis::DeviceIndex;
use crate::support::devices::open_gpu;
use crate::table::axis::axis_from_device;
use crate::table::options::TableOptions;
use crate::table::shape::TableShape;
use crate::{Device, DeviceArray, Order};

/// Tables of knots that want different bucket functions, and different numbers of steps.
fn axes<T: Float>(tables: usize, knots: usize) -> Vec<(&'static str, Array2<T>)> {
    let of = |name, knot: &dyn Fn(usize, f64) -> f64| {
        let place = |at: usize| at as f64 / knots as f64;
        (name, Array2::from_shape_fn((tables, knots), |(table, at)| T::narrow(knot(at, place(at)) + table as f64)))
    };
    vec![
        of("even", &|at, _| at as f64),
        of("exponential", &|_, place| 10_f64.powf(place * 60.0 - 30.0)),
        of("repeated", &|at, _| (at / 9) as f64),
        of("equal", &|_, _| 3.0),
        of("clustered", &|at, place| if at < knots / 2 { place * 1e-6 } else { at as f64 * at as f64 }),
        of("infinite", &|at, place| if at % knots < 9 { f64::NEG_INFINITY } else { place.ln() }),
        of("missing", &|at, place| if at > knots / 2 { f64::NAN } else { place }),
    ]
}

/// The words of a storage.
fn words(device: &Device, storage: &Storage, len: usize) -> Vec<u32> {
    let array = DeviceArray::<u32, Ix1>::new(device.clone(), storage.clone(), Ix1(len), Default::default());
    array.readback().wait().unwrap().into_array().to_vec()
}

fn holds_what_it_says<T: Float>(device: &Device) {
    for (tables, knots) in [(1, 5000), (1, 8192), (3, 4097)] {
        for (name, mut xp) in axes::<T>(tables, knots) {
            for mut table in xp.rows_mut() {
                table.as_slice_mut().unwrap().sort_by_key(|x| x.key());
            }
            let what = format!("{tables} x {knots} {name} knots");
            let up: DeviceArray<T, _> = device.upload(&ArrayD::from(xp.clone().into_dyn())).unwrap();
            let shape = TableShape { given_knots: knots, tables };
            let options = TableOptions { order: Order::Assume, ..TableOptions::default() };
            let (axis, _) = axis_from_device(device, &up, &up, shape, &options).unwrap();
            let (starts, functions) = axis.index.as_ref().expect("an index");
            let buckets = axis.buckets;
            let starts = words(device, starts, DeviceIndex::starts_len(tables, buckets));
            let size = size_of::<T>();
            let functions = words(device, functions, DeviceIndex::functions_len(tables) * size / 4);
            let function =
                |at: usize| -> T::Key { pod_read_unaligned(&bytemuck::cast_slice(&functions)[at * size..][..size]) };
            for (number, table) in xp.rows().into_iter().enumerate() {
                let head = &starts[number * (DeviceIndex::HEAD + buckets + 1)..][..DeviceIndex::HEAD + buckets + 1];
                let (head, starts) = head.split_at(DeviceIndex::HEAD);
                let used = table.iter().filter(|x| !x.is_nan()).count();
                assert_eq!(head[2] as usize, used, "{what}");
                let chosen: [T::Key; 4] = [4, 5, 6, 7].map(|at| function(8 * number + at));
                let is_linear = chosen[3] == T::key_from_u32(1);
                let numbers: Vec<u32> = table
                    .iter()
                    .take(used)
                    .map(|&x| match is_linear {
                        true => {
                            let [origin, scale] = [chosen[0], chosen[1]].map(T::from_bits);
                            ((x - origin) * scale).floor_index(T::narrow((buckets - 1) as f64))
                        }
                        false => {
                            let shift = (0..64).find(|&shift| T::key_from_u32(shift) == chosen[1]).expect("a shift");
                            T::key_index(x.key(), chosen[0], shift, buckets as u32 - 1)
                        }
                    })
                    .collect();
                assert!(numbers.is_sorted(), "{what}");
                for (bucket, &start) in starts.iter().enumerate() {
                    let want = numbers.partition_point(|&number| (number as usize) < bucket);
                    assert_eq!(start as usize, want, "{what}, bucket {bucket}, linear {is_linear}");
                }
                // Three buckets and the knot before them, in as many steps as it takes and no more.
                let after = |bucket: usize| starts[(bucket + 3).min(buckets)];
                let widest = (0..buckets).map(|bucket| after(bucket) - starts[bucket] + 1).max().unwrap();
                let steps = head[0].min(head[1]);
                assert_eq!(steps, u32::next_power_of_two(widest).trailing_zeros(), "{what}: {head:?}, {widest}");
                assert_eq!((chosen[2], is_linear), (T::key_from_u32(steps), head[0] <= head[1]), "{what}");
            }
        }
    }
}

#[test]
fn every_bucket_starts_where_it_should_and_no_step_is_missing_or_too_many() {
    let device = open_gpu(Device::builder());
    holds_what_it_says::<f32>(&device);
    if device.info().supports_f64 {
        holds_what_it_says::<f64>(&device);
    }
}
