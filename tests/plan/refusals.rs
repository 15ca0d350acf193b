//! What cannot be captured.

use ndarray::{Array1, Ix1};
use ndgpu::{Device, DeviceArray, Error, ErrorKind, Float, Result};

use crate::support::arrays::values;
use crate::support::engines::on_every_engine;

#[test]
fn what_cannot_be_captured_is_refused() {
    fn check<T: Float>(device: &Device, name: &str) {
        let x = device.upload(&Array1::from_elem(4, T::one())).unwrap();
        let kind = |result: Result<()>| result.unwrap_err().kind();
        let readback = device.capture(&x, |x| {
            x.readback().wait()?;
            x.sum()
        });
        let error = readback.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotCapturable, "{name}");
        assert!(error.to_string().contains("read back inside a closure"), "{name}: {error}");
        let overwritten = device.capture(&x, |x| {
            let mut x = x.clone();
            x.overwrite(&Array1::from_elem(4, T::one()))?;
            x.sum()
        });
        assert_eq!(kind(overwritten.map(drop)), ErrorKind::NotCapturable, "{name}");
        let nested = device.capture(&x, |x| x.device().capture(x, |x| x.sum()).map(|_| x.clone()));
        assert_eq!(kind(nested.map(drop)), ErrorKind::NotCapturable, "{name}");
        let other = Device::cpu();
        let elsewhere = other.upload(&Array1::from_elem(4, T::one())).unwrap();
        assert_eq!(kind(device.capture(&elsewhere, |x| x.sum()).map(drop)), ErrorKind::DeviceMismatch, "{name}");
        assert_eq!(kind(device.capture(&x, |_| elsewhere.sum()).map(drop)), ErrorKind::DeviceMismatch, "{name}");
        let weighted = device.capture(&x, |x| x.average(&elsewhere));
        assert_eq!(kind(weighted.map(drop)), ErrorKind::DeviceMismatch, "{name}");

        // What escapes from the closure has no values, and says so.
        let mut escaped = None;
        let mut plan = device
            .capture(&x, |x| {
                escaped = Some(x.clone());
                x.sum()
            })
            .unwrap();
        let escaped = escaped.unwrap();
        assert_eq!(kind(escaped.readback().wait().map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(escaped.sum().map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(x.average(&escaped).map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(device.capture(&escaped, |x| x.sum()).map(drop)), ErrorKind::NotCapturable, "{name}");
        let foreign = device.capture(&x, |x| x.average(&escaped));
        assert_eq!(kind(foreign.map(drop)), ErrorKind::NotCapturable, "{name}");

        // Shapes are known at capture, and so are mistakes.
        let three = device.upload(&Array1::from_elem(3, T::one())).unwrap();
        assert_eq!(kind(device.capture(&x, |x| x.average(&three)).map(drop)), ErrorKind::ShapeMismatch, "{name}");
        assert_eq!(kind(plan.write(&Array1::from_elem(3, T::one()))), ErrorKind::ShapeMismatch, "{name}");
        assert_eq!(kind(plan.write(&elsewhere)), ErrorKind::DeviceMismatch, "{name}");
        assert_eq!(values(&plan.replay().unwrap()), [T::narrow(4.0)], "{name}: and the plan goes on");
    }
    on_every_engine!(check);
}

#[test]
fn an_error_of_the_callers_own_leaves_the_closure() {
    fn check<T: Float>(device: &Device, name: &str) {
        let x = device.upload(&Array1::<T>::ones(3)).unwrap();
        let refused = device.capture(&x, |_| Err::<DeviceArray<T, Ix1>, _>(Error::other("mine"))).unwrap_err();
        assert_eq!((refused.kind(), refused.to_string().as_str()), (ErrorKind::Other, "mine"), "{name}");
        assert!(x.sum().unwrap().readback().wait().is_ok());
    }
    on_every_engine!(check);
}
