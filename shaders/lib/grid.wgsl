// provides: work_item
// needs: WORKGROUP
// The number of an invocation among all work items. More workgroups than one dimension takes are folded into the
// second, so there may be invocations past the end.
fn work_item(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * WORKGROUP + local;
}
