//! `Knots`: where values belong, and in which bin.

use ndarray::{Array1, Array2, ArrayD, Ix1, IxDyn, arr0, arr1, s};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, Knots, Side};

use crate::support::arrays::read;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{tiny, value};
use crate::support::oracle::{Bins, index_among, less};
use crate::support::random::Random;

/// Knots of every kind, in order.
fn axes<T: Float>(n: usize, random: &mut Random) -> Vec<(&'static str, Vec<T>)> {
    let sorted = |mut knots: Vec<T>| {
        knots.sort_by(|a, b| a.partial_cmp(b).unwrap());
        knots
    };
    let of = |knot: &dyn Fn(usize) -> T| (0..n).map(knot).collect::<Vec<T>>();
    let scattered = sorted((0..n).map(|_| value(random.unit() * 100.0 - 50.0)).collect());
    let mut ends_in_nan = scattered.clone();
    ends_in_nan[n - n.div_ceil(10)..].fill(T::nan());
    let mut infinite = of(&|i| value(i as f64 - (n / 2) as f64));
    infinite[..n.div_ceil(10)].fill(T::neg_infinity());
    infinite[n - n / 10..].fill(T::infinity());
    // Both zeros, in an order that no comparison tells.
    let mut zeros = of(&|i| if i % 2 == 0 { T::zero() } else { -T::zero() });
    zeros[0] = -T::one();
    vec![
        ("even", of(&|i| value(i as f64 * 0.1 - 3.0))),
        ("scattered", scattered),
        ("with ties", of(&|i| value((i / 3) as f64))),
        ("logarithmic", of(&|i| value(10_f64.powf(i as f64 / n as f64 * 30.0 - 15.0)))),
        ("clustered", of(&|i| if i + 2 < n { value(i as f64 / n as f64 * 1e-3) } else { value(1e6 + i as f64) })),
        ("all the same", vec![value(2.0); n]),
        ("ending in NaN", ends_in_nan),
        ("all NaN", vec![T::nan(); n]),
        ("infinite at both ends", infinite),
        ("of both zeros", zeros),
        ("subnormal", of(&|i| tiny::<T>() * value(i as f64 - (n / 2) as f64))),
    ]
}

/// Every knot and what is next to it, everything special, and some in between.
fn searched<T: Float>(knots: &[T], random: &mut Random) -> Vec<T> {
    let (one, zero) = (T::one(), T::zero());
    let mut x =
        vec![T::nan(), -T::nan(), T::infinity(), T::neg_infinity(), zero, -zero, T::max_value(), tiny(), -tiny::<T>()];
    for &knot in knots.iter().step_by((knots.len() / 500).max(1)) {
        let close = one + T::epsilon();
        x.extend([knot, knot * close, knot / close, knot + tiny(), knot - tiny(), -knot]);
    }
    x.extend((0..300).map(|_| value::<T>(random.unit() * 120.0 - 60.0)));
    x
}

fn searching<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(5);
    for n in [1, 2, 3, 7, 8, 9, 63, 64, 65, 1000, 65_535, 65_536, 65_537] {
        for (kind, knots) in axes::<T>(n, &mut random) {
            let x = searched(&knots, &mut random);
            let up = device.upload(&arr1(&x)).unwrap();
            let increasing = Knots::new(device, &knots).unwrap();
            assert_eq!((increasing.len(), increasing.is_empty()), (n, false));
            let reversed: Vec<T> = knots.iter().rev().copied().collect();
            let decreasing = Knots::new(device, &reversed).unwrap();
            let constant = knots.iter().all(|&knot| !less(knots[0], knot));
            let bins = [&knots, &reversed].map(|edges| Bins::of(edges).expect("knots in order are edges of bins"));
            let check = |got: DeviceArray<u32, Ix1>, want: &dyn Fn(T) -> u32, what: &str| {
                let wrong = read(got).into_iter().zip(&x).find(|&(got, &x)| got != want(x));
                assert!(
                    wrong.is_none(),
                    "{name}: {what} of {n} {kind} knots: {wrong:?}, but should be {:?}",
                    wrong.map(|(_, &x)| want(x))
                );
            };
            for (side, right) in [(Side::Left, true), (Side::Right, false)] {
                let above = |x| index_among(&knots, x, side);
                check(increasing.searchsorted(&up, side).unwrap(), &above, &format!("searchsorted {side:?}"));
                let up_there = |x| bins[0].digitize(x, right);
                check(increasing.digitize(&up, right).unwrap(), &up_there, &format!("digitize {right}"));
                let down_there = |x| bins[1].digitize(x, right);
                let what = format!("digitize {right}, decreasing,");
                check(decreasing.digitize(&up, right).unwrap(), &down_there, &what);
                let refused = decreasing.searchsorted(&up, side).map_err(|error| error.kind());
                match refused {
                    Ok(found) => assert!(constant && found.len() == x.len(), "{name}: {n} {kind} knots, decreasing"),
                    Err(kind) => assert!(!constant && matches!(kind, ErrorKind::NotSorted { .. }), "{name}: {kind:?}"),
                }
            }
        }
    }
}

#[test]
fn every_axis_of_every_size_finds_what_counting_finds() {
    on_every_engine!(searching);
}

