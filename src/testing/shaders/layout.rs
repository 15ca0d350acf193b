//! Both languages lay out alike what the host writes and shaders read.

use std::collections::BTreeMap;

use naga::{GlobalVariable, Handle, Module, Type, TypeInner};

use crate::engine::gpu::pipelines::{IMMEDIATE_BYTES, KernelSource, ParametersIn};
use crate::engine::gpu::wgsl::Layout;
use crate::kernels;

/// Every struct that both know.
fn layouts() -> BTreeMap<&'static str, Layout> {
    let all = [
        crate::engine::gpu::layouts(),
        vec![kernels::arrange::gpu::LAYOUT],
        kernels::search::gpu::LAYOUTS.to_vec(),
        kernels::interp::gpu::LAYOUTS.to_vec(),
        kernels::reduce::gpu::variant::LAYOUTS.to_vec(),
        kernels::adjoint::gpu::LAYOUTS.to_vec(),
        kernels::locate::gpu::LAYOUTS.to_vec(),
        kernels::slope::gpu::LAYOUTS.to_vec(),
        kernels::standardize::gpu::LAYOUTS.to_vec(),
        kernels::transpose::gpu::LAYOUTS.to_vec(),
        kernels::broadcast_rows::gpu::LAYOUTS.to_vec(),
        kernels::sum_over_rows::gpu::LAYOUTS.to_vec(),
        kernels::interp_reduce::gpu::LAYOUTS.to_vec(),
    ];
    all.concat().into_iter().map(|layout| (layout.name, layout)).collect()
}

fn parse(kernel: &KernelSource) -> Module {
    let source = kernel.wgsl(ParametersIn::Uniform);
    naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{}: {error}", kernel.name))
}

fn global<'a>(module: &'a Module, name: &str) -> Option<&'a GlobalVariable> {
    module.global_variables.iter().map(|(_, variable)| variable).find(|one| one.name.as_deref() == Some(name))
}

/// Compares a struct of a shader, and those inside it, with Rust's, and strikes it off those that are yet to be seen.
fn compare(module: &Module, handle: Handle<Type>, all: &BTreeMap<&str, Layout>, unseen: &mut BTreeMap<&str, Layout>) {
    let Type { name, inner: TypeInner::Struct { members, span } } = &module.types[handle] else { return };
    let name = name.as_deref().expect("the name of a struct");
    let rust = all.get(name).unwrap_or_else(|| panic!("Rust knows no {name}"));
    let offsets = members.iter().map(|member| (member.name.as_deref().unwrap_or_default(), member.offset as usize));
    assert_eq!(offsets.collect::<Vec<_>>(), rust.offsets, "{name}");
    assert_eq!(*span as usize, rust.bytes, "{name}");
    unseen.remove(name);
    members.iter().for_each(|member| compare(module, member.ty, all, unseen));
}

#[test]
fn parameters_lie_where_the_host_puts_them() {
    let all = layouts();
    let mut unseen = all.clone();
    for kernel in super::kernels() {
        let module = parse(&kernel);
        let parameters = global(&module, "parameters").unwrap_or_else(|| panic!("{} has no parameters", kernel.name));
        compare(&module, parameters.ty, &all, &mut unseen);
    }
    assert!(unseen.is_empty(), "no kernel has {unseen:?}");
    assert!(all.values().all(|layout| layout.bytes <= IMMEDIATE_BYTES as usize));
}

#[test]
fn states_take_the_bytes_that_the_host_allocates() {
    let all = [
        kernels::reduce::gpu::variant::states(),
        kernels::interp_reduce::gpu::states(),
        kernels::sum_over_rows::gpu::states(),
    ]
    .concat();
    assert!(!all.is_empty());
    for (kernel, bytes) in all {
        let module = parse(&kernel);
        let partials = global(&module, "partials").unwrap_or_else(|| panic!("{} has no partials", kernel.name));
        let TypeInner::Array { stride, .. } = module.types[partials.ty].inner else { panic!("{}", kernel.name) };
        assert_eq!(u64::from(stride), bytes, "{}", kernel.name);
    }
}
