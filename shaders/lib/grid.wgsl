// Which of the work items this invocation is. More than 65,535 workgroups are folded into the second dimension, so
// there may be invocations past the end.
const WORKGROUP: u32 = 64u;

fn work_item(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * WORKGROUP + local;
}
