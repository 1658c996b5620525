import { memoryBase } from "./data_path_calls.ts";
import { libc } from "./libc.ts";

// <asm-generic/mman-common.h>
const MADV_HUGEPAGE = 14;

/**
 * Asks for large pages under a memory that is read here and there: each then finds its page in the processor's list of pages.
 * A kernel that has none to give says so, and nothing is lost.
 */
export function adviseHugePages(memory: WebAssembly.Memory): void {
  libc.madvise(
    Deno.UnsafePointer.create(memoryBase(memory)),
    BigInt(memory.buffer.byteLength),
    MADV_HUGEPAGE,
  );
}
