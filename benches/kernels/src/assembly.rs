//! What a program's hot loop does, read off the assembly that ACO prints: blocks `BB7:`, and a line an instruction.

use serde::{Deserialize, Serialize};

struct Instruction<'a> {
    name: &'a str,
    operands: &'a str,
}

struct Block<'a> {
    number: u32,
    instructions: Vec<Instruction<'a>>,
}

/// Of a loop's turn, or of a program without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Vector instructions, those on f64 among them.
    pub vector: u32,
    pub f64: u32,
    pub scalar: u32,
    pub local_memory: u32,
    /// Loads of 4, 8 and 16 bytes.
    pub loads: [u32; 3],
    /// Loads under way before the first wait for one of them.
    pub in_flight: u32,
    /// Cycles that a wave's vector instructions are issued in.
    pub cycles: u32,
    /// Whether it is a loop's.
    pub is_loop: bool,
}

impl Counts {
    pub fn bytes(&self) -> u32 {
        4 * self.loads[0] + 8 * self.loads[1] + 16 * self.loads[2]
    }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("BB").and_then(|rest| rest.strip_suffix(':')?.parse().ok()) {
            blocks.push(Block { number, instructions: Vec::new() });
        } else if let (Some(block), Some(line)) = (blocks.last_mut(), line.strip_prefix('\t')) {
            let line = line.split(';').next().unwrap_or_default().trim();
            let (name, operands) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            if name.starts_with(|first: char| first.is_ascii_lowercase()) {
                block.instructions.push(Instruction { name, operands });
            }
        }
    }
    blocks
}

/// Bytes that an instruction loads from memory.
fn loaded(name: &str) -> Option<usize> {
    let load = ["buffer_load_", "global_load_", "flat_load_"].iter().find_map(|kind| name.strip_prefix(kind))?;
    match load {
        "dword" | "b32" => Some(0),
        "dwordx2" | "b64" => Some(1),
        "dwordx4" | "b128" => Some(2),
        _ => None,
    }
}

fn count(instructions: &[&Instruction<'_>], is_loop: bool, f64_cycles: u32) -> Counts {
    let mut counts = Counts { is_loop, ..Counts::default() };
    let mut under_way = 0;
    for Instruction { name, operands } in instructions {
        if name.starts_with("v_") {
            counts.vector += 1;
            let is_transcendental =
                ["v_rcp", "v_sqrt", "v_rsq", "v_exp", "v_log"].iter().any(|start| name.starts_with(start));
            counts.cycles += match (name.contains("f64"), is_transcendental) {
                (true, _) => f64_cycles,
                (false, true) => 4,
                (false, false) => 1,
            };
            counts.f64 += u32::from(name.contains("f64"));
        } else if name.starts_with("ds_") {
            counts.local_memory += 1;
        } else if name.starts_with("s_") {
            counts.scalar += 1;
        }
        if let Some(width) = loaded(name) {
            counts.loads[width] += 1;
            under_way += 1;
            counts.in_flight = counts.in_flight.max(under_way);
        }
        if *name == "s_waitcnt"
            && let Some(left) = operands.split("vmcnt(").nth(1).and_then(|rest| rest.split(')').next()?.parse().ok())
        {
            under_way = under_way.min(left);
        }
    }
    counts
}

/// The loop with the most loads, of those the shortest; the whole program where there is none. `f64_cycles` is what an
/// instruction on f64 takes.
pub fn hot(text: &str, f64_cycles: u32) -> Counts {
    let blocks = blocks(text);
    let mut best: Option<Counts> = None;
    for (end, block) in blocks.iter().enumerate() {
        for instruction in &block.instructions {
            let target = instruction.operands.strip_prefix("BB").and_then(|number| number.trim().parse::<u32>().ok());
            let Some(target) = target.filter(|&target| instruction.name.contains("branch") && target <= block.number)
            else {
                continue;
            };
            let Some(start) = blocks.iter().position(|block| block.number == target) else { continue };
            let body: Vec<_> = blocks[start..=end].iter().flat_map(|block| &block.instructions).collect();
            let counts = count(&body, true, f64_cycles);
            let key = |counts: &Counts| (counts.loads.iter().sum::<u32>(), std::cmp::Reverse(counts.vector));
            if counts.loads != [0; 3] && best.as_ref().is_none_or(|best| key(&counts) > key(best)) {
                best = Some(counts);
            }
        }
    }
    best.unwrap_or_else(|| whole(text, f64_cycles))
}

/// The whole program, each instruction once.
pub fn whole(text: &str, f64_cycles: u32) -> Counts {
    let blocks = blocks(text);
    let all: Vec<_> = blocks.iter().flat_map(|block| &block.instructions).collect();
    count(&all, false, f64_cycles)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "BB0:\n\ts_load_dword s8, s[0:1], 0x50   ; f4000200\nBB1:\n\
        \ts_cbranch_scc0 BB3 ; bf840003\nBB2:\n\
        \tbuffer_load_dwordx4 v[28:31], v24, s[20:23], 0 offen ; e0381000\n\
        \tbuffer_load_dword v1, v25, s[20:23], 0 offen ; e0381000\n\
        \ts_waitcnt vmcnt(1) ; bf8c0f71\n\
        \tbuffer_load_dword v2, v25, s[20:23], 0 offen ; e0381000\n\
        \ts_waitcnt vmcnt(0) ; bf8c0f70\n\
        \tv_fma_f32 v44, v40, v28, v18 ; d54b002c\n\tv_fma_f64 v[1:2], v[3:4], v[5:6], v[7:8] ; d54c0001\n\
        \tv_rcp_f32_e32 v1, v2 ; 7e025502\n\ts_branch BB1 ; bf82ffee\nBB3:\n\tds_write_b32 v1, v2 ; d8340000\n\
        \ts_endpgm ; bf810000\n";

    #[test]
    fn a_turn_of_the_hot_loop_is_counted() {
        let counts = hot(PROGRAM, 16);
        let loads = [2, 0, 1];
        let expected = Counts {
            vector: 3,
            f64: 1,
            scalar: 4,
            local_memory: 0,
            loads,
            in_flight: 2,
            cycles: 1 + 16 + 4,
            is_loop: true,
        };
        assert_eq!(counts, expected);
        assert_eq!(counts.bytes(), 24);
    }

    #[test]
    fn a_program_without_a_loop_is_counted_whole() {
        let straight = PROGRAM.replace("s_branch BB1", "s_nop 0");
        let counts = hot(&straight, 4);
        assert_eq!((counts.local_memory, counts.is_loop, counts.cycles), (1, false, 1 + 4 + 4));
        assert_eq!(counts, whole(&straight, 4));
    }
}
