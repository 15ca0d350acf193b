//! Writes every kernel in every language, and a tape of real dispatches, into a folder: `scripts/check-shaders` holds
//! them against other compilers than wgpu's, and against Dawn. The WGSL alone, for `scripts/shader-hashes`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::engine::gpu::dispatch_log::{self, LoggedDispatch};
use crate::engine::gpu::pipelines::{Access, KernelSource, ParametersIn};
use crate::testing::shaders::operations;
use crate::testing::shaders::translate::{Translation, is_wide};

/// Where the parameters of a kernel are, and the name of the folder for its source with the parameters there.
const PARAMETERS: [(&str, ParametersIn); 2] =
    [("uniform", ParametersIn::Uniform), ("immediates", ParametersIn::Immediates)];

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("NDGPU_SHADERS").expect("NDGPU_SHADERS, a folder to write into"))
}

#[test]
#[ignore = "writes files for scripts/shader-hashes and scripts/kernel-report, into the folder NDGPU_SHADERS"]
fn sources_are_exported() {
    for (place, parameters) in PARAMETERS {
        let folder = folder().join(place);
        fs::create_dir_all(&folder).unwrap();
        for kernel in super::kernels() {
            fs::write(folder.join(format!("{}.wgsl", kernel.name)), kernel.wgsl(parameters)).unwrap();
        }
    }
    let constants = |kernel: KernelSource| (kernel.name, json!(BTreeMap::from_iter(kernel.constants)));
    let constants: serde_json::Map<_, _> = super::kernels().into_iter().map(constants).collect();
    fs::write(folder().join("constants.json"), Value::Object(constants).to_string()).unwrap();
}

#[test]
#[ignore = "writes files for scripts/check-shaders, into the folder NDGPU_SHADERS"]
fn kernels_and_dispatches_are_exported() {
    let folder = folder();
    let mut recorded_on = Value::Null;
    let mut logged = dispatch_log::record(|| recorded_on = operations::run());
    // WebGPU has no 64 bits.
    logged.retain(|dispatch| !is_wide(&dispatch.kernel.wgsl(ParametersIn::Uniform)));

    // Those that were dispatched have other numbers of steps than those that stand for all.
    let dispatched = logged.iter().map(|dispatch| dispatch.kernel.clone());
    let kernels: BTreeMap<String, KernelSource> =
        super::kernels().into_iter().chain(dispatched).map(|kernel| (kernel.name.clone(), kernel)).collect();
    for (place, parameters) in PARAMETERS {
        let folder = folder.join(place);
        fs::create_dir_all(&folder).unwrap();
        kernels.values().for_each(|kernel| write_kernel(&folder, kernel, parameters));
    }
    let kernels = kernels.values().map(|kernel| {
        let buffers = kernel.buffers().map(|((group, binding), access)| (group, binding, binding_type(access)));
        let buffers: Vec<_> = buffers.collect();
        let constants: BTreeMap<_, _> = kernel.constants.iter().copied().collect();
        let wide = is_wide(&kernel.wgsl(ParametersIn::Uniform));
        json!({ "name": kernel.name, "wide": wide, "buffers": buffers, "constants": constants })
    });
    let kernels: Vec<_> = kernels.collect();
    let mut blobs = Blobs::default();
    let dispatches: Vec<_> = logged.iter().map(|dispatch| blobs.dispatch(dispatch)).collect();
    let index = json!({ "recordedOn": recorded_on, "kernels": kernels, "dispatches": dispatches });
    fs::write(folder.join("tape.json"), index.to_string()).unwrap();
    fs::write(folder.join("tape.bin"), blobs.bytes).unwrap();
}

fn write_kernel(folder: &Path, kernel: &KernelSource, parameters: ParametersIn) {
    let Translation { wgsl, spirv, hlsl, msl } = Translation::of(kernel, parameters);
    let write = |extension: &str, contents: &[u8]| {
        fs::write(folder.join(format!("{}.{extension}", kernel.name)), contents).unwrap();
    };
    write("wgsl", wgsl.as_bytes());
    write("spv", bytemuck::cast_slice(&spirv));
    write("hlsl", hlsl.as_bytes());
    if let Some(msl) = msl {
        write("metal", msl.as_bytes());
    }
}

/// As WebGPU calls it.
fn binding_type(access: Access) -> &'static str {
    match access {
        Access::Read => "read-only-storage",
        Access::ReadWrite => "storage",
        Access::Uniform => "uniform",
        Access::Absent => unreachable!("what is absent has no number"),
    }
}

/// The contents of all buffers, one after another, each once.
#[derive(Default)]
struct Blobs {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, usize>,
}

impl Blobs {
    /// Where these bytes are.
    fn place(&mut self, contents: &[u8]) -> Value {
        let offset = *self.known.entry(contents.to_vec()).or_insert_with(|| {
            self.bytes.extend_from_slice(contents);
            self.bytes.len() - contents.len()
        });
        json!([offset, contents.len()])
    }

    fn dispatch(&mut self, logged: &LoggedDispatch) -> Value {
        let parameters = self.place(&logged.parameters);
        let mut buffers = Vec::new();
        for buffer in &logged.buffers {
            let before = self.place(&buffer.before);
            let after = buffer.after.as_ref().map(|after| self.place(after));
            buffers.push(json!({ "before": before, "after": after }));
        }
        json!({
            "kernel": logged.kernel.name,
            "groups": [logged.columns, logged.rows],
            "parameters": parameters,
            "buffers": buffers,
        })
    }
}
