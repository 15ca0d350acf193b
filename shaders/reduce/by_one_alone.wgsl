// What goes with a value is the same all along its line.
fn other_at(at: u32, place: u32, of_line: Bits) -> Bits { return of_line; }
