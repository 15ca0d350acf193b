// provides: Joint, joint_zero, joint_step, state_close
// needs: State, Bits
// Rows have nothing in common.
struct Joint { nothing: u32 }

fn joint_zero() -> Joint { return Joint(0u); }
fn joint_step(joint: Joint, aux: Bits) -> Joint { return joint; }
fn state_close(state: State, joint: Joint) -> State { return state; }
