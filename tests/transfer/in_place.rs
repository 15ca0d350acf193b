//! Results that go into memory that is there.

use ndarray::{Array1, Array2, Axis, Ix1, Ix2, s};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable};

use crate::support::devices::{application, array_buffer};
use crate::support::engines::on_every_engine;

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
    let address = |out: &DeviceArray<T, Ix2>| match out.wgpu_buffer() {
        Some(buffer) => Err(buffer.clone()),
        None => Ok(out.readback().wait().unwrap().view().as_ptr() as usize),
    };
    let before = (address(&out), device.transfers().uploads);
    table.interp_into(&x, &mut out).unwrap();
    assert_eq!(read(&out), expected(&x), "{name}");
    table.interp_into(&y, &mut out).unwrap();
    assert_eq!(read(&out), expected(&y), "{name}");
    assert!(before.0 == address(&out), "{name}: in place");

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
    let weights = device.upload(&Array1::<T>::zeros(40)).unwrap();
    let undefined = x.average_axis(Axis(1), &weights).unwrap();
    let mut row = x.min_axis(Axis(1)).unwrap();
    table.interp_into(&undefined, &mut row).unwrap();
    assert_eq!(row.readback().wait().unwrap_err().kind(), ErrorKind::ZeroWeights, "{name}");
    table.interp_into(&x.max_axis(Axis(1)).unwrap(), &mut row).unwrap();
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
    on_every_engine!(into);
}

/// One buffer of the application's under two arrays: nothing tells that they share it but the buffer itself.
#[test]
fn results_go_into_a_buffer_that_also_holds_the_queries() {
    let (adapter, wgpu_device, queue) = application();
    let device = Device::from_wgpu(&adapter, wgpu_device.clone(), queue).unwrap();
    let buffer = array_buffer(&wgpu_device, 400);
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
    assert_eq!(whole.view().slice(s![..64]), doubled.slice(s![..64]));
    assert_eq!(whole.view().slice(s![64..89]), quadrupled);
    assert_eq!(whole.view().slice(s![89..]), doubled.slice(s![89..]));
}
