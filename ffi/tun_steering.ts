import { Protocol } from "../core/wire/constants.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { loadLibc } from "./load_libc.ts";
import { libc } from "./libc.ts";

/**
 * Extended BPF (<linux/bpf.h>, kernel documentation "BPF instruction set"): a program in the kernel that chooses the
 * queue of a TUN device.
 */

// long syscall(long number, ...);  the C library has no function for bpf(int cmd, union bpf_attr *attr, unsigned int size).
// The kernel does not look at the last two: what the attributes point to has to live until the call is over.
const { bpf } = loadLibc({
  bpf: { name: "syscall", parameters: ["i64", "i32", "buffer", "u32", "buffer", "buffer"], result: "i32" },
});
// <asm/unistd.h>
const SYS_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;
const BPF_PROG_LOAD = 5;
const BPF_PROG_TYPE_SOCKET_FILTER = 1;
const ATTRIBUTE_OCTETS = 48;

// <linux/if_tun.h>
const TUNSETSTEERINGEBPF = 0x800454e0;

// Operations; those on registers have 32 bits.
const MOVE_64 = 0xbf;
const MOVE_NUMBER = 0xb4;
const MOVE = 0xbc;
const ADD = 0x0c;
const MULTIPLY_NUMBER = 0x24;
const AND_NUMBER = 0x54;
const SHIFT_LEFT_NUMBER = 0x64;
const SHIFT_RIGHT_NUMBER = 0x74;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x16;
const JUMP_IF_NOT_EQUAL = 0x56;
const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_OCTET = 0x30;
const LOAD_WORD_BEHIND = 0x40;
const EXIT = 0x95;

/** What loads give, and what the program returns. */
const RESULT = 0;
/** Where loads want the packet. */
const PACKET = 6;
const HASH = 7;
const HEADER_OCTETS = 8;
const PROTOCOL = 9;
const ARGUMENT = 1;

/** 2^32 divided by the golden ratio: the upper bits of a product with it depend on all bits (multiplicative hashing). */
const GOLDEN = 0x9e3779b1 | 0;

type Instruction = {
  readonly operation: number;
  readonly to?: number;
  readonly from?: number;
  readonly number?: number;
  /** A jump's: the label where it goes. */
  readonly label?: string;
};

/** A program and the labels in it. */
class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  add(...instructions: Instruction[]): this {
    this.#instructions.push(...instructions);
    return this;
  }

  label(name: string): this {
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** struct bpf_insn: operation, two registers in an octet, how far to jump, number */
  octets(): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(8 * this.#instructions.length));
    for (const [index, { operation, to = 0, from = 0, number = 0, label }] of this.#instructions.entries()) {
      view.setUint8(8 * index, operation);
      view.setUint8(8 * index + 1, to | from << 4);
      view.setInt16(8 * index + 2, label === undefined ? 0 : this.#labels.get(label)! - index - 1, true);
      view.setInt32(8 * index + 4, number, true);
    }
    return new Uint8Array(view.buffer);
  }
}

const load = (offset: number): Instruction => ({ operation: LOAD_WORD, number: offset });
const mix: readonly Instruction[] = [
  { operation: MULTIPLY_NUMBER, to: HASH, number: GOLDEN },
  { operation: ADD, to: HASH, from: RESULT },
];

/** A hash of both addresses, and of both ports where TCP or UDP follows an IP header and is no fragment. */
function flowHash(): Uint8Array<ArrayBuffer> {
  const ipv6Addresses = [8, 12, 16, 20, 24, 28, 32, 36];
  const ipv4Addresses = [12, 16];
  return new Assembler()
    .add(
      { operation: MOVE_64, to: PACKET, from: ARGUMENT },
      { operation: MOVE_NUMBER, to: HASH, number: 0 },
      { operation: LOAD_OCTET, number: 0 },
      { operation: MOVE, to: HEADER_OCTETS, from: RESULT },
      { operation: SHIFT_RIGHT_NUMBER, to: RESULT, number: 4 },
      { operation: JUMP_IF_NOT_EQUAL, to: RESULT, number: 6, label: "IPv4" },
      ...ipv6Addresses.flatMap((offset) => [load(offset), ...mix]),
      { operation: MOVE_NUMBER, to: HEADER_OCTETS, number: 40 },
      { operation: LOAD_OCTET, number: 6 },
      { operation: MOVE, to: PROTOCOL, from: RESULT },
      { operation: JUMP, label: "ports" },
    )
    .label("IPv4")
    .add(
      ...ipv4Addresses.flatMap((offset) => [load(offset), ...mix]),
      { operation: LOAD_HALF, number: 6 },
      // more fragments, fragment offset
      { operation: AND_NUMBER, to: RESULT, number: 0x3fff },
      { operation: JUMP_IF_NOT_EQUAL, to: RESULT, number: 0, label: "end" },
      { operation: AND_NUMBER, to: HEADER_OCTETS, number: 15 },
      { operation: SHIFT_LEFT_NUMBER, to: HEADER_OCTETS, number: 2 },
      { operation: LOAD_OCTET, number: 9 },
      { operation: MOVE, to: PROTOCOL, from: RESULT },
    )
    .label("ports")
    .add(
      { operation: JUMP_IF_EQUAL, to: PROTOCOL, number: Protocol.tcp, label: "read" },
      { operation: JUMP_IF_NOT_EQUAL, to: PROTOCOL, number: Protocol.udp, label: "end" },
    )
    .label("read")
    .add({ operation: LOAD_WORD_BEHIND, from: HEADER_OCTETS }, ...mix)
    .label("end")
    .add(
      { operation: MULTIPLY_NUMBER, to: HASH, number: GOLDEN },
      { operation: MOVE, to: RESULT, from: HASH },
      { operation: SHIFT_RIGHT_NUMBER, to: RESULT, number: 16 },
      { operation: EXIT },
    )
    .octets();
}

/**
 * Has a TUN device give all packets of a flow to one of its queues. By itself the kernel gives a flow to the queue that
 * what came back was last written to: the first packets of a flow and those behind them then are in two queues, and come
 * out of them in any order.
 *
 * @returns false where the kernel does not allow it: without CAP_BPF outside of every user namespace, where only root may
 */
export function steerByFlow(tun: number): boolean {
  const program = flowHash();
  const license = new TextEncoder().encode("Apache-2.0\0");
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_OCTETS));
  const address = (octets: Uint8Array<ArrayBuffer>) =>
    Deno.UnsafePointer.value(Deno.UnsafePointer.of(octets));
  attribute.setUint32(0, BPF_PROG_TYPE_SOCKET_FILTER, true);
  attribute.setUint32(4, program.length / 8, true);
  attribute.setBigUint64(8, address(program), true);
  attribute.setBigUint64(16, address(license), true);
  const octets = new Uint8Array(attribute.buffer);
  const loaded = bpf(SYS_BPF, BPF_PROG_LOAD, octets, ATTRIBUTE_OCTETS, program, license);
  if (loaded < 0) return false;
  try {
    const argument = new Uint8Array(new Int32Array([loaded]).buffer);
    return libc.ioctl(tun, TUNSETSTEERINGEBPF, argument) === 0;
  } finally {
    // The device has a hold of the program.
    closeFileDescriptor(loaded);
  }
}
