// provides: partials, row_offset, nan
// needs: State, parameters, Bits, bits_of_words
// A reduction along one axis of an array seen as [outer, len, inner]. A row is what becomes one output: all elements
// along `len` for one outer and one inner index. A dispatch covers a tile of the array: some rows, and a range of their
// length.
@group(0) @binding(2) var<storage, read_write> partials: array<State>;

// Where a row begins, from the beginning of the tile.
fn row_offset(row: u32) -> u32 {
    let outer = row / parameters.inner;
    return outer * parameters.row_stride + (row - outer * parameters.inner);
}

fn nan() -> Bits { return bits_of_words(parameters.nan); }
