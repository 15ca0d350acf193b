use ndarray::{Axis, arr1, arr2};
use ndgpu::{Device, InterpTable};
#[test]
fn smoke() {
    for d in [Device::cpu(), Device::builder().adapter("llvmpipe").build().unwrap(), Device::builder().adapter("llvmpipe").without_f64().build().unwrap()] {
        println!("{:?} {:?}", d, d.info());
        let t = InterpTable::new(&d, &[1.0_f32, 2.0, 4.0], &[10.0_f32, 20.0, 0.0]).unwrap();
        let x = d.upload(&arr1(&[0.0_f32, 1.5, 2.0, 3.0, 9.0, f32::NAN])).unwrap();
        println!("{:?}", t.interp(&x).unwrap().readback().wait().unwrap());
        let a = d.upload(&arr2(&[[1.0_f32, 2.0], [3.0, 5.0]])).unwrap();
        let w = d.upload(&arr1(&[1.0_f32, 3.0])).unwrap();
        println!("{:?}", a.average_axis(Axis(1), &w).unwrap().into_readback().wait().unwrap());
        println!("{:?}", a.average_axis(Axis(0), &w).unwrap().readback().wait().unwrap());
        let z = d.upload(&arr1(&[1.0_f32, -1.0])).unwrap();
        println!("{:?}", a.average_axis(Axis(0), &z).unwrap().readback().wait());
        println!("{:?}", pollster::block_on(a.average_axis(Axis(0), &z).unwrap().into_readback()));
        println!("{:?}", a.average_axes(&[Axis(1), Axis(0)], &a).unwrap().readback().wait());
        println!("{:?}", d.transfers());
        if d.info().supports_f64 {
            let t = InterpTable::new(&d, &[1.0_f64, 2.0, 4.0], &[10.0, 20.0, 0.0]).unwrap();
            let x = d.upload(&arr1(&[0.0, 1.5, 2.0, 3.0, 9.0, f64::NAN])).unwrap();
            println!("{:?}", t.interp(&x).unwrap().sum_axis(Axis(0)).unwrap().readback().wait().unwrap());
            println!("{:?}", t.interp(&x).unwrap().readback().wait().unwrap());
        }
    }
}
