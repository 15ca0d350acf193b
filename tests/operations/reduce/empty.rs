//! Reductions along axes without elements, and of arrays without any.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, IxDyn, arr0};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Knots, Result, Side};

use crate::support::engines::on_every_engine;

fn empty<T: Float>(device: &Device, _: &str) {
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    let zeros = none.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
    assert_eq!(zeros, Array1::zeros(3));
    let means = none.mean_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
    assert!(means.len() == 3 && means.iter().all(|mean| mean.is_nan()));
    assert_eq!(none.mean_axis(Axis(1)).unwrap().readback().wait().unwrap().shape(), [0]);
    assert_eq!(none.sum().unwrap().readback().wait().unwrap().into_array(), arr0(T::zero()));
    let no_weights = device.upload(&Array1::<T>::zeros(0)).unwrap();
    let kind = |array: DeviceArray<T, Ix1>| array.readback().wait().unwrap_err().kind();
    assert_eq!(kind(none.average_axis(Axis(0), &no_weights).unwrap()), ErrorKind::ZeroWeights);
    // No averages to speak of, but weights that sum to zero all the same, as NumPy sees it.
    let zero_weights = device.upload(&Array1::<T>::zeros(3)).unwrap();
    assert_eq!(kind(none.average_axis(Axis(1), &zero_weights).unwrap()), ErrorKind::ZeroWeights);
    let weights = device.upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(none.average_axis(Axis(1), &weights).unwrap().readback().wait().unwrap().shape(), [0]);
}

#[test]
fn nothing_adds_up_to_zero_and_averages_to_nan() {
    on_every_engine!(empty);
}

/// Everything that reduces, along an axis of an array without elements: as many results as the other axes have
/// elements.
fn nothing_along<T: Float>(device: &Device, shape: &[usize], axis: usize, name: &str) {
    let what = |which: &str| format!("{name}: {which} along axis {axis} of {shape:?}");
    let a = device.upload(&ArrayD::<T>::zeros(shape)).unwrap();
    let along = device.upload(&Array1::<T>::ones(shape[axis])).unwrap().into_dyn();
    let (len, axis, axes) = (shape[axis], Axis(axis), [Axis(axis)]);
    let left: Vec<usize> = (0..shape.len()).filter(|&other| other != axis.index()).map(|other| shape[other]).collect();
    let (zero, nan, fill) = (T::zero(), T::nan(), T::narrow(7.0));
    let all = |which: &str, result: Result<DeviceArray<T, IxDyn>>, want: T| {
        let landed = result.unwrap().readback().wait().unwrap();
        assert_eq!(landed.shape(), left, "{}", what(which));
        let wrong = landed.view().iter().position(|&got| got != want && !(got.is_nan() && want.is_nan()));
        assert_eq!(wrong, None, "{}", what(which));
    };
    all("sum", a.sum_axis(axis), zero);
    all("sum", a.sum_axes(&axes), zero);
    all("sum", a.skip_nan().sum_axis(axis), zero);
    all("mean", a.mean_axis(axis), nan);
    all("mean", a.skip_nan().mean_axis(axis), nan);
    all("var", a.var_axis(axis, zero), nan);
    all("var", a.var_axes(&axes, T::one()), nan);
    all("var", a.skip_nan().var_axis(axis, zero), nan);
    all("std", a.std_axis(axis, T::one()), nan);
    all("std", a.skip_nan().std_axis(axis, zero), nan);
    for (weights, is_full) in [(along.clone(), false), (a.clone(), true)] {
        all("weighted sum", a.weighted_sum_axis(axis, &weights), zero);
        all("weighted sum", a.skip_nan().weighted_sum_axis(axis, &weights), zero);
        all("average or", a.average_axis_or(axis, &weights, fill), fill);
        all("average or", a.skip_nan().average_axis_or(axis, &weights, fill), fill);
        let (averages, sums) = a.average_axis_returned_or(axis, &weights, fill).unwrap();
        all("average returned or", Ok(averages), fill);
        all("sums of weights", Ok(sums), zero);
        // The sum of no weights is zero, whoever they are for; that of none at all is not.
        let averages = a.average_axis(axis, &weights).unwrap().readback().wait();
        let is_zero = if is_full { left.iter().product::<usize>() > 0 } else { len == 0 };
        let wanted = if is_zero { Err(ErrorKind::ZeroWeights) } else { Ok(left.clone()) };
        let got = averages.map(|landed| landed.shape().to_vec()).map_err(|error| error.kind());
        assert_eq!(got, wanted, "{}", what("average"));
    }
    let is_refused = len == 0 && left.iter().product::<usize>() > 0;
    let wanted = if is_refused { Err(ErrorKind::EmptyReduction) } else { Ok(left.clone()) };
    let shape_of = |array: DeviceArray<T, IxDyn>| array.readback().wait().unwrap().shape().to_vec();
    let indices_of = |array: DeviceArray<u32, IxDyn>| array.readback().wait().unwrap().shape().to_vec();
    for extreme in [a.min_axis(axis), a.max_axis(axis), a.max_axes(&axes), a.skip_nan().min_axis(axis)] {
        assert_eq!(extreme.map(shape_of).map_err(|error| error.kind()), wanted, "{}", what("extreme"));
    }
    for index in [a.argmin_axis(axis), a.argmax_axis(axis)] {
        assert_eq!(index.map(indices_of).map_err(|error| error.kind()), wanted, "{}", what("index"));
    }
    for standardized in [a.standardize_axis(axis, zero), a.standardize_axes(&axes, zero)] {
        assert_eq!(shape_of(standardized.unwrap()), shape, "{}", what("standardized"));
    }
    let table = InterpTable::new(device, &[zero, T::one()], &[zero, fill]).unwrap();
    assert_eq!(shape_of(table.interp(&a).unwrap()), shape, "{}", what("interp"));
    if shape.len() == 2 {
        assert_eq!(shape_of(table.interp_rows(&a).unwrap().into_dyn()), shape, "{}", what("interp_rows"));
        let mut plan = device
            .capture(&a, |a| table.interp_rows(a)?.into_dyn().skip_nan().average_axis_or(axis, &along, fill))
            .unwrap();
        all("interp_rows and average or", plan.replay(), fill);
    }
    let knots = Knots::new(device, &[zero, T::one()]).unwrap();
    assert_eq!(indices_of(knots.searchsorted(&a, Side::Left).unwrap()), shape, "{}", what("searchsorted"));
    assert_eq!(indices_of(knots.digitize(&a, true).unwrap()), shape, "{}", what("digitize"));
}

fn reduces_nothing<T: Float>(device: &Device, name: &str) {
    // As many results as engines take at a time, and one more; and beyond that.
    for many in [1, 8, 1024, 1025, 8192, 8193, 20_000, 65_537] {
        for (shape, axis) in [
            (vec![0, many], 0),
            (vec![0, many], 1),
            (vec![many, 0], 1),
            (vec![many, 0], 0),
            (vec![2, 0, many], 1),
            (vec![many, 0, 2], 1),
            (vec![0, many, 2], 0),
        ] {
            nothing_along::<T>(device, &shape, axis, name);
        }
    }
}

#[test]
fn nothing_reduces_to_nothing_however_many_results_there_are() {
    on_every_engine!(reduces_nothing);
}
