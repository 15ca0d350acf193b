//! Slopes at queries, as plain data.

use crate::engine::storage::Storage;
use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::InterpArgs;

/// Computes `base + slope * (factor - shift)` at each query; without them the slope itself. A factor or a shift that is
/// not there, where the other is, counts as zero, and so does the base.
pub(crate) struct Slope {
    pub args: InterpArgs,
    pub factor: Option<Storage>,
    pub shift: Option<Storage>,
    pub base: Option<Storage>,
    pub output: Storage,
}

impl Slope {
    pub fn footprint(&self) -> Footprint {
        let Self { args, factor, shift, base, output } = self;
        let bytes = args.table.dtype.bytes(args.results());
        let mut reads = args.reads();
        reads.extend([factor, shift, base].into_iter().flatten().map(|operand| operand.access(bytes)));
        Footprint {
            name: format!("slopes of {} x {}", args.rows, args.columns),
            reads,
            writes: vec![output.access(bytes)],
        }
    }
}
