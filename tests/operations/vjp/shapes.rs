//! Backward passes around every boundary of the kernels, along axes of every kind.

use ndgpu::{Device, Float, wgpu};

use crate::support::backward::{Over, Pass, vjp};
use crate::support::devices::small;
use crate::support::engines::on_every_engine;
use crate::support::noop::ALL_FEATURES;
use crate::support::oracle::Reduced;

fn check<T: Float>(device: &Device, name: &str, over: &Over, shape: &[usize], number: u64) {
    for reduced in Reduced::ALL {
        for full in [false, true] {
            if full && !reduced.has_weights() {
                continue;
            }
            let what = format!("{name}: {reduced:?} of {shape:?} over {over:?}, weights for each {full}");
            let pass = Pass::<T>::random(reduced, over, shape, full, number);
            let [a, w, g] = [&pass.a, &pass.w, &pass.g].map(|array| device.upload(array).unwrap());
            let got = vjp(reduced, over, &a, &w, &g).unwrap_or_else(|error| panic!("{what}: {error}"));
            // The results themselves are rounded, and the factors made of them.
            pass.check(got, 8.0, &what);
        }
    }
}

/// Around vectors, workgroups and blocks.
const LENGTHS: [usize; 13] = [0, 1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257, 1000];

fn along_axes<T: Float>(device: &Device, name: &str) {
    for (number, len) in LENGTHS.into_iter().enumerate() {
        let number = number as u64;
        // The sum of no weights is zero, which is an error: tests/operations/vjp/special.rs.
        let shapes: &[(&[usize], usize)] = match len {
            0 => &[(&[0, 3], 1), (&[3, 0], 0), (&[2, 0, 3], 2)],
            _ => &[
                (&[len], 0),
                (&[len, 3], 0),
                (&[len, 65], 0),
                (&[3, len], 1),
                (&[65, len], 1),
                (&[2, len, 3], 1),
                (&[3, len, 64], 1),
                (&[3, 4, len], 1),
                (&[2, 3, len], 2),
            ],
        };
        for (shape, axis) in shapes {
            check::<T>(device, name, &Over::Axis(*axis), shape, number);
        }
    }
}

#[test]
fn rows_of_any_length_get_their_cotangents() {
    on_every_engine!(along_axes);
}

fn long_axes<T: Float>(device: &Device, name: &str) {
    for (shape, axis) in [
        (&[70_001, 2][..], 0),
        (&[70_001, 2], 1),
        (&[2, 40_001], 1),
        (&[2, 40_001], 0),
        (&[40, 7, 300], 1),
        (&[3, 2, 20_000], 1),
        (&[1000, 130], 1),
        (&[130, 1000], 0),
    ] {
        check::<T>(device, name, &Over::Axis(axis), shape, 3);
    }
}

#[test]
fn long_rows_and_many_get_their_cotangents() {
    on_every_engine!(long_axes);
}

fn several_axes<T: Float>(device: &Device, name: &str) {
    for axes in [vec![], vec![1], vec![0, 1], vec![1, 2], vec![3, 0], vec![2, 0, 3], vec![0, 2], vec![3, 1, 0, 2]] {
        check::<T>(device, name, &Over::Axes(axes), &[2, 3, 4, 5], 11);
    }
    check::<T>(device, name, &Over::Axes(vec![0, 2]), &[3, 1, 7], 12);
    check::<T>(device, name, &Over::Axes(vec![2, 0]), &[65, 3, 33], 13);
    check::<T>(device, name, &Over::Axes(vec![0, 2]), &[5, 0, 4], 14);
    for shape in [&[1][..], &[257], &[3, 5], &[2, 3, 129], &[200, 300]] {
        check::<T>(device, name, &Over::Everything, shape, 15);
    }
}

#[test]
fn several_axes_and_all_get_their_cotangents() {
    on_every_engine!(several_axes);
}

fn in_tiles<T: Float>(device: &Device, name: &str) {
    for shape in [
        // Rows longer than a window, alone and several; many to a window.
        &[1, 5000][..],
        &[5, 2001],
        &[9, 1002],
        &[301, 18],
        // Columns deeper than a window.
        &[1001, 4],
        &[57, 100],
        &[203, 101],
        // Inner axes as deep, and wider than a window.
        &[2, 70, 100],
        &[7, 1201],
        &[2, 3, 1204],
        // More indices along the axis than a window has sums.
        &[3, 4001],
    ] {
        for axis in 0..shape.len() {
            check::<T>(device, name, &Over::Axis(axis), shape, 17);
        }
        check::<T>(device, name, &Over::Everything, shape, 18);
    }
}

#[test]
fn windows_of_any_size_give_the_same() {
    // The last has so few workgroups that the sums of indices along the axis take turns.
    for (binding, groups, alignment, features) in [
        (4096, 65_535, 256, wgpu::Features::empty()),
        (5000, 65_535, 32, wgpu::Features::empty()),
        (4096, 65_535, 64, ALL_FEATURES),
        (4096, 9, 256, ALL_FEATURES),
    ] {
        let device = small(binding, groups, alignment, features);
        let name = format!("{binding} bytes a binding, {groups} groups, f64 {}", device.info().supports_f64);
        in_tiles::<f32>(&device, &name);
        if device.info().supports_f64 {
            in_tiles::<f64>(&device, &name);
        }
    }
}
