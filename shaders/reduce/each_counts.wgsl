// provides: counted
// Each value counts when it is folded in.
fn counted(count: u32) -> u32 { return count + 1u; }
