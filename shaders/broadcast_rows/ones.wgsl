// provides: product
// needs: Bits
// The factor itself.
fn product(factor: Bits, index: u32, along: u32, row: u32) -> Bits { return factor; }
