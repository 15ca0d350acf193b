// provides: evaluate
// needs: Position, Bits, first_cell, segments, evaluate_one
// Evaluating: the values of a table at four positions. The rules for one of them are in finite.wgsl and any.wgsl.
fn evaluate(at: Position, table: u32) -> vec4<Bits> {
    let first = first_cell(table);
    // All loads before all arithmetic, so that they overlap.
    let a = segments[first + at.segment.x];
    let b = segments[first + at.segment.y];
    let c = segments[first + at.segment.z];
    let d = segments[first + at.segment.w];
    return vec4<Bits>(
        evaluate_one(at.query.x, at.key.x, a, first, at.segment.x),
        evaluate_one(at.query.y, at.key.y, b, first, at.segment.y),
        evaluate_one(at.query.z, at.key.z, c, first, at.segment.z),
        evaluate_one(at.query.w, at.key.w, d, first, at.segment.w),
    );
}
