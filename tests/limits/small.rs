//! Limits can be made small: a device is given a few kilobytes a binding and a few workgroups a dimension, and
//! everything goes in pieces.

use ndgpu::{Device, ErrorKind, wgpu};

use crate::support::calls::{Operands, assert_like, calls};
use crate::support::devices::small;
use crate::support::noop::{ALL_FEATURES, noop};
use crate::support::report::say;

/// Rows and columns around the boundaries of 4 KiB bindings of f32 (1,024 elements), of workgroups (64), of vectors
/// (4), and of what seven or twelve of them take in (448 and 768 elements).
const SHAPES: [(usize, usize); 22] = [
    (1, 1),
    (2, 3),
    (1, 63),
    (64, 1),
    (5, 65),
    (1, 447),
    (449, 1),
    (1, 767),
    (1, 768),
    (769, 1),
    (3, 192),
    (1, 1023),
    (1, 1024),
    (1, 1025),
    (1023, 2),
    (1024, 3),
    (1025, 1),
    (31, 33),
    (2, 3001),
    (3001, 2),
    (40, 517),
    (130, 259),
];

#[test]
fn results_are_right_past_every_small_limit() {
    let cpu = Device::cpu();
    let immediates = wgpu::Features::IMMEDIATES;
    let mut compared = 0;
    for (device, name) in [
        (small(4096, 12, 256, wgpu::Features::empty()), "4 KiB, 12 groups, aligned to 256"),
        (small(5000, 7, 32, immediates), "5,000 bytes, 7 groups, aligned to 32"),
        (small(4096, 65_535, 64, ALL_FEATURES), "4 KiB, all features"),
    ] {
        assert!(device.info().limits.max_binding_bytes <= 5000);
        for (rows, columns) in SHAPES {
            // All tables have to fit into a binding.
            let knots = (1000 / rows).clamp(1, 60);
            let operands = Operands::<f32>::new(rows, columns, knots, (rows * 10_000 + columns) as u64);
            for (call_name, call) in calls::<f32>() {
                let what = format!("{call_name} of {rows} x {columns}, {knots} knots, {name}");
                match call(&device, &operands) {
                    Ok(got) => {
                        assert_like(&got, &call(&cpu, &operands).unwrap(), f64::from(f32::EPSILON), &what);
                        compared += 1;
                    }
                    // What a kernel has to see whole does not go in pieces.
                    Err(error) => {
                        assert!(
                            matches!(error.kind(), ErrorKind::TooLarge { limit, .. } if limit <= 5000),
                            "{what}: {error}"
                        );
                        assert!(rows * knots * 16 > 4000 || rows * columns > 1000, "{what}: {error}");
                    }
                }
            }
        }
    }
    say(&format!("{compared} results past small limits agree with the CPU engine"));
    assert!(compared > 2000, "{compared}");
}

/// What is asked for stays within limits, whatever they are: wgpu validates every binding, offset and dispatch.
#[test]
fn bookkeeping_is_valid_at_every_size_around_every_boundary() {
    for (binding, groups, alignment) in [(4096, 3, 32), (4096, 12, 256), (8192, 65_535, 64)] {
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: binding,
            max_compute_workgroups_per_dimension: groups,
            min_storage_buffer_offset_alignment: alignment,
            ..Default::default()
        };
        for features in [wgpu::Features::empty(), ALL_FEATURES] {
            let device = noop(limits.clone(), features).unwrap();
            let elements = binding as usize / 4;
            let sizes = [elements - 1, elements, elements + 1, 3 * elements + 2];
            for (rows, columns) in sizes.into_iter().flat_map(|size| [(1, size), (size, 1), (size / 5, 5)]) {
                let operands = Operands::<f32>::new(rows, columns, 4, 1);
                for (name, call) in calls::<f32>() {
                    if let Err(error) = call(&device, &operands) {
                        let what = format!("{name} of {rows} x {columns}, {binding} bytes a binding");
                        assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{what}: {error}");
                    }
                }
            }
        }
    }
}
