//! Search indexes over sorted knots, built on the host.
//!
//! A bisection of n knots is log2(n) loads, each of which waits for the one before. An index replaces most of them: a
//! [bucket function](bucket_fn), monotone in the query, numbers the query's bucket by arithmetic alone, and the index
//! knows for each bucket between which knots to look.
//!
//! There are two, and one like the second that a GPU makes itself of knots which only it has (`kernels::search`), since
//! what is dear on one engine is cheap on the other. A processor core has a large cache and predicts branches: a small
//! index that leaves a query one or two knots away from its own is best, and the few queries that lie further on may
//! walk. A GPU runs many queries in lockstep: each waits for the one with the longest way, so the depth has to be the
//! same for all and as small as the widest bucket allows.
//!
//! ```text
//!                 ByteIndex (cpu_index)                    WindowIndex (gpu_index)
//! buckets         8 a knot; 4 above 8,192 knots,           2 a knot; 1 above 65,536 knots; halved
//!                 1 above 65,536                           as long as no search gets longer
//! a bucket        1 byte, and 4 bytes a group of 64        4 bytes
//! says            the last knot before the bucket          the first knot in the bucket or beyond
//! depth           0 to 3 knots on, four compared at once   fixed: log2 of the widest window
//! fallback        doubling steps, from there               none needed: the window holds the bucket on
//!                                                          either side. Without buckets, or with too
//!                                                          steep a function, all knots are bisected
//! built           when there were queries enough to pay    with the table, from host data; by the GPU
//!                                                          itself with a loop where a window is wide
//! ```
//!
//! Five knots in seven buckets, for both:
//!
//! ```text
//! knots      k0        k1  k2            k3                  k4
//! buckets  |   0   |   1   |   2   |   3   |   4   |   5   |   6   |
//! ```
//!
//! The byte index: bucket `b` begins at knot `groups[b / 64] + offsets[b]`. Where that would be more than 255 knots on
//! from the first bucket of its group, it begins too early.
//!
//! ```text
//! groups       0                                                       u32, one for 64 buckets
//! offsets      0       0       2       2       3       3       3       u8: the last knot before the bucket
//!                              `-- a query in bucket 2 begins at k2, and compares k2, k3, k4 and one more
//! ```
//!
//! The window index: a query in bucket `b` is looked for from the knot before `starts[b - 1]` on, up to
//! `starts[b + 2]`.
//!
//! ```text
//! starts       0       1       3       3       4       4       4    5  u32: the first knot in the bucket or beyond
//!              `-------|----- b = 2 ---------->|
//!            from k0, the knot before starts[1] = 1, up to starts[4] = 4: four knots, two steps
//! ```

pub(crate) mod bucket_fn;
pub(crate) mod cpu_index;
pub(crate) mod gpu_index;
