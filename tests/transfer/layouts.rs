//! Host arrays of every layout and owner.

use std::sync::{Arc, Mutex};

use ndarray::{Array, Array1, Array2, ArrayD, ArrayRef, ArrayViewD, Ix1, ShapeBuilder, arr0, arr1, s};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Knots, Side};

use crate::support::engines::{fresh_engines, on_every_engine};
use crate::support::layout::AnyLayout;
use crate::support::random::Random;

fn layouts<T: Float>(device: &Device, name: &str) {
    let value = |i: usize| T::from(i % 1009).unwrap();
    let a = Array::from_shape_fn((6, 7, 8), |(i, j, k)| value(i * 56 + j * 8 + k));
    let check = |view: ArrayViewD<T>, what: &str| {
        let before = device.transfers();
        let up = device.upload(&view).unwrap();
        assert_eq!((up.shape(), up.len(), up.ndim()), (view.shape(), view.len(), view.ndim()));
        let down = up.readback().wait().unwrap();
        assert_eq!(down.view(), view, "{name}: {what}");
        let after = device.transfers();
        let bytes = (view.len() * size_of::<T>()) as u64;
        assert_eq!((after.uploads - before.uploads, after.upload_bytes - before.upload_bytes), (1, bytes));
        assert_eq!((after.readbacks - before.readbacks, after.readback_bytes - before.readback_bytes), (1, bytes));
        assert_eq!(down.cost().bytes, bytes);
        assert!(after.upload_time >= before.upload_time && after.readback_time >= before.readback_time);
        assert_eq!(down.into_array(), view, "{name}: {what}, copied out");
    };
    check(a.view().into_dyn(), "standard");
    check(a.t().into_dyn(), "transposed");
    check(a.slice(s![..;-1, .., ..;-1]).into_dyn(), "reversed");
    check(a.slice(s![1..5;2, ..;3, 2..]).into_dyn(), "strided");
    check(a.slice(s![3, .., ..]).into_dyn(), "a slab");
    check(a.slice(s![.., 2, 1]).into_dyn(), "a column");
    check(a.slice(s![.., 2..2, ..]).into_dyn(), "empty");
    check(arr0(value(5)).view().into_dyn(), "0-d");
    let row = Array1::from_shape_fn(5, value);
    check(row.broadcast((3, 4, 5)).unwrap().into_dyn(), "broadcast");
    check(arr0(value(9)).broadcast((3, 4)).unwrap().into_dyn(), "broadcast from one value");
    check(Array2::from_shape_fn((9, 4).f(), |(i, j)| value(i * 4 + j)).view().into_dyn(), "column-major");
    // Odd lengths around the pieces in which uploads go (4 MiB) and around the alignment of copies.
    for len in [1, 2, 3, 5, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 7] {
        let a = Array1::from_shape_fn(len, value);
        check(a.view().into_dyn(), "long");
        check(a.slice(s![..;-1]).into_dyn(), "long and reversed");
    }
    let wide = Array2::from_shape_fn((5, 700_001), |(i, j)| value(i * 3 + j));
    check(wide.slice(s![.., ..600_001]).into_dyn(), "rows that end inside pieces");
}

#[test]
fn every_layout_arrives_as_it_was_and_is_counted() {
    // Alone on the device, because the ledger is the device's.
    on_every_engine!(layouts; on fresh_engines());
}

/// Uploads, and what goes the same way: values written over others, chunks of a stream, inputs of a plan, tables and
/// knots.
fn any_layout<T: Float>(device: &Device, name: &str) {
    // About as long as the pieces are in which GPUs get their data (4 MiB), and the blocks in which they are put in
    // order.
    let lengths = [1, 2, 3, 5, 60, 63, 64, 65, 1000, 4095, 4097, (1 << 19) + 1, (1 << 20) + 1];
    let mut random = Random::new(60);
    for round in 0..40 {
        let room = if round % 8 == 0 { 3 << 20 } else { 30_000 };
        let host = AnyLayout::random(&mut random, room, &lengths, |index| T::from(index).unwrap());
        let view = host.view();
        let what = format!("{name}: {:?} with strides {:?}", view.shape(), view.strides());
        let uploaded = device.upload(&view).unwrap();
        assert!(uploaded.readback().wait().unwrap().view() == view, "{what}: uploaded");
        let mut over = device.upload(&ArrayD::<T>::zeros(view.raw_dim())).unwrap();
        over.overwrite(&view).unwrap();
        assert!(over.readback().wait().unwrap().view() == view, "{what}: written over others");
        let chunk = device.stream([view.view()], |x| Ok(x.clone())).next().unwrap().unwrap();
        assert!(chunk.view() == view, "{what}: a chunk");
        let mut plan =
            device.capture(&device.upload(&ArrayD::<T>::zeros(view.raw_dim())).unwrap(), |x| x.sum()).unwrap();
        plan.write(&view).unwrap();
        let (sum, expected) = (plan.replay().unwrap(), uploaded.sum().unwrap());
        assert_eq!(
            sum.readback().wait().unwrap().view(),
            expected.readback().wait().unwrap().view(),
            "{what}: an input"
        );
    }
}

