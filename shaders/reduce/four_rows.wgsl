// provides: FOUR_ROWS
// A lane has four rows, or one in four places.
override FOUR_ROWS: bool;
