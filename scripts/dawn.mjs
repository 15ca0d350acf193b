// Compiles every kernel in Dawn and plays the tape of dispatches there: `node dawn.mjs FOLDER WEBGPU`, where FOLDER is what
// the test kernels_and_dispatches_are_exported wrote, and WEBGPU the module of the npm package webgpu. Called by
// scripts/check-shaders; leaves its counts in FOLDER/dawn.txt.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";

const [folder, webgpu] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(webgpu));
Object.assign(globalThis, globals);
const { recordedOn, kernels, dispatches } = JSON.parse(readFileSync(`${folder}/tape.json`, "utf8"));
const blobs = readFileSync(`${folder}/tape.bin`);
const blob = ([offset, bytes]) => new Uint8Array(blobs.subarray(offset, offset + bytes));

const gpu = create([]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn finds no adapter");
const wanted = ["maxStorageBuffersPerShaderStage", "maxStorageBufferBindingSize", "maxBufferSize"];
const device = await adapter.requestDevice({
  requiredLimits: Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]])),
});
const { vendor, architecture, device: model, description } = adapter.info;
console.log(`Dawn on: ${[vendor, architecture, model, description].filter(Boolean).join(", ")}`);
console.log(`Recorded on: ${recordedOn.name}`);

// Kernels add, subtract, multiply, divide and take square roots of 32 bits. The first three round alike everywhere; the
// others may be 2.5 ULP off on Vulkan, and so is what is computed from them. A processor rounds all of them alike.
const tolerance = recordedOn.software && architecture === "swiftshader" ? 0 : 2 ** -20;

const failures = [];
const fail = (message) => {
  failures.push(message);
  console.log(`FAILED ${message}`);
};

device.addEventListener("uncapturederror", ({ error }) => fail(error.message));

// What Dawn has to say about these calls.
async function complaints(calls) {
  for (const filter of ["validation", "internal", "out-of-memory"]) device.pushErrorScope(filter);
  const result = await calls();
  const errors = [];
  for (let scope = 0; scope < 3; scope++) {
    const error = await device.popErrorScope();
    if (error) errors.push(error.message);
  }
  return { result, errors };
}

