//! Whose values they are: old ones, those that are handed over, those that landed, and those nobody waits for any more.

use std::sync::Arc;

use futures::future::{Either, join_all, select};
use ndarray::{Array1, Array2, Axis, Ix1, IxDyn, arr0, arr1, arr2, s};
use ndgpu::{Device, DeviceArray, DeviceKind, Error, ErrorKind, Float, HostArray, InterpTable, Readback};

use crate::support::engines::on_every_engine;

fn old_values<T: Float>(device: &Device, name: &str) {
    let values = |v: i32| Array1::from_elem(100, T::from(v).unwrap());
    let read = |a: &DeviceArray<T, Ix1>| a.readback().wait().unwrap().into_array();
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
    on_every_engine!(old_values);
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
    on_every_engine!(owned);
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
    on_every_engine!(written);
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
    on_every_engine!(futures_of);
}

#[test]
fn handles_can_be_sent_and_shared() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send + Unpin>() {}
    shared::<Device>();
    shared::<DeviceArray<f32, IxDyn>>();
    shared::<InterpTable<f64>>();
    shared::<HostArray<f32, IxDyn>>();
    shared::<Error>();
    sent::<Readback<f32, IxDyn>>();
}
