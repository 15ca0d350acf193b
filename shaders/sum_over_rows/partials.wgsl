// provides: partials
// needs: Accumulator
// The sum of each part of the rows at each index along the axis.
@group(0) @binding(4) var<storage, read_write> partials: array<Accumulator>;
