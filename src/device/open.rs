//! Opens devices: the machine's preferred one, one by name, or one of a list.

use crate::device::Device;
use crate::device::select::{self, DeviceBuilder, OpenOptions};
use crate::engine::info::DeviceInfo;
use crate::error::Result;

impl Device {
    /// The fastest device this machine has: a discrete GPU, else an integrated one, else the native CPU engine.
    ///
    /// A software rasteriser (llvmpipe, SwiftShader, WARP) is only chosen on request. The environment variable
    /// `NDGPU_DEVICE` overrides the choice: `cpu`, `gpu` (hardware only), `software`, or part of an adapter's name.
    /// `WGPU_BACKEND` restricts the graphics APIs, as everywhere in wgpu.
    ///
    /// On Linux no graphics driver is loaded unless the machine shows traces of a GPU, or a driver is requested (see
    /// [`DeviceBuilder::loads_drivers`]): opening then takes well under a millisecond, against 60 to 150 ms with
    /// drivers, and the process stays free of the libraries that a driver loads.
    ///
    /// # Beside TensorFlow
    ///
    /// Mesa's drivers load LLVM, and so does TensorFlow, which exports its symbols: in one process the two crash each
    /// other. Without a GPU no driver is loaded, and nothing happens. With a Mesa GPU driver or llvmpipe, open the
    /// device through Vulkan before TensorFlow's libraries are loaded, or open Mesa's driver with `RTLD_DEEPBIND`
    /// before the device, as the Python package does; its README has the details.
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`DeviceBuilder::build_async`] there.
    ///
    /// # Errors
    ///
    /// [`NoDevice`](crate::ErrorKind::NoDevice) only if `NDGPU_DEVICE` requests a device that is not there. Otherwise
    /// there is always the CPU engine.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// The device that [`Device::new`] chooses where `NDGPU_DEVICE` has this value: `"cpu"`, `"gpu"`, `"software"`, or
    /// part of an adapter's name. For programs that let their users choose.
    ///
    /// Not on wasm32: nothing can block in a browser.
    ///
    /// # Errors
    ///
    /// [`NoDevice`](crate::ErrorKind::NoDevice) with a message that lists what was found.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn named(name: &str) -> Result<Self> {
        Self::builder().named(name).build()
    }

    /// A hardware GPU, whatever `NDGPU_DEVICE` says.
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`gpu_async`](Self::gpu_async) there.
    ///
    /// # Errors
    ///
    /// [`NoDevice`](crate::ErrorKind::NoDevice) with a message that says where the search looked, what it found
    /// instead, and what to install.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn gpu() -> Result<Self> {
        pollster::block_on(Self::gpu_async())
    }

    /// The same without blocking.
    ///
    /// # Errors
    ///
    /// As [`gpu`](Self::gpu).
    pub async fn gpu_async() -> Result<Self> {
        select::hardware_gpu().await
    }

    /// Chooses a device by name, graphics API or kind.
    pub fn builder() -> DeviceBuilder {
        DeviceBuilder::default()
    }

    /// Every device this machine has, the one that [`Device::new`] prefers first. Each can be
    /// [opened](DeviceInfo::open).
    ///
    /// Asks all drivers, which takes a while. On Linux none are loaded, as by [`Device::new`], on a machine that does
    /// not look as if it had a GPU: software rasterisers are not listed there unless they are asked for, by
    /// `NDGPU_DEVICE` or by `Device::builder().allow_software(true).available()`. OpenGL is only asked if nothing else
    /// tells of a GPU.
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`available_async`](Self::available_async) there.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn available() -> Vec<DeviceInfo> {
        pollster::block_on(Self::available_async())
    }

    /// The same without blocking. A browser reports a single GPU.
    pub async fn available_async() -> Vec<DeviceInfo> {
        Self::builder().available_async().await
    }
}

impl DeviceInfo {
    /// Opens exactly this device: of two equal GPUs listed by [`Device::available`], the one described. For a device
    /// that is already open it opens another one on the same adapter.
    ///
    /// ```no_run
    /// use ndgpu::{Device, DeviceKind};
    ///
    /// for info in Device::available().iter().filter(|info| info.kind == DeviceKind::DiscreteGpu) {
    ///     let device = info.open()?;
    ///     println!("{}", device.info());
    /// }
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs 40 to 160 ms on a GPU. Through OpenGL, and in a browser, where an adapter can be used only once, the
    /// adapter is looked up again by its name.
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`open_async`](Self::open_async) there.
    ///
    /// # Errors
    ///
    /// [`Driver`](crate::ErrorKind::Driver) if the driver refuses, [`NoDevice`](crate::ErrorKind::NoDevice) if an
    /// adapter that is looked up again is gone.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(&self) -> Result<Device> {
        pollster::block_on(self.open_async())
    }

    /// The same without blocking.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_async(&self) -> Result<Device> {
        match self.backend {
            None => Ok(Device::cpu()),
            Some(backend) if cfg!(target_arch = "wasm32") || backend == wgpu::Backend::Gl => {
                Device::builder().backends(backend.into()).adapter(self.name.clone()).build_async().await
            }
            Some(_) => select::open_adapter(self, OpenOptions::default()).await,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Two drivers for the same adapter give two adapters that differ in nothing but the handle.
    #[test]
    fn of_two_equal_adapters_each_opens_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let named = std::env::var("VK_DRIVER_FILES").or_else(|_| std::env::var("VK_ICD_FILENAMES")).ok();
        let software = || {
            let listed = std::fs::read_dir("/usr/share/vulkan/icd.d").expect("the manifests of Mesa's drivers");
            let mut paths = listed.flatten().map(|entry| entry.path().to_string_lossy().into_owned());
            paths.find(|path| path.contains("lvp_icd"))
        };
        let manifest = named.or_else(software).expect("llvmpipe's manifest: run scripts/test");
        let twins = ["one.json", "two.json"].map(|name| folder.path().join(name));
        for twin in &twins {
            std::fs::copy(&manifest, twin).unwrap();
        }
        let twins = twins.map(|twin| twin.to_string_lossy().into_owned()).join(":");
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "device::open::tests::child_opens_each", "--ignored", "--nocapture"])
            .envs([("VK_DRIVER_FILES", &twins), ("VK_ICD_FILENAMES", &twins)])
            .env("WGPU_BACKEND", "vulkan")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("ANSWER: each its own"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    #[ignore = "run as a child process by the test above"]
    fn child_opens_each() {
        let mut listed = Device::builder().allow_software(true).available();
        listed.retain(|info| info.backend.is_some());
        let [one, another] = &listed[..] else { panic!("two adapters, not {listed:?}") };
        assert_eq!(one, another, "nothing tells them apart");
        assert!(one.adapter() != another.adapter());
        for info in [another, one] {
            assert!(info.open().unwrap().info().adapter() == info.adapter());
        }
        println!("ANSWER: each its own");
    }
}
