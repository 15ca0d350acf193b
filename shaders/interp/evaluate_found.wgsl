// provides: evaluate
// needs: Bits, Position, first_cell, evaluate_one
// Evaluating the segments that finding loaded.
fn evaluate(at: Position, table: u32) -> vec4<Bits> {
    let first = first_cell(table);
    return vec4<Bits>(
        evaluate_one(at.query.x, at.key.x, at.a, first, at.segment.x),
        evaluate_one(at.query.y, at.key.y, at.b, first, at.segment.y),
        evaluate_one(at.query.z, at.key.z, at.c, first, at.segment.z),
        evaluate_one(at.query.w, at.key.w, at.d, first, at.segment.w),
    );
}
