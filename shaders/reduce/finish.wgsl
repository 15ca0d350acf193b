// What is made of a line.
const FINISH_SUM: u32 = 0u;
const FINISH_MEAN: u32 = 1u;
const FINISH_AVERAGE: u32 = 2u;
const FINISH_VAR: u32 = 3u;
const FINISH_STD: u32 = 4u;
const FINISH_MIN: u32 = 5u;
const FINISH_MAX: u32 = 6u;
const FINISH_ARGMIN: u32 = 7u;
const FINISH_ARGMAX: u32 = 8u;
