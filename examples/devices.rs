//! Which devices this machine has, which one ndgpu takes, and how to choose another.
//!
//!     cargo run --release --example devices

use ndgpu::{Device, DeviceInfo};

fn main() -> ndgpu::Result<()> {
    // Asked first: should NDGPU_DEVICE name something that is not there, the error says what is.
    let chosen = Device::new()?;

    // Device::available() loads no driver on a machine without a GPU. This lists what software there is, too.
    println!("Devices, best first (* is what Device::new() takes here):\n");
    for info in Device::builder().allow_software(true).available() {
        // What is listed has not been opened: only an open device knows its arithmetic.
        let is_chosen = (&info.name, info.backend) == (&chosen.info().name, chosen.info().backend);
        print(if is_chosen { chosen.info() } else { &info }, is_chosen);
    }

    println!("To choose another:");
    println!("  NDGPU_DEVICE=cpu         the native CPU engine               Device::cpu()");
    println!("  NDGPU_DEVICE=gpu         GPU hardware, or an error           Device::gpu()");
    println!("  NDGPU_DEVICE=software    a software rasteriser, for tests");
    println!("  NDGPU_DEVICE=llvmpipe    an adapter by part of its name      Device::builder().adapter(\"llvmpipe\")");
    println!("                           the third of a list                 Device::available()[2].open()");
    println!("  WGPU_BACKEND=vulkan      only this graphics API              Device::builder().backends(..)");

    // The error of a machine without a GPU says where one was looked for and what to install.
    if let Err(reason) = Device::gpu() {
        println!("\nNo GPU hardware: {reason}");
    }
    Ok(())
}

fn print(info: &DeviceInfo, chosen: bool) {
    println!("{} {}", if chosen { "*" } else { " " }, info.name);
    println!("    kind             {}", info.kind);
    if let Some(backend) = info.backend {
        println!("    graphics API     {backend}");
    }
    println!("    driver           {}", info.driver);
    println!("    f64              {}", yes_or_no(info.supports_f64));
    if let Some(arithmetic) = info.arithmetic {
        println!("    arithmetic       {arithmetic}");
    }
    println!("    unified memory   {}", yes_or_no(info.unified_memory));
    println!("    largest array    {}", mebibytes(info.limits.max_buffer_bytes));
    println!(
        "    largest binding  {} (larger arrays are worked on in pieces)",
        mebibytes(info.limits.max_binding_bytes)
    );
    println!();
}

fn yes_or_no(it_is: bool) -> &'static str {
    if it_is { "yes" } else { "no" }
}

fn mebibytes(bytes: u64) -> String {
    // The CPU engine has no limit but the memory itself.
    if bytes >= isize::MAX as u64 { "no limit of its own".into() } else { format!("{} MiB", bytes >> 20) }
}