fn shapes_of_queries<T: Float>(device: &Device, name: &str) {
    let knots = [value::<T>(1.0), value(2.0), value(2.0), value(4.0)];
    let up = Knots::new(device, &knots).unwrap();
    let empty = Knots::new(device, &[] as &[T]).unwrap();
    assert!(empty.is_empty());

    let scalar = device.upload(&arr0(value::<T>(2.0))).unwrap();
    assert_eq!(read(up.searchsorted(&scalar, Side::Left).unwrap()), arr0(1));
    assert_eq!(read(up.digitize(&scalar, false).unwrap()), arr0(3));
    assert_eq!(read(empty.searchsorted(&scalar, Side::Right).unwrap()), arr0(0));
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    assert_eq!(read(up.searchsorted(&none, Side::Left).unwrap()).shape(), [0, 3]);
    assert_eq!(read(empty.digitize(&none, true).unwrap()).shape(), [0, 3]);
    let odd = device.upload(&arr1(&[T::nan(), T::infinity(), T::zero()])).unwrap();
    assert_eq!(read(empty.digitize(&odd, true).unwrap()), arr1(&[0, 0, 0]));

    let cube = ArrayD::from_shape_fn(IxDyn(&[3, 4, 5]), |i| value::<T>((i[0] * i[1] + i[2]) as f64 * 0.5));
    let turned = cube.view().reversed_axes();
    let turned = turned.slice(s![..;-1, .., ..;2]);
    let found = read(up.searchsorted(&device.upload(&turned).unwrap(), Side::Right).unwrap());
    assert_eq!(found, turned.mapv(|x| index_among(&knots, x, Side::Right)), "{name}");

    // Around a workgroup, and around 65,535 of them.
    for n in [1, 63, 64, 65, 1000, 64 * 65_535 - 1, 64 * 65_535, 64 * 65_535 + 1] {
        let x = Array1::from_shape_fn(n, |i| value::<T>((i % 11) as f64 * 0.5));
        let found = read(up.digitize(&device.upload(&x).unwrap(), true).unwrap());
        let wrong = found.iter().zip(&x).position(|(&found, &x)| found != index_among(&knots, x, Side::Left));
        assert_eq!((found.len(), wrong), (n, None), "{name}: {n} queries");
    }
}

#[test]
fn queries_of_every_shape_are_searched_for() {
    on_every_engine!(shapes_of_queries);
}

fn bad_knots<T: Float>(device: &Device, _: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| value(v)).collect() };
    let kind = |knots: &[f64]| Knots::new(device, v(knots)).map(|_| ()).unwrap_err().kind();
    assert_eq!(kind(&[0.0, 2.0, 1.0]), ErrorKind::NotSorted { index: 2 });
    assert_eq!(kind(&[f64::NAN, 0.0, 1.0]), ErrorKind::NotSorted { index: 1 });
    assert_eq!(kind(&[0.0, f64::NAN, 1.0, 2.0]), ErrorKind::NotSorted { index: 2 });
    let table = Knots::new(device, Array2::<T>::zeros((2, 2)).view());
    assert_eq!(table.map(|_| ()).unwrap_err().kind(), ErrorKind::WrongDimensions);
    let scalar = Knots::new(device, arr0(T::zero()).view());
    assert_eq!(scalar.map(|_| ()).unwrap_err().kind(), ErrorKind::WrongDimensions);

    let knots = Knots::new(device, v(&[0.0, 1.0])).unwrap();
    let elsewhere = Device::cpu().upload(&arr1(&v(&[0.5]))).unwrap();
    assert_eq!(knots.searchsorted(&elsewhere, Side::Left).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    assert_eq!(knots.digitize(&elsewhere, true).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    let down = Knots::new(device, v(&[1.0, 0.0])).unwrap();
    let x = device.upload(&arr1(&v(&[0.5]))).unwrap();
    let error = down.searchsorted(&x, Side::Left).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotSorted { .. }) && error.to_string().contains("digitize"), "{error}");
    // NumPy takes these for bins, but nobody can search among them.
    let odd = Knots::new(device, v(&[0.0, f64::NAN, 1.0])).unwrap();
    assert_eq!(odd.searchsorted(&x, Side::Left).unwrap_err().kind(), ErrorKind::NotSorted { index: 2 });
    assert_eq!(read(odd.digitize(&x, false).unwrap()), arr1(&[3]));
}

/// Edges with NaN among them, and what NumPy gives for these values.
fn bins_with_nan<T: Float>(device: &Device, name: &str) {
    let x = [1.0, 2.5, 3.0, f64::NAN];
    let up = device.upload(&arr1(&x.map(value::<T>))).unwrap();
    let nan = f64::NAN;
    let cases: [(&[f64], bool, [u32; 4]); 7] = [
        (&[2.5, nan], false, [2, 0, 0, 0]),
        (&[2.5, nan], true, [2, 2, 0, 0]),
        (&[4.0, 4.0, nan], false, [3, 3, 3, 0]),
        (&[nan, 3.0, 2.0], false, [3, 2, 1, 0]),
        (&[nan, nan], false, [2, 2, 2, 0]),
        (&[nan], false, [0, 0, 0, 1]),
        (&[], false, [0, 0, 0, 0]),
    ];
    for (bins, right, want) in cases {
        let knots: Vec<T> = bins.iter().map(|&bin| value(bin)).collect();
        let got = read(Knots::new(device, &knots).unwrap().digitize(&up, right).unwrap());
        assert_eq!(got, arr1(&want), "{name}: {bins:?}, right {right}");
    }
}

#[test]
fn nan_among_bins_does_what_it_does_in_numpy() {
    on_every_engine!(bins_with_nan);
}

#[test]
fn bad_knots_are_refused_with_their_reason() {
    on_every_engine!(bad_knots);
}
