//! What it takes to bring data to the device and back, by size: ndgpu's ways, and beside them what bare wgpu takes.

use bytemuck::cast_slice;
use ndarray::Array1;
use ndgpu::{DeviceArray, wgpu};
use wgpu::BufferUsages as Usages;

use crate::args::Args;
use crate::data::random;
use crate::findings::{Finding, Transfer};
use crate::gpu::{self, Gpu, sentence};
use crate::measure::{Deadline, Times, singly};
use crate::outcome::{Outcome, told};

const SIZES: [u64; 5] = [64 << 10, 1 << 20, 16 << 20, 64 << 20, 256 << 20];
const GOES: usize = 9;

pub fn measure(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let gpu = gpu::open(args.adapter.as_deref())?;
    let deadline = Deadline::after(args.seconds.unwrap_or(20.0));
    let limits = gpu.device.info().limits;
    let most = if gpu.is_software() { 64 << 20 } else { 256 << 20 };
    let most = limits.max_binding_bytes.min(limits.max_buffer_bytes).min(most);
    for bytes in SIZES.into_iter().filter(|&bytes| bytes <= most) {
        let of_size = Size { gpu: &gpu, bytes, host: random::<f32>(bytes as usize / 4, 3, 0.0, 1.0), deadline };
        let ways: [(&str, Way<'_>); 6] = [
            ("upload", Size::upload),
            ("overwrite", Size::overwrite),
            ("bare wgpu: write_buffer to a reused buffer", Size::bare_upload),
            ("readback", Size::readback),
            ("into_readback", Size::given_up),
            ("bare wgpu: copy to a reused staging buffer, map", Size::bare_readback),
        ];
        for (what, way) in ways {
            match way(&of_size) {
                Ok((times, path)) => tell(Finding::Transfer(Transfer { what: what.into(), bytes, times, path })),
                Err(reason) => tell(Finding::Problem(format!("{what} of {bytes} bytes: {reason}"))),
            }
        }
        if deadline.is_over() {
            tell(Finding::Problem(format!("time was up after {bytes} bytes")));
            break;
        }
    }
    Ok(())
}

type Way<'a> = fn(&Size<'a>) -> Outcome<(Times, Option<String>)>;

struct Size<'a> {
    gpu: &'a Gpu,
    bytes: u64,
    host: Array1<f32>,
    deadline: Deadline,
}

impl Size<'_> {
    fn time(&self, go: impl FnMut() -> Outcome<()>) -> Outcome<Times> {
        singly(self.deadline, GOES, go)
    }

    /// Until the device has the values, not only until the call returns.
    fn upload(&self) -> Outcome<(Times, Option<String>)> {
        let device = &self.gpu.device;
        let times = self.time(|| {
            let array = device.upload(&self.host).map_err(sentence)?;
            device.synchronize().map_err(sentence)?;
            drop(array);
            Ok(())
        })?;
        Ok((times, None))
    }

    fn overwrite(&self) -> Outcome<(Times, Option<String>)> {
        let device = &self.gpu.device;
        let mut array = device.upload(&self.host).map_err(sentence)?;
        let times = self.time(|| {
            array.overwrite(&self.host).map_err(sentence)?;
            device.synchronize().map_err(sentence)
        })?;
        Ok((times, None))
    }

    fn bare_upload(&self) -> Outcome<(Times, Option<String>)> {
        let buffer = self.gpu.buffer(self.bytes, Usages::STORAGE | Usages::COPY_DST)?;
        let bytes: &[u8] = cast_slice(self.host.as_slice().ok_or("the host's array does not lie in one piece")?);
        let times = self.time(|| {
            self.gpu.queue.write_buffer(&buffer, 0, bytes);
            self.gpu.queue.submit([]);
            self.gpu.wait()
        })?;
        Ok((times, None))
    }

    /// To where the host can look at them. What was uploaded comes back.
    fn readback(&self) -> Outcome<(Times, Option<String>)> {
        let array = self.gpu.device.upload(&self.host).map_err(sentence)?;
        let landed = array.readback().wait().map_err(sentence)?;
        if landed.view() != self.host {
            return Err("**wrong**: not what was uploaded".into());
        }
        let path = landed.cost().path.to_string();
        drop(landed);
        let times = self.time(|| array.readback().wait().map(drop).map_err(sentence))?;
        Ok((times, Some(path)))
    }

    /// Of an array made anew for each go, outside of the clock: it is given up.
    fn given_up(&self) -> Outcome<(Times, Option<String>)> {
        let device = &self.gpu.device;
        let (mut samples, mut path) = (Vec::new(), None);
        for go in 0..=GOES {
            let array: DeviceArray<f32, _> = device.upload(&self.host).map_err(sentence)?;
            device.synchronize().map_err(sentence)?;
            let start = std::time::Instant::now();
            let landed = array.into_readback().wait().map_err(sentence)?;
            // The first brings up what later ones find.
            if go > 0 {
                samples.push(start.elapsed().as_secs_f64());
            }
            path = Some(landed.cost().path.to_string());
            if self.deadline.is_over() && go > 3 {
                break;
            }
        }
        Ok((Times::of(samples, 1).ok_or("nothing was measured")?, path))
    }

    fn bare_readback(&self) -> Outcome<(Times, Option<String>)> {
        let gpu = self.gpu;
        let buffer = gpu.buffer(self.bytes, Usages::COPY_SRC | Usages::COPY_DST)?;
        let staging = gpu.buffer(self.bytes, Usages::MAP_READ | Usages::COPY_DST)?;
        let times = self.time(|| {
            let mut encoder = gpu.raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(&buffer, 0, &staging, 0, self.bytes);
            gpu.queue.submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, .., |_| ());
            gpu.wait()?;
            std::hint::black_box(staging.get_mapped_range(..).map_err(told)?);
            staging.unmap();
            Ok(())
        })?;
        Ok((times, None))
    }
}
