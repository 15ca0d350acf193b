//! What moves between host and device: every layout arrives as it was, every copy is counted, futures work under any
//! executor and may be dropped, and whoever looks at old values keeps them.

mod support;

use std::sync::{Arc, Mutex};

use futures::future::{Either, join_all, select};
use ndarray::{Array, Array1, Array2, ArrayD, ArrayRef, Axis, Ix1, Ix2, IxDyn, ShapeBuilder, arr0, arr1, arr2, s};
use ndgpu::{
    Device, DeviceArray, DeviceKind, Element, ErrorKind, Float, HostArray, InterpTable, Knots, Readback, Side,
    TransferPath,
};
use support::everywhere;
use support::layout::AnyLayout;
use support::random::Random;

fn layouts<T: Float>(device: &Device, name: &str) {
    let value = |i: usize| T::from(i % 1009).unwrap();
    let a = Array::from_shape_fn((6, 7, 8), |(i, j, k)| value(i * 56 + j * 8 + k));
    let check = |view: ndarray::ArrayViewD<T>, what: &str| {
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
    for configuration in support::devices::configurations() {
        let device = configuration.fresh();
        match configuration.precision {
            support::devices::Precision::F32 => layouts::<f32>(&device, configuration.name),
            support::devices::Precision::F64 => layouts::<f64>(&device, configuration.name),
        }
    }
}

/// Uploads, and what goes the same way: values written over others, chunks of a stream, inputs of a plan, tables and knots.
fn any_layout<T: Float>(device: &Device, name: &str) {
    // About as long as the pieces are in which GPUs get their data (4 MiB), and the blocks in which they are put in order.
    let lengths = [1, 2, 3, 5, 60, 63, 64, 65, 1000, 4095, 4097, (1 << 19) + 1, (1 << 20) + 1];
    let mut random = Random::new(60);
    for round in 0..40 {
        let room = if round % 8 == 0 { 3 << 20 } else { 30_000 };
        let host = AnyLayout::random(&mut random, room, &lengths, |place| T::from(place).unwrap());
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
    everywhere!(any_layout);
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
        let scattered =
            Array2::from_shape_fn((knots, 3), |(knot, place)| if place == 1 { column[knot] } else { T::nan() });
        let places =
            |knots: Knots<T>| knots.searchsorted(&x, Side::Left).unwrap().readback().wait().unwrap().into_array();
        assert_eq!(
            places(Knots::new(device, scattered.column(1)).unwrap()),
            places(Knots::new(device, &column).unwrap()),
            "{name}: {knots} knots"
        );
    }
}

#[test]
fn tables_come_in_any_layout() {
    everywhere!(tables_of_layouts);
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
    everywhere!(slices);
    assert_eq!(Device::cpu().upload(&[1.0, 2.0]).unwrap().readback().wait().unwrap().view(), arr1(&[1.0_f64, 2.0]));
}

fn into<T: Float>(device: &Device, name: &str) {
    let number = |value: f64| T::from(value).unwrap();
    let table = InterpTable::new(device, &[0.0, 10.0].map(number), &[0.0, 100.0].map(number)).unwrap();
    let queries =
        |shift: usize| Array2::from_shape_fn((30, 40), |(i, j)| number(((i * 40 + j + shift) % 13) as f64 - 1.0));
    let read = |a: &DeviceArray<T, _>| a.readback().wait().unwrap().into_array();
    let expected = |x: &DeviceArray<T, _>| read(&table.interp(x).unwrap());
    let (x, y) = (device.upload(&queries(0)).unwrap(), device.upload(&queries(5)).unwrap());
    let old = Array2::from_elem((30, 40), number(-7.0));
    let mut out = device.upload(&old).unwrap();

    // In place, as long as nobody else looks.
    let place = |out: &DeviceArray<T, Ix2>| match out.wgpu_buffer() {
        Some(buffer) => Err(buffer.clone()),
        None => Ok(out.readback().wait().unwrap().view().as_ptr() as usize),
    };
    let before = (place(&out), device.transfers().uploads);
    table.interp_into(&x, &mut out).unwrap();
    assert_eq!(read(&out), expected(&x), "{name}");
    table.interp_into(&y, &mut out).unwrap();
    assert_eq!(read(&out), expected(&y), "{name}");
    assert!(before.0 == place(&out), "{name}: in place");

    // Who looks at old values keeps them.
    let mut out = device.upload(&old).unwrap();
    let (clone, queued, landed) = (out.clone(), out.readback(), out.readback().wait().unwrap());
    table.interp_into(&x, &mut out).unwrap();
    assert_eq!(read(&out), expected(&x), "{name}");
    assert_eq!((read(&clone), queued.wait().unwrap().into_array()), (old.clone(), old.clone()), "{name}");
    assert_eq!(landed.view(), old, "{name}");
    drop(clone);
    let queued = out.readback();
    table.interp_into(&y, &mut out).unwrap();
    assert_eq!((read(&out), queued.wait().unwrap().into_array()), (expected(&y), expected(&x)), "{name}");
    let mut over_itself = x.clone();
    table.interp_into(&x, &mut over_itself).unwrap();
    assert_eq!((read(&over_itself), read(&x)), (expected(&x), queries(0)), "{name}: its own queries");
    let mut plan = device.capture(&x, |x| table.interp(x)).unwrap();
    let mut replayed = plan.replay().unwrap();
    table.interp_into(&y, &mut replayed).unwrap();
    assert_eq!(
        (read(&replayed), read(&plan.replay().unwrap())),
        (expected(&y), expected(&x)),
        "{name}: a plan's memory"
    );

    // What is wrong with the queries comes with what is made of them, and goes with it.
    let weights = device.upload(&ndarray::Array1::<T>::zeros(40)).unwrap();
    let undefined = x.average_axis(ndarray::Axis(1), &weights).unwrap();
    let mut row = x.min_axis(ndarray::Axis(1)).unwrap();
    table.interp_into(&undefined, &mut row).unwrap();
    assert_eq!(row.readback().wait().unwrap_err().kind(), ErrorKind::ZeroWeights, "{name}");
    table.interp_into(&x.max_axis(ndarray::Axis(1)).unwrap(), &mut row).unwrap();
    row.readback().wait().unwrap();

    // Refusals change nothing.
    let mut out = device.upload(&old).unwrap();
    let refused = table.interp_into(&x.reshape((40, 30)).unwrap(), &mut out).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ShapeMismatch);
    assert!(refused.to_string().contains("[40, 30]") && refused.to_string().contains("[30, 40]"), "{refused}");
    let other = Device::cpu().upload(&queries(0)).unwrap();
    assert_eq!(table.interp_into(&other, &mut out).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    assert_eq!(table.interp_into(&x, &mut other.clone()).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    let two = InterpTable::new(device, &[number(0.0)], &Array2::<T>::ones((2, 1))).unwrap();
    assert_eq!(two.interp_into(&x, &mut out).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    for outside in [true, false] {
        let refused = device.capture(&x, |x| {
            let mut made = table.interp(x)?;
            table.interp_into(x, if outside { &mut out } else { &mut made })?;
            Ok(made)
        });
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotCapturable, "{name}");
    }
    assert_eq!(read(&out), old, "{name}");
    let (none, mut nothing) =
        (device.upload(&Array2::<T>::ones((0, 3))).unwrap(), device.upload(&Array2::<T>::ones((0, 3))).unwrap());
    table.interp_into(&none, &mut nothing).unwrap();
    assert!(read(&nothing).is_empty());

    // What is wrong with the values is what is wrong with those that made them.
    let verdict = |a: &DeviceArray<T, Ix1>| a.readback().wait().map(drop).map_err(|error| error.kind());
    let weights = device.upload(&[1.0, -1.0].map(number)).unwrap();
    let bad = device.upload(&Array2::<T>::ones((3, 2))).unwrap().average_axis(Axis(1), &weights).unwrap();
    let good = device.upload(&[1.0, 2.0, 3.0].map(number)).unwrap();
    let mut out = bad.clone();
    table.interp_into(&good, &mut out).unwrap();
    assert_eq!((verdict(&out), verdict(&bad)), (Ok(()), Err(ErrorKind::ZeroWeights)), "{name}");
    table.interp_into(&bad, &mut out).unwrap();
    assert_eq!(verdict(&out), Err(ErrorKind::ZeroWeights), "{name}");
    table.interp_into(&good, &mut out).unwrap();
    assert_eq!(verdict(&out), Ok(()), "{name}");
    let falling = device.upload(&[2.0, 1.0].map(number)).unwrap();
    let disordered = InterpTable::from_device(&falling, &falling).unwrap();
    disordered.interp_into(&good, &mut out).unwrap();
    assert_eq!(verdict(&out), Err(ErrorKind::NotSorted { index: 1 }), "{name}");
}

#[test]
fn results_go_into_memory_that_is_there() {
    everywhere!(into);
}

/// One buffer of the application's under two arrays: nothing tells that they share it but the buffer itself.
#[test]
fn results_go_into_a_buffer_that_also_holds_the_queries() {
    let (adapter, wgpu_device, queue) = support::devices::application();
    let device = Device::from_wgpu(&adapter, wgpu_device.clone(), queue).unwrap();
    let buffer = wgpu_device.create_buffer(&ndgpu::wgpu::BufferDescriptor {
        label: None,
        size: 400,
        usage: ndgpu::wgpu::BufferUsages::STORAGE
            | ndgpu::wgpu::BufferUsages::COPY_SRC
            | ndgpu::wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let array = || DeviceArray::<f32, Ix1>::from_wgpu_buffer(&device, buffer.clone(), 100).unwrap();
    let mut x = array();
    x.overwrite(&Array1::range(0.0_f32, 100.0, 1.0)).unwrap();
    let table = InterpTable::new(&device, &[0.0_f32, 100.0], &[0.0_f32, 200.0]).unwrap();
    let mut out = array();
    table.interp_into(&x, &mut out).unwrap();
    let doubled = Array1::range(0.0_f32, 200.0, 2.0);
    assert_eq!(out.readback().wait().unwrap().view(), doubled);
    assert_eq!(array().readback().wait().unwrap().view(), doubled, "in the application's buffer");

    // In another part of it than the queries.
    let at = |offset| DeviceArray::<f32, Ix1>::from_wgpu_buffer_at(&device, buffer.clone(), offset, 25).unwrap();
    let mut out = at(256);
    table.interp_into(&at(0), &mut out).unwrap();
    let quadrupled = Array1::range(0.0_f32, 100.0, 4.0);
    assert_eq!(out.readback().wait().unwrap().view(), quadrupled);
    let whole = array().readback().wait().unwrap();
    assert_eq!(whole.view().slice(ndarray::s![..64]), doubled.slice(ndarray::s![..64]));
    assert_eq!(whole.view().slice(ndarray::s![64..89]), quadrupled);
    assert_eq!(whole.view().slice(ndarray::s![89..]), doubled.slice(ndarray::s![89..]));
}

fn paths<T: Float>(device: &Device, _: &str) {
    let info = device.info();
    let a = device.upload(&Array1::<T>::ones(1000)).unwrap();
    let (plain, given_up) = match (info.kind, info.unified_memory) {
        (DeviceKind::Cpu, _) => (TransferPath::Shared, TransferPath::Shared),
        (_, true) => (TransferPath::Staged, TransferPath::Mapped),
        (_, false) => (TransferPath::Staged, TransferPath::Staged),
    };
    assert_eq!(a.readback().cost().path, plain);
    let shared = a.clone();
    assert_eq!(shared.into_readback().cost().path, plain, "somebody else still has it");
    let lent = device.upload(&Array1::<T>::ones(1000)).unwrap();
    let buffer = lent.wgpu_buffer().cloned();
    let path = lent.into_readback().cost().path;
    assert_eq!(path, if buffer.is_some() { plain } else { given_up }, "the application still has its buffer");
    let readback = a.into_readback();
    assert_eq!(readback.cost().path, given_up);
    let host = readback.wait().unwrap();
    assert_eq!(host.cost().path, given_up);
    assert_eq!(host.view(), Array1::<T>::ones(1000));
    assert_eq!(host.into_array(), Array1::<T>::ones(1000));
}

#[test]
fn a_readback_says_which_way_it_takes() {
    everywhere!(paths);
}

fn old_values<T: Float>(device: &Device, name: &str) {
    let values = |v: i32| Array1::from_elem(100, T::from(v).unwrap());
    let read = |a: &DeviceArray<T, ndarray::Ix1>| a.readback().wait().unwrap().into_array();
    let mut a = device.upload(&values(1)).unwrap();
    let clone = a.clone();
    let queued = a.readback();
    let landed = a.readback().wait().unwrap();
    let reshaped = a.reshape((10, 10)).unwrap();
    a.overwrite(&values(2)).unwrap();
    assert_eq!(read(&a), values(2), "{name}");
    assert_eq!(read(&clone), values(1), "{name}: a clone keeps the old values");
    assert_eq!(queued.wait().unwrap().view(), values(1), "{name}: and a readback under way");
    assert_eq!(landed.view(), values(1), "{name}: and one that has landed");
    assert_eq!(reshaped.readback().wait().unwrap().view(), values(1).into_shape_with_order((10, 10)).unwrap());
    drop((clone, reshaped));
    let queued = a.readback();
    a.overwrite(&values(3)).unwrap();
    a.overwrite(&values(4).slice(s![..;-1])).unwrap();
    assert_eq!((read(&a), queued.wait().unwrap().into_array()), (values(4), values(2)), "{name}");
    let error = a.overwrite(&Array1::<T>::zeros(99)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShapeMismatch);
    assert_eq!(read(&a), values(4), "{name}: a refusal changes nothing");
    // What was wrong with old values is not wrong with new ones.
    let weights = device.upload(&arr1(&[T::one(), -T::one()])).unwrap();
    let mut average = device.upload(&arr2(&[[T::one(); 2]])).unwrap().average_axis(Axis(1), &weights).unwrap();
    average.overwrite(&arr1(&[T::one()])).unwrap();
    assert!(average.readback().wait().is_ok());
}

#[test]
fn whoever_looks_at_old_values_keeps_them() {
    everywhere!(old_values);
}

fn owned<T: Float>(device: &Device, name: &str) {
    let is_cpu = device.info().kind == DeviceKind::Cpu;
    for len in [0, 1, 1000, (1 << 20) + 1] {
        let values: Arc<[T]> = (0..len).map(|i| T::from(i % 1009).unwrap()).collect();
        let mut a = device.upload_owned(values.clone(), (1, len)).unwrap();
        assert_eq!(Arc::strong_count(&values), if is_cpu { 2 } else { 1 }, "{name}: a GPU has its copy");
        let landed = a.readback().wait().unwrap();
        assert!(landed.view().iter().eq(values.iter()), "{name}, {len}");
        let in_place = len > 0 && landed.view().as_ptr() == values.as_ptr();
        assert_eq!(in_place, is_cpu && len > 0, "{name}, {len}: where it lies");
        let sums = a.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
        assert!(sums.iter().eq(values.iter()), "{name}, {len}");
        // The owner's values are never written to, and are let go.
        a.overwrite(&Array2::<T>::ones((1, len))).unwrap();
        assert_eq!(a.readback().wait().unwrap().view(), Array2::<T>::ones((1, len)));
        assert!(landed.view().iter().eq(values.iter()), "{name}, {len}: who views old values keeps them");
        let mut landed = device.upload_owned(values.clone(), len).unwrap().into_readback().wait().unwrap();
        assert!(landed.view_mut().is_none(), "{name}: not ours to write to");
        drop((a, landed));
    }
    let values: Arc<[T]> = Arc::from([T::one(); 6]);
    drop(device.upload_owned(values.clone(), (2, 3)).unwrap().into_readback().wait().unwrap().into_array());
    assert_eq!(Arc::strong_count(&values), 1, "{name}: let go");
    for shape in [vec![5], vec![2, 2], vec![0], vec![], vec![usize::MAX, 2]] {
        let error = device.upload_owned(values.clone(), IxDyn(&shape)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShapeMismatch, "{name}, {shape:?}");
    }
}

#[test]
fn memory_that_is_handed_over_is_read_where_it_lies() {
    everywhere!(owned);
}

fn written<T: Float>(device: &Device, name: &str) {
    let is_cpu = device.info().kind == DeviceKind::Cpu;
    let a = device.upload(&Array1::<T>::ones(100)).unwrap();
    let mut landed = a.readback().wait().unwrap();
    assert!(landed.view_mut().is_none(), "{name}: the array is there too");
    let mut given_up = a.sum_axis(Axis(0)).unwrap().into_readback().wait().unwrap();
    assert_eq!(given_up.view_mut().is_some(), is_cpu, "{name}: nobody else has it");
    if let Some(mut view) = given_up.view_mut() {
        view.fill(T::zero());
        assert_eq!(given_up.view(), arr0(T::zero()));
    }
}

#[test]
fn what_nobody_else_has_can_be_written_to_where_it_landed() {
    everywhere!(written);
}

fn futures_of<T: Float>(device: &Device, name: &str) {
    let arrays: Vec<_> =
        (0..64).map(|i| device.upload(&Array1::from_elem(50 + i, T::from(i).unwrap())).unwrap()).collect();
    let all = pollster::block_on(join_all(arrays.iter().map(|a| a.readback())));
    for (i, host) in all.into_iter().enumerate() {
        assert_eq!(host.unwrap().view(), Array1::from_elem(50 + i, T::from(i).unwrap()), "{name}");
    }
    // Given up before, while and after it is under way; the buffers go on to others unharmed.
    for round in 0..20 {
        drop(arrays[round].readback());
        drop(arrays[round].clone().into_readback());
        let (a, b) = (arrays[round].readback(), arrays[round + 1].readback());
        match pollster::block_on(select(a, b)) {
            Either::Left((first, _)) => assert_eq!(first.unwrap().shape(), [50 + round]),
            Either::Right((second, _)) => assert_eq!(second.unwrap().shape(), [51 + round]),
        }
        let temporary = device.upload(&Array1::<T>::zeros(64)).unwrap();
        drop(temporary.into_readback());
        let ones = device.upload(&Array1::<T>::ones(64)).unwrap();
        assert_eq!(ones.sum().unwrap().readback().wait().unwrap().view(), arr0(T::from(64).unwrap()), "{name}");
    }
    // From several threads at once.
    std::thread::scope(|scope| {
        for (number, array) in arrays.iter().enumerate().take(8) {
            scope.spawn(move || {
                for _ in 0..20 {
                    let doubled =
                        array.weighted_sum(array).unwrap().readback().wait().unwrap().into_array().into_scalar();
                    assert_eq!(doubled, T::from((50 + number) * number * number).unwrap());
                }
            });
        }
    });
}

#[test]
fn readbacks_are_futures_that_may_be_dropped() {
    everywhere!(futures_of);
}

#[test]
fn handles_can_be_sent_and_shared() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send + Unpin>() {}
    shared::<Device>();
    shared::<DeviceArray<f32, IxDyn>>();
    shared::<InterpTable<f64>>();
    shared::<HostArray<f32, IxDyn>>();
    shared::<ndgpu::Error>();
    sent::<Readback<f32, IxDyn>>();
}

fn shapes<T: Float>(device: &Device, name: &str) {
    let a = device.upload(&Array::from_shape_fn((2, 6), |(i, j)| T::from(i * 6 + j).unwrap())).unwrap();
    assert_eq!(a.reshape((3, 4)).unwrap().readback().wait().unwrap().view()[[2, 3]], T::from(11).unwrap());
    assert_eq!(a.reshape(12).unwrap().shape(), [12]);
    assert_eq!(a.reshape(vec![2, 2, 3]).unwrap().ndim(), 3);
    assert_eq!(a.reshape((5, 2)).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    assert_eq!(a.reshape((usize::MAX, 2)).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    assert_eq!(a.clone().insert_axis(Axis(1)).unwrap().shape(), [2, 1, 6]);
    let kind = a.clone().insert_axis(Axis(3)).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::AxisOutOfRange { axis: 3, ndim: 3 });
    assert_eq!(a.clone().into_dyn().raw_dim(), IxDyn(&[2, 6]));
    assert!(!a.is_empty() && device.upload(&ArrayD::<T>::zeros(vec![3, 0])).unwrap().is_empty());
    let text = format!("{a:?}");
    assert!(text.contains("[2, 6]") && text.contains(T::TYPE.name()), "{name}: {text}");
    let indices = device.upload(&arr1(&[1_u32, 2, u32::MAX])).unwrap();
    assert_eq!(indices.readback().wait().unwrap().view(), arr1(&[1, 2, u32::MAX]), "{name}");
    let other = Device::cpu();
    let moved = a.to_device(&other).unwrap();
    assert_eq!(moved.device().info().kind, DeviceKind::Cpu);
    let back = moved.to_device(device).unwrap();
    assert_eq!(back.readback().wait().unwrap().view(), a.readback().wait().unwrap().view());
    assert_eq!((other.transfers().uploads, other.transfers().readbacks), (1, 1));
}

#[test]
fn shapes_change_without_a_copy() {
    everywhere!(shapes);
}

#[test]
fn what_a_device_cannot_hold_is_refused_with_the_limit() {
    let configurations = support::devices::configurations();
    let without = configurations.iter().find(|c| c.name.contains("f64 off")).unwrap().device();
    let error = without.upload(&arr1(&[1.0_f64])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedElement);
    assert!(error.to_string().contains("f32"), "{error}");
    assert_eq!(InterpTable::new(&without, &[1.0], &[1.0]).unwrap_err().kind(), ErrorKind::UnsupportedElement);

    for configuration in configurations {
        let device = configuration.device();
        // Not a byte of this exists: one value, broadcast.
        let one = arr0(1.0_f32);
        let huge = one.broadcast((1 << 20, 1 << 20, 1 << 20)).unwrap();
        match device.upload(&huge).unwrap_err().kind() {
            ErrorKind::TooLarge { bytes, limit } => {
                assert!(bytes > limit && limit <= device.info().limits.max_buffer_bytes)
            }
            ErrorKind::OutOfMemory { bytes } => assert_eq!((bytes, device.info().kind), (1 << 62, DeviceKind::Cpu)),
            other => panic!("{}: {other:?}", configuration.name),
        }
        assert!(device.upload(&arr1(&[1_u32])).unwrap().readback().wait().is_ok(), "and the device works on");
    }
    let gpu = configurations.iter().find(|c| c.name == "gpu f32").unwrap().device();
    let limits = gpu.info().limits;
    let knots = usize::try_from(limits.max_binding_bytes / 16 + 1).unwrap();
    let xp = Array1::from_shape_fn(knots, |i| i as f32);
    let error = InterpTable::new(&gpu, &xp, &xp).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { bytes: knots as u64 * 16, limit: limits.max_binding_bytes });
}

fn nothing_moves_unasked<T: Element + Float>(device: &Device, name: &str) {
    let a = device.upload(&Array2::<T>::ones((30, 40))).unwrap();
    let w = device.upload(&Array1::<T>::ones(40)).unwrap();
    let before = device.transfers();
    let b = a.average_axis(Axis(1), &w).unwrap().reshape((5, 6)).unwrap();
    let c = b.clone().sum_axes(&[Axis(0)]).unwrap();
    device.synchronize().unwrap();
    assert_eq!(device.transfers(), before, "{name}");
    drop(c.readback());
    assert_eq!(device.transfers(), before, "{name}: what never lands is not counted");
}

#[test]
fn nothing_moves_unless_asked() {
    for configuration in support::devices::configurations() {
        let device = configuration.fresh();
        match configuration.precision {
            support::devices::Precision::F32 => nothing_moves_unasked::<f32>(&device, configuration.name),
            support::devices::Precision::F64 => nothing_moves_unasked::<f64>(&device, configuration.name),
        }
    }
}
