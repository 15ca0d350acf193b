//! What a transfer costs, what is refused for its size, and that nothing moves unasked.

use ndarray::{Array1, Array2, Axis, arr0, arr1};
use ndgpu::{Device, DeviceKind, ErrorKind, Float, InterpTable, TransferPath};

use crate::support::engines::{Engine, engines, fresh_engines, named, on_every_engine};

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
    on_every_engine!(paths);
}

#[test]
fn what_a_device_cannot_hold_is_refused_with_the_limit() {
    let without = named("gpu f32, f64 off").unwrap().device;
    let error = without.upload(&arr1(&[1.0_f64])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedElement);
    assert!(error.to_string().contains("f32"), "{error}");
    assert_eq!(InterpTable::new(&without, &[1.0], &[1.0]).unwrap_err().kind(), ErrorKind::UnsupportedElement);

    for Engine { device, name, .. } in engines() {
        // Not a byte of this exists: one value, broadcast.
        let one = arr0(1.0_f32);
        let huge = one.broadcast((1 << 20, 1 << 20, 1 << 20)).unwrap();
        match device.upload(&huge).unwrap_err().kind() {
            ErrorKind::TooLarge { bytes, limit } => {
                assert!(bytes > limit && limit <= device.info().limits.max_buffer_bytes)
            }
            ErrorKind::OutOfMemory { bytes } => assert_eq!((bytes, device.info().kind), (1 << 62, DeviceKind::Cpu)),
            other => panic!("{name}: {other:?}"),
        }
        assert!(device.upload(&arr1(&[1_u32])).unwrap().readback().wait().is_ok(), "and the device works on");
    }
    let gpu = named("gpu f32").unwrap().device;
    let limits = gpu.info().limits;
    let knots = usize::try_from(limits.max_binding_bytes / 16 + 1).unwrap();
    let xp = Array1::from_shape_fn(knots, |i| i as f32);
    let error = InterpTable::new(&gpu, &xp, &xp).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { bytes: knots as u64 * 16, limit: limits.max_binding_bytes });
}

fn nothing_moves_unasked<T: Float>(device: &Device, name: &str) {
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
    on_every_engine!(nothing_moves_unasked; on fresh_engines());
}