async function compile({ name, buffers, constants }) {
  const code = readFileSync(`${folder}/uniform/${name}.wgsl`, "utf8");
  const buffer = (binding, type) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } });
  const module = device.createShaderModule({ label: name, code });
  const { messages } = await module.getCompilationInfo();
  const said = messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`);
  if (messages.some(({ type }) => type === "error")) return { said };
  const groups = [[buffer(0, "uniform")], []];
  for (const [group, binding, type] of buffers) groups[group].push(buffer(binding, type));
  const layouts = groups.filter((entries) => entries.length).map((entries) => device.createBindGroupLayout({ entries }));
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: layouts }),
      compute: { module, entryPoint: "main", constants },
    });
    return { said, layouts, pipeline };
  } catch (error) {
    return { said: [...said, error.message] };
  }
}

function filled(bytes, usage) {
  const buffer = device.createBuffer({ size: bytes.length, usage, mappedAtCreation: true });
  new Uint8Array(buffer.getMappedRange()).set(bytes);
  buffer.unmap();
  return buffer;
}

// What the buffers hold afterwards that it may write to.
async function play({ pipeline, layouts, buffers: kinds }, { groups, parameters, buffers }) {
  const all = [];
  const keep = (buffer) => (all.push(buffer), buffer);
  const uniform = new Uint8Array(256);
  uniform.set(blob(parameters));
  const entries = [[{ binding: 0, resource: { buffer: keep(filled(uniform, GPUBufferUsage.UNIFORM)) } }], []];
  const landings = [];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const [index, { before, after }] of buffers.entries()) {
    const [group, binding, type] = kinds[index];
    const usage = type === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
    const buffer = keep(filled(blob(before), usage | (after ? GPUBufferUsage.COPY_SRC : 0)));
    entries[group].push({ binding, resource: { buffer } });
    if (after) {
      const landing = device.createBuffer({ size: before[1], usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      landings.push({ name: `${group}/${binding}`, buffer, landing: keep(landing), expected: blob(after) });
    }
  }
  pass.setPipeline(pipeline);
  for (const [group, layout] of layouts.entries()) {
    pass.setBindGroup(group, device.createBindGroup({ layout, entries: entries[group] }));
  }
  pass.dispatchWorkgroups(...groups);
  pass.end();
  for (const { buffer, landing } of landings) encoder.copyBufferToBuffer(buffer, 0, landing, 0, landing.size);
  device.queue.submit([encoder.finish()]);
  const results = [];
  for (const { name, landing, expected } of landings) {
    await landing.mapAsync(GPUMapMode.READ);
    results.push({ name, expected, got: new Uint8Array(landing.getMappedRange().slice(0)) });
    landing.unmap();
  }
  all.forEach((buffer) => buffer.destroy());
  return results;
}

// What arithmetic makes where there is no number: its sign is the processor's choice. No index and no key looks like it.
const isArithmeticNan = (bits) => (bits & 0x7fffffff) === 0x7fc00000;

// How many words differ, and by how much of their size at most, taken for floats.
function compare(expected, got) {
  const view = (bytes, Type) => new Type(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [expectedBits, gotBits] = [view(expected, Uint32Array), view(got, Uint32Array)];
  const [expectedFloats, gotFloats] = [view(expected, Float32Array), view(got, Float32Array)];
  let [different, nans, largest, place] = [0, 0, 0, 0];
  for (let word = 0; word < expectedBits.length; word++) {
    if (expectedBits[word] === gotBits[word]) continue;
    different++;
    if (isArithmeticNan(expectedBits[word]) && isArithmeticNan(gotBits[word])) {
      nans++;
      continue;
    }
    const [a, b] = [expectedFloats[word], gotFloats[word]];
    const apart = Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
    // Zeros of two signs, infinities, and what is no number, have no distance.
    const difference = Number.isNaN(apart) ? Infinity : apart;
    if (difference > largest) [largest, place] = [difference, word];
  }
  return { different, nans, largest, place, words: expectedBits.length, pair: [expectedFloats[place], gotFloats[place]] };
}

const byName = new Map();
const wide = kernels.filter((kernel) => kernel.wide).length;
let compiled = 0;
const queue = kernels.filter((kernel) => !kernel.wide);
// What compiles is SwiftShader more than Tint, a thread each.
const work = async () => {
  for (let kernel = queue.pop(); kernel; kernel = queue.pop()) {
    const { said, ...result } = await compile(kernel);
    byName.set(kernel.name, { ...kernel, ...result, runs: 0 });
    if (result.pipeline) compiled++;
    else fail(`${kernel.name} does not compile: ${said.join("; ")}`);
    if (result.pipeline && said.length > 0) console.log(`${kernel.name}: ${said.join("; ")}`);
  }
};
await Promise.all(Array.from({ length: availableParallelism() }, work));

const counts = { played: 0, identical: 0, words: 0, different: 0, nans: 0, largest: 0 };
for (const [number, dispatch] of dispatches.entries()) {
  const kernel = byName.get(dispatch.kernel);
  if (!kernel.pipeline) continue;
  const { result, errors } = await complaints(() => play(kernel, dispatch));
  kernel.runs++;
  counts.played++;
  if (errors.length > 0) fail(`dispatch ${number}, ${kernel.name}: ${errors.join("; ")}`);
  // It asks how a driver computes, and drivers differ there.
  if (kernel.name.startsWith("self_check")) continue;
  let isIdentical = true;
  for (const { name, expected, got } of result) {
    const { different, nans, largest, place, words, pair } = compare(expected, got);
    counts.words += words;
    counts.different += different;
    counts.nans += nans;
    counts.largest = Math.max(counts.largest, largest);
    isIdentical &&= different === 0;
    if (largest > tolerance) {
      const what = `word ${place} of buffer ${name} is ${pair[1]} instead of ${pair[0]}`;
      fail(`dispatch ${number}, ${kernel.name}: ${different} of ${words} words differ, ${what}`);
    }
  }
  if (isIdentical) counts.identical++;
}

// Kernels that differ in the number of their steps alone stand for each other.
const shape = (name) => name.replace(/((?:One|SharedKnots|OwnKnots)_\d{5}|_(?:first|bucket))_\d+/, "$1");
// What no software driver is ever given: buckets beside constants (the third and fourth flag), where all is looked up from
// the first knot; and, without f64, words of 64 bits.
const isOutOfReach = (name) => /_\d\d11\d(_|$)/.test(name) || (name === "transpose_8" && !recordedOn.f64);
const all = [...byName.values()];
const shapes = new Set(all.map(({ name }) => shape(name)));
const run = new Set(all.filter(({ runs }) => runs > 0).map(({ name }) => shape(name)));
const never = [...shapes].filter((name) => !run.has(name));
const outOfReach = never.filter(isOutOfReach);
// On hardware fewer kernels are chosen.
const note = recordedOn.software ? fail : console.log;
for (const name of never) if (!isOutOfReach(name)) note(`${name} was never dispatched`);

const table = {
  "kernels without 64 bits, compiled by Tint": `${compiled} of ${byName.size}`,
  "kernels with 64 bits, which WebGPU lacks": wide,
  "kernels dispatched": all.filter(({ runs }) => runs > 0).length,
  "shapes dispatched (kernels but for their steps)": `${run.size} of ${shapes.size}, ${outOfReach.length} are out of reach`,
  "dispatches compared": counts.played,
  "dispatches identical to the bit": counts.identical,
  "words that differ": `${counts.different} of ${counts.words}, ${counts.nans} of them NaN of another sign`,
  "largest relative difference of the others": counts.largest === 0 ? "none" : `2^${Math.log2(counts.largest).toFixed(1)}`,
  "failures in Dawn": failures.length,
};
writeFileSync(`${folder}/dawn.txt`, Object.entries(table).map(([what, count]) => `${what.padEnd(50)} ${count}\n`).join(""));
device.destroy();
// Dawn keeps a thread that Node would wait for.
process.exit(failures.length > 0 ? 1 : 0);
