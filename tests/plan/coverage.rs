//! Every public method of the types that data go through is in the list of operations, or among those that are none.
//!
//! The methods are those of docs/public-api.txt, which `scripts/check-api` holds to the crate; macros may have written
//! them.

use std::collections::BTreeSet;

use crate::support::flows::{OTHERS, flows};

/// The types whose methods have to be listed.
const TYPES: [&str; 5] = ["DeviceArray", "SkipNan", "InterpTable", "Located", "Knots"];

#[test]
fn no_operation_is_left_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/public-api.txt");
    let public = methods_in(&std::fs::read_to_string(path).expect("the listing of the public API"));
    for of in TYPES {
        assert!(public.iter().any(|method| method.starts_with(of)), "the listing has nothing of {of}");
    }
    let mut listed: BTreeSet<String> =
        flows::<f32>().iter().flat_map(|flow| flow.methods.split(' ')).map(str::to_owned).collect();
    // Implementations of a trait.
    for clone in ["DeviceArray::clone", "Located::clone"] {
        assert!(listed.remove(clone));
    }
    for (methods, _) in OTHERS {
        let (of, methods) = methods.split_once("::").unwrap();
        listed.extend(methods.split(' ').map(|method| format!("{of}::{method}")));
    }
    let missing: Vec<_> = public.difference(&listed).collect();
    assert!(missing.is_empty(), "add these to the operations of tests/support/flows.rs: {missing:?}");
    let gone: Vec<_> = listed.difference(&public).collect();
    assert!(gone.is_empty(), "these are not in the crate any more: {gone:?}");
}

/// The methods of inherent implementations, as `Type::method`.
fn methods_in(listing: &str) -> BTreeSet<String> {
    let mut of_trait = false;
    let mut methods = BTreeSet::new();
    for line in listing.lines().map(str::trim_start) {
        if line.starts_with("impl") {
            of_trait = line.contains(" for ");
        }
        let Some(path) = line.split_once("fn ndgpu::").map(|(_, path)| path).filter(|_| !of_trait) else { continue };
        let of = path.split(['<', ':']).next().unwrap_or_default();
        // Behind the parameters of the type, which hold no parentheses.
        let name = path.split('(').next().and_then(|head| head.split("::").find(|part| is_method(part)));
        if let (true, Some(name)) = (TYPES.contains(&of), name) {
            let name = name.split('<').next().unwrap_or(name);
            methods.insert(format!("{of}::{name}"));
        }
    }
    methods
}

/// A part of a path that begins in lower case and closes no list of parameters.
fn is_method(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_lowercase()) && !part.split('<').next().unwrap_or(part).contains('>')
}

#[test]
fn methods_are_told_from_trait_implementations() {
    let listing = "
impl<T: ndgpu::Float> ndgpu::Knots<T>
    pub fn ndgpu::Knots<T>::len(&self) -> usize
    pub fn ndgpu::Knots<T>::new<'a, X>(&ndgpu::Device, X) -> ndgpu::Result<Self> where X: ndgpu::HostData<'a, Elem = T>
impl<T: ndgpu::Float> core::clone::Clone for ndgpu::Knots<T>
    pub fn ndgpu::Knots<T>::clone(&self) -> Self
impl<'a, T: ndgpu::Float, D: ndarray::Dimension> ndgpu::SkipNan<'a, T, D>
    pub fn ndgpu::SkipNan<'a, T, D>::sum(self) -> ndgpu::Result<ndgpu::DeviceArray<T, ndarray::Ix0>>
impl ndgpu::Device
    pub fn ndgpu::Device::cpu() -> Self
";
    let found: Vec<_> = methods_in(listing).into_iter().collect();
    assert_eq!(found, ["Knots::len", "Knots::new", "SkipNan::sum"]);
}
