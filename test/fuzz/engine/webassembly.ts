import { COVERAGE_MEMORY, newPlace } from "./coverage.ts";
import { ModuleReader } from "./webassembly_reader.ts";

/** Names of the import that brings the counters. */
const IMPORT = { module: "fuzz", name: "counters" };
const IMPORT_SECTION = 2;
const CODE_SECTION = 10;
const MEMORY_KIND = 2;
/** Flag of a memory operand: the number of the memory follows. */
const HAS_MEMORY_NUMBER = 0x40;
const LOOP = 0x03;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const BR_IF = 0x0d;

/**
 * The module with a counter at the beginning of each function, loop and branch, behind each place where branches meet, and
 * behind each conditional branch that is not taken. The counters are a memory of its own, so that the module's is as it was:
 * what goes beyond its end still traps.
 * @param module must import its memory
 * @throws Error for instructions that are not known
 */
export function instrumentWebAssembly(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new ModuleReader(module);
  const sections = reader.sections().map(({ id, content }) => {
    if (id === IMPORT_SECTION) return section(id, withOneMore(content, memoryImport()));
    if (id === CODE_SECTION) return section(id, instrumentCode(content));
    return section(id, content);
  });
  return Uint8Array.from([...module.subarray(0, 8), ...sections.flat()]);
}

/** Replaces what makes modules and instances, so that those made from now on are counted. */
export function instrumentNewModules(): void {
  const { Module, Instance } = WebAssembly;
  WebAssembly.Module = class extends Module {
    constructor(bytes: BufferSource) {
      const octets = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
      super(instrumentWebAssembly(new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength)));
    }
  };
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports: WebAssembly.Imports = {}) {
      super(module, { ...imports, [IMPORT.module]: { [IMPORT.name]: COVERAGE_MEMORY } });
    }
  };
}

function memoryImport(): number[] {
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const hasMaximum = 1;
  const pages = unsigned(COVERAGE_MEMORY.buffer.byteLength / 65_536);
  return [...name(IMPORT.module), ...name(IMPORT.name), MEMORY_KIND, hasMaximum, ...pages, ...pages];
}

/** A vector with one more item behind the others. */
function withOneMore(vector: Uint8Array, item: readonly number[]): number[] {
  const reader = new ModuleReader(vector, 0);
  const count = reader.unsigned();
  return [...unsigned(count + 1), ...vector.subarray(reader.offset), ...item];
}

function instrumentCode(content: Uint8Array): number[] {
  const reader = new ModuleReader(content, 0);
  const functions = reader.unsigned();
  const result = unsigned(functions);
  for (let index = 0; index < functions; index++) {
    const octets = reader.unsigned();
    const body = instrumentFunction(content.subarray(reader.offset, reader.offset + octets));
    result.push(...unsigned(body.length), ...body);
    reader.offset += octets;
  }
  return result;
}

function instrumentFunction(body: Uint8Array): number[] {
  const reader = new ModuleReader(body, 0);
  reader.skipLocals();
  const result = [...body.subarray(0, reader.offset), ...counting()];
  while (reader.offset < body.length) {
    const start = reader.offset;
    const code = reader.instruction();
    result.push(...body.subarray(start, reader.offset));
    const isLast = reader.offset === body.length;
    if (code === LOOP || code === IF || code === ELSE || code === BR_IF || code === END && !isLast) {
      result.push(...counting());
    }
  }
  return result;
}

/** i32.store8 (i32.load8_u + 1) in the second memory: leaves the stack as it was. */
function counting(): number[] {
  const constant = [0x41, ...signed(newPlace())];
  const operand = [HAS_MEMORY_NUMBER, 1, 0];
  return [...constant, ...constant, 0x2d, ...operand, 0x41, 1, 0x6a, 0x3a, ...operand];
}

function section(id: number, content: Uint8Array | readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 of a value that is not negative. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [value & 0x7f | 0x80, ...signed(value >>> 7)];
}
