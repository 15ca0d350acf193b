//! Traces of a GPU in the system, visible without loading its driver.
//!
//! Loading a graphics driver takes about a tenth of a second (notebook 2026-11: loading a driver), writes to stderr,
//! and brings a compiler whose symbols may clash with those of another one in the process (TensorFlow and Mesa both
//! load LLVM). A process on a machine without a GPU is spared that.

#[cfg(target_os = "linux")]
use std::path::Path;

/// Nodes in `/dev` of kernel drivers for GPUs, by name prefix. A superfluous entry costs loading drivers that find
/// nothing; a missing one would hide a GPU.
#[cfg(target_os = "linux")]
const NODES: [&str; 11] = [
    "dri",     // every driver of the kernel's own: AMD, Intel, Nouveau, Asahi, Panfrost, V3D, Turnip, virtio, VMware
    "nvidia",  // NVIDIA, Jetson included
    "nvhost",  // NVIDIA Tegra
    "nvgpu",   // NVIDIA Tegra
    "nvmap",   // NVIDIA Tegra
    "kfd",     // AMD ROCm
    "dxg",     // Windows Subsystem for Linux
    "mali",    // Arm
    "kgsl",    // Qualcomm Adreno
    "pvr",     // Imagination PowerVR
    "galcore", // Vivante
];

/// NVIDIA's driver creates its nodes when a program first requests the GPU, through this program if the user lacks the
/// rights.
#[cfg(target_os = "linux")]
const MAKES_NODES: [&str; 2] = ["/proc/driver/nvidia/version", "/usr/bin/nvidia-modprobe"];

/// Environment variables that name drivers to load.
#[cfg(target_os = "linux")]
const NAME_DRIVERS: [&str; 3] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];

/// Whether this machine may have a GPU. Outside of Linux drivers are part of the system, so there is no need to look.
#[cfg(not(target_os = "linux"))]
pub(crate) fn of_a_gpu() -> bool {
    true
}

/// Whether this machine may have a GPU.
#[cfg(target_os = "linux")]
pub(crate) fn of_a_gpu() -> bool {
    has_node(Path::new("/dev")) || MAKES_NODES.iter().any(|path| Path::new(path).exists())
}

/// Whether the environment asks for drivers by name.
pub(crate) fn of_named_drivers() -> bool {
    #[cfg(target_os = "linux")]
    let named = NAME_DRIVERS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    #[cfg(not(target_os = "linux"))]
    let named = false;
    named
}

/// Whether a directory contains a GPU's node, or cannot be read.
#[cfg(target_os = "linux")]
fn has_node(directory: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return true;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        NODES.iter().any(|node| name.as_encoded_bytes().starts_with(node.as_bytes()))
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_gpu_is_seen_by_its_node_and_nothing_else_is() {
        let look = |names: &[&str]| {
            let directory = tempfile::tempdir().unwrap();
            names.iter().for_each(|name| std::fs::write(directory.path().join(name), "").unwrap());
            has_node(directory.path())
        };
        assert!(!look(&[]));
        assert!(!look(&[
            "null",
            "kvm",
            "kmsg",
            "fb0",
            "vga_arbiter",
            "nvme0",
            "nvram",
            "tty",
            "video0",
            "mapper",
            "dm-0"
        ]));
        let nodes =
            ["dri", "nvidia0", "nvidiactl", "nvidia-uvm", "nvhost-gpu", "nvgpu", "nvmap", "kfd", "dxg", "mali0"];
        for node in nodes.into_iter().chain(["kgsl-3d0", "pvr_sync", "galcore"]) {
            assert!(look(&["null", node]), "{node}");
        }
        assert!(has_node(Path::new("/nonexistent")), "what cannot be looked at may be there");
    }
}
