//! `Transfers`: the counters of a device.

use ndgpu::TransferStats;
use pyo3::prelude::*;

/// What was transferred to and from a device.
#[pyclass(frozen, module = "ndgpu")]
pub struct Transfers(pub TransferStats);

#[pymethods]
impl Transfers {
    /// How many arrays and tables were uploaded.
    #[getter]
    fn uploads(&self) -> u64 {
        self.0.uploads
    }

    /// Their bytes, those of a table's search index included.
    #[getter]
    fn upload_bytes(&self) -> u64 {
        self.0.upload_bytes
    }

    /// The time that these calls took.
    #[getter]
    fn upload_seconds(&self) -> f64 {
        self.0.upload_time.as_secs_f64()
    }

    /// How many arrays were read back to the host.
    #[getter]
    fn readbacks(&self) -> u64 {
        self.0.readbacks
    }

    /// Their bytes, which are counted on the CPU engine too, though it copies nothing.
    #[getter]
    fn readback_bytes(&self) -> u64 {
        self.0.readback_bytes
    }

    /// The time from each request to its completion, which includes waiting for computations.
    #[getter]
    fn readback_seconds(&self) -> f64 {
        self.0.readback_time.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        let TransferStats { uploads, upload_bytes, upload_time, readbacks, readback_bytes, readback_time, .. } = self.0;
        format!(
            "<ndgpu.Transfers: {uploads} uploads of {upload_bytes} bytes in {upload_time:.3?}, {readbacks} readbacks \
             of {readback_bytes} bytes in {readback_time:.3?}>"
        )
    }
}