#[test]
fn any_layout_arrives_as_it_was() {
    on_every_engine!(any_layout);
}

fn tables_of_layouts<T: Float>(device: &Device, name: &str) {
    for (tables, knots) in [(7, 60), (300, 5), (2, 4097), (65, 65)] {
        let number = |value: usize| T::from(value).unwrap();
        let xp = Array2::from_shape_fn((tables, knots), |(table, knot)| number(table % 7 * 10 + knot));
        let fp = Array2::from_shape_fn((tables, knots), |(table, knot)| number(table * 31 % 101 + knot * knot % 89));
        // Into standard order: a plain copy of a transposed view lies as the view does.
        let by_columns = |a: &Array2<T>| a.t().as_standard_layout().into_owned();
        let (xp_by_columns, fp_by_columns) = (by_columns(&xp), by_columns(&fp));
        let (other_xp, other_fp) = (xp_by_columns.t(), fp_by_columns.t());
        assert!(!other_xp.is_standard_layout() && !other_fp.is_standard_layout());
        let x = device.upload(&Array1::from_shape_fn(100, number)).unwrap();
        let plain = InterpTable::new(device, &xp, &fp).unwrap().interp_rows(&x).unwrap().readback().wait().unwrap();
        for (xp, fp) in [(other_xp, other_fp), (xp.view(), other_fp), (other_xp, fp.view())] {
            let table = InterpTable::new(device, xp, fp).unwrap();
            let other = table.interp_rows(&x).unwrap().readback().wait().unwrap();
            assert_eq!(other.view(), plain.view(), "{name}: {tables} x {knots}");
        }
        let column = xp.row(0).to_owned();
        let scattered = Array2::from_shape_fn((knots, 3), |(knot, k)| if k == 1 { column[knot] } else { T::nan() });
        let indices =
            |knots: Knots<T>| knots.searchsorted(&x, Side::Left).unwrap().readback().wait().unwrap().into_array();
        assert_eq!(
            indices(Knots::new(device, scattered.column(1)).unwrap()),
            indices(Knots::new(device, &column).unwrap()),
            "{name}: {knots} knots"
        );
    }
}

#[test]
fn tables_come_in_any_layout() {
    on_every_engine!(tables_of_layouts);
}

fn slices<T: Float>(device: &Device, name: &str) {
    let values = |first: i32| (first..first + 5).map(|i| T::from(i).unwrap()).collect::<Vec<T>>();
    let expect = |array: DeviceArray<T, Ix1>, first: i32, what: &str| {
        assert_eq!(array.readback().wait().unwrap().view(), Array1::from(values(first)), "{name}: {what}");
    };
    let vector = values(1);
    let slice = &vector[..];
    let array = Array1::from(vector.clone());
    expect(device.upload(&vector).unwrap(), 1, "a vector");
    expect(device.upload(slice).unwrap(), 1, "a slice");
    expect(device.upload(&slice).unwrap(), 1, "a reference to a slice");
    expect(device.upload(&[1, 2, 3, 4, 5].map(|i| T::from(i).unwrap())).unwrap(), 1, "an array of the language");
    expect(device.upload(&&array).unwrap(), 1, "a reference to a reference");
    expect(device.upload(&Box::new(array.clone())).unwrap(), 1, "a box");
    expect(device.upload(&Arc::new(array.clone())).unwrap(), 1, "what threads share");
    expect(device.upload(&Arc::<[T]>::from(slice)).unwrap(), 1, "a slice that threads share");
    expect(device.upload(&Mutex::new(array.clone()).lock().unwrap()).unwrap(), 1, "what is behind a lock");
    let by_reference: &ArrayRef<T, Ix1> = &array;
    expect(device.upload(by_reference).unwrap(), 1, "an array of any owner");
    assert!(device.upload(&Vec::<T>::new()).unwrap().is_empty(), "{name}");
    let mut over = device.upload(&vector).unwrap();
    over.overwrite(&values(7)).unwrap();
    expect(over.clone(), 7, "written over by a vector");
    over.overwrite(&vector[..]).unwrap();
    expect(over.clone(), 1, "and by a slice");
    assert_eq!(over.overwrite(&vector[1..]).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    // What is to be found out about an array's type is found out from the result.
    let expected: DeviceArray<T, Ix1> = device.upload(&Array::zeros(5)).unwrap();
    assert_eq!(expected.shape(), [5]);
    assert_eq!(device.upload::<T, _, _>(&array).unwrap().shape(), [5]);
    let table = InterpTable::new(device, &slice, &Arc::new(array.clone())).unwrap();
    expect(table.interp(&device.upload(&vector).unwrap()).unwrap(), 1, "a table of pointers");
}

#[test]
fn slices_vectors_and_what_points_to_them_are_uploaded_as_they_are() {
    on_every_engine!(slices);
    assert_eq!(Device::cpu().upload(&[1.0, 2.0]).unwrap().readback().wait().unwrap().view(), arr1(&[1.0_f64, 2.0]));
}
