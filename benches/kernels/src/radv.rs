//! Mesa's compiler for AMD hardware that is not there. `RADV_FORCE_FAMILY` makes a Vulkan device called "Null
//! hardware", on which pipelines can be made, and nothing submitted; `VK_KHR_pipeline_executable_properties` hands out
//! what came of the compiler.

use std::collections::BTreeMap;
use std::ffi::CStr;

use ash::vk;

use crate::translate::Translated;

pub struct Radv {
    // Dropped before what they were loaded from.
    properties: ash::khr::pipeline_executable_properties::Device,
    device: ash::Device,
    _instance: ash::Instance,
    _entry: ash::Entry,
}

/// What the compiler says of a kernel: its statistics by name, and the assembly.
pub struct Compiled {
    pub statistics: BTreeMap<String, u64>,
    pub assembly: String,
}

impl Radv {
    /// The family is what the environment variable says when the driver is loaded: one a process.
    pub fn open() -> Result<Self, String> {
        let said = |what: &str, error: vk::Result| format!("{what}: {error}");
        // SAFETY: the loader is Vulkan's, and all handles are used while the instance and the device live.
        unsafe {
            let entry = ash::Entry::load().map_err(|error| format!("no Vulkan loader: {error}; install libvulkan1"))?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_2);
            let instance = entry
                .create_instance(&vk::InstanceCreateInfo::default().application_info(&application), None)
                .map_err(|error| said("no Vulkan instance", error))?;
            let adapters = instance.enumerate_physical_devices().map_err(|error| said("no adapters", error))?;
            let is_null = |&adapter: &vk::PhysicalDevice| {
                let name = instance.get_physical_device_properties(adapter).device_name;
                CStr::from_ptr(name.as_ptr()).to_string_lossy().contains("RADV")
            };
            let adapter = adapters.into_iter().find(is_null).ok_or(
                "RADV is not here: VK_DRIVER_FILES has to name radeon_icd.x86_64.json, and RADV_FORCE_FAMILY a family",
            )?;
            let extensions =
                [ash::khr::pipeline_executable_properties::NAME.as_ptr(), ash::ext::robustness2::NAME.as_ptr()];
            let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&[1.0])];
            let mut executables =
                vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default().pipeline_executable_info(true);
            let mut robustness = vk::PhysicalDeviceRobustness2FeaturesEXT::default().robust_buffer_access2(true);
            let features = vk::PhysicalDeviceFeatures::default()
                .robust_buffer_access(true)
                .shader_float64(true)
                .shader_int64(true);
            let wanted = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&extensions)
                .enabled_features(&features)
                .push_next(&mut executables)
                .push_next(&mut robustness);
            let device = instance.create_device(adapter, &wanted, None).map_err(|error| said("no device", error))?;
            let properties = ash::khr::pipeline_executable_properties::Device::new(&instance, &device);
            Ok(Self { properties, device, _instance: instance, _entry: entry })
        }
    }

    pub fn compile(&self, kernel: &Translated) -> Result<Compiled, String> {
        let mut groups = [Vec::new(), Vec::new()];
        for buffer in &kernel.buffers {
            let kind = match buffer.is_uniform {
                true => vk::DescriptorType::UNIFORM_BUFFER,
                false => vk::DescriptorType::STORAGE_BUFFER,
            };
            let binding = vk::DescriptorSetLayoutBinding::default()
                .binding(buffer.binding)
                .descriptor_type(kind)
                .descriptor_count(1)
                .stage_flags(vk::ShaderStageFlags::COMPUTE);
            groups.get_mut(buffer.group as usize).ok_or("a kernel has two bind groups at most")?.push(binding);
        }
        // SAFETY: the handles are this device's. They are never destroyed: the process ends soon.
        unsafe { self.pipeline(&kernel.spirv, &groups) }.map_err(|error| format!("the driver says {error}"))
    }

    unsafe fn pipeline(
        &self,
        spirv: &[u32],
        groups: &[Vec<vk::DescriptorSetLayoutBinding<'_>>],
    ) -> Result<Compiled, vk::Result> {
        let Self { device, properties, .. } = self;
        unsafe {
            let layouts = groups.iter().map(|bindings| {
                device.create_descriptor_set_layout(
                    &vk::DescriptorSetLayoutCreateInfo::default().bindings(bindings),
                    None,
                )
            });
            let layouts = layouts.collect::<Result<Vec<_>, _>>()?;
            // The parameters of a kernel, as immediates.
            let immediates = [vk::PushConstantRange::default().stage_flags(vk::ShaderStageFlags::COMPUTE).size(128)];
            let layout =
                vk::PipelineLayoutCreateInfo::default().set_layouts(&layouts).push_constant_ranges(&immediates);
            let layout = device.create_pipeline_layout(&layout, None)?;
            let module = device.create_shader_module(&vk::ShaderModuleCreateInfo::default().code(spirv), None)?;
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(module)
                .name(c"main");
            let wanted = vk::ComputePipelineCreateInfo::default().stage(stage).layout(layout).flags(
                vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                    | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR,
            );
            let pipelines = device
                .create_compute_pipelines(vk::PipelineCache::null(), &[wanted], None)
                .map_err(|(_, error)| error)?;
            let executable = vk::PipelineExecutableInfoKHR::default().pipeline(pipelines[0]);
            let text = |name: &[std::ffi::c_char]| CStr::from_ptr(name.as_ptr()).to_string_lossy().into_owned();
            let statistics = properties.get_pipeline_executable_statistics(&executable)?;
            let statistics = statistics.iter().map(|one| (text(&one.name), one.value.u64)).collect();
            let mut assembly = properties.get_pipeline_executable_internal_representations(&executable)?;
            let mut texts: Vec<Vec<u8>> = assembly.iter().map(|one| vec![0; one.data_size]).collect();
            for (one, text) in assembly.iter_mut().zip(&mut texts) {
                one.p_data = text.as_mut_ptr().cast();
            }
            let mut count = assembly.len() as u32;
            (properties.fp().get_pipeline_executable_internal_representations_khr)(
                device.handle(),
                &executable,
                &mut count,
                assembly.as_mut_ptr(),
            )
            .result()?;
            let found =
                assembly.iter().zip(&texts).find(|(one, _)| text(&one.name).to_lowercase().contains("assembly"));
            let assembly = found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
            Ok(Compiled { statistics, assembly })
        }
    }
}
