//! Inputs and outputs: how many there are, of which types, and which values they have first.

use ndarray::{Axis, IxDyn, arr1, arr2};
use ndgpu::{AnyArray, AnyData, Device, DeviceArray, ElementType, Error, ErrorKind, Float, Result};

use crate::support::arrays::values;
use crate::support::engines::{fresh_engines, on_every_engine};

#[test]
fn the_values_at_capture_are_the_first_input() {
    fn check<T: Float>(device: &Device, name: &str) {
        let one = |value: f64| T::narrow(value);
        let x = device.upload(&arr1(&[one(1.0), one(2.0)])).unwrap();
        let mut plan = device.capture(&x, |x| x.sum()).unwrap();
        assert_eq!(values(&plan.replay().unwrap()), [one(3.0)], "{name}");
        plan.write(&arr1(&[one(5.0), one(6.0)])).unwrap();
        let out = plan.replay().unwrap();
        let before = out.readback();
        assert_eq!(values(&x), [one(1.0), one(2.0)], "{name}: the plan writes into memory of its own");
        // From an array of the device, without the host.
        let moved = device.transfers().readbacks;
        plan.write(&x).unwrap();
        assert_eq!(device.transfers().readbacks, moved, "{name}");
        plan.replay().unwrap();
        assert_eq!(values(&out), [one(3.0)], "{name}: the next replay writes over the output");
        assert_eq!(before.wait().unwrap().into_array().into_scalar(), one(11.0), "{name}: but not over a readback");
    }
    // Devices of its own: the ledger is the device's.
    on_every_engine!(check; on fresh_engines());
}

#[test]
fn several_inputs_and_outputs() {
    fn check<T: Float>(device: &Device, name: &str) {
        let one = |value: f64| T::narrow(value);
        let a = device.upload(&arr2(&[[one(1.0), one(2.0)], [one(3.0), one(5.0)]])).unwrap();
        let w = device.upload(&arr1(&[one(1.0), one(3.0)])).unwrap();
        let mut plan = device
            .capture((&a, &w), |(a, w)| {
                let (averages, sums) = a.average_axis_returned(Axis(1), w)?;
                Ok((averages, sums, a.argmax_axis(Axis(0))?))
            })
            .unwrap();
        let (averages, sums, indices) = plan.replay().unwrap();
        assert_eq!(values(&averages), [one(1.75), one(4.5)], "{name}");
        assert_eq!(values(&sums), [one(4.0), one(4.0)], "{name}");
        assert_eq!(indices.readback().wait().unwrap().view(), arr1(&[1, 1]), "{name}");
        plan.write((&arr2(&[[one(1.0), one(0.0)], [one(0.0), one(1.0)]]), &arr1(&[one(1.0), one(1.0)]))).unwrap();
        let (averages, sums, indices) = plan.replay().unwrap();
        assert_eq!(values(&averages), [one(0.5), one(0.5)], "{name}");
        assert_eq!(values(&sums), [one(2.0), one(2.0)], "{name}");
        assert_eq!(indices.readback().wait().unwrap().view(), arr1(&[0, 1]), "{name}");
        plan.write(((), &arr1(&[one(3.0), one(1.0)]))).unwrap();
        assert_eq!(values(&plan.replay().unwrap().0), [one(0.75), one(0.25)], "{name}: the first input is as it was");
    }
    on_every_engine!(check);
}

#[test]
fn types_and_numbers_of_arrays_may_be_known_only_as_the_program_runs() {
    fn check<T: Float>(device: &Device, name: &str)
    where
        AnyArray: From<DeviceArray<T, IxDyn>>,
    {
        let one = |value: f64| arr1(&[T::narrow(value), T::narrow(2.0 * value)]).into_dyn();
        let upload = |value: f64| -> AnyArray { device.upload(&one(value)).unwrap().into() };
        let read = |array: &AnyArray| -> Vec<f64> {
            match array {
                AnyArray::F32(array) => values(array).into_iter().map(f64::from).collect(),
                AnyArray::F64(array) => values(array),
                AnyArray::U32(array) => array.readback().wait().unwrap().view().iter().map(|&v| f64::from(v)).collect(),
                other => panic!("{other:?}"),
            }
        };
        let total = |array: &AnyArray| -> Result<[AnyArray; 2]> {
            Ok(match array {
                AnyArray::F32(array) => [array.sum()?.into(), array.argmax()?.into()],
                AnyArray::F64(array) => [array.sum()?.into(), array.argmax()?.into()],
                other => return Err(Error::other(format!("{other:?}"))),
            })
        };
        let inputs = [upload(1.0), upload(2.0), upload(3.0)];
        let mut plan = device
            .capture(inputs.iter().collect::<Vec<_>>(), |inputs: Vec<&AnyArray>| {
                Ok(inputs.into_iter().map(total).collect::<Result<Vec<_>>>()?.concat())
            })
            .unwrap();
        let outputs = plan.replay().unwrap();
        assert_eq!(outputs.iter().flat_map(read).collect::<Vec<_>>(), [3.0, 1.0, 6.0, 1.0, 9.0, 1.0], "{name}");
        assert_eq!(outputs[1].element_type(), ElementType::U32);

        let host = |value: f64| -> Vec<AnyData<'static>> {
            vec![AnyData::Unchanged, AnyData::Device(upload(value)), AnyData::Unchanged]
        };
        plan.write(host(5.0)).unwrap();
        let (ones, zeros) = (arr1(&[1.0_f32; 2]).into_dyn(), arr1(&[0.0_f64; 2]).into_dyn());
        let (right, wrong) = match T::TYPE {
            ElementType::F32 => (AnyData::F32(ones.view()), AnyData::F64(zeros.view())),
            _ => (AnyData::F64(zeros.view()), AnyData::F32(ones.view())),
        };
        let expected = if T::TYPE == ElementType::F32 { 2.0 } else { 0.0 };
        plan.write(vec![right, AnyData::Unchanged, AnyData::Unchanged]).unwrap();
        let sums: Vec<f64> = plan.replay().unwrap().iter().step_by(2).flat_map(read).collect();
        assert_eq!(sums, [expected, 15.0, 9.0], "{name}");

        let refused = plan.write(vec![AnyData::Unchanged, wrong, AnyData::Unchanged]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidOption, "{name}");
        assert!(refused.to_string().contains("f32") && refused.to_string().contains("f64"), "{refused}");
        assert_eq!(plan.write(vec![AnyData::Unchanged]).unwrap_err().kind(), ErrorKind::ShapeMismatch, "{name}");
        let sums: Vec<f64> = plan.replay().unwrap().iter().step_by(2).flat_map(read).collect();
        assert_eq!(sums, [expected, 15.0, 9.0], "{name}: refusals change nothing");
    }
    on_every_engine!(check);
}
