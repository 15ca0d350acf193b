// Four queries in one load: where a row begins at a multiple of four. The last four may reach past the end of the row, and
// of the array, into memory that is there and that nobody looks at.
@group(0) @binding(1) var<storage, read> x: array<vec4<Bits>>;

fn load_queries(place: u32) -> vec4<Bits> { return x[(parameters.query_shift + place) / 4u]; }
