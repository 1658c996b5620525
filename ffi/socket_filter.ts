import { check } from "./errno.ts";
import { libc } from "./libc.ts";

/**
 * Classic BPF programs (<linux/bpf_common.h>, kernel documentation "Linux Socket Filtering"): they see a packet in the
 * kernel, before a socket has it.
 */

// <asm-generic/socket.h>
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_CBPF = 51;

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_OCTET = 0x30;
const KEEP = 0x07;
const ADD_KEPT = 0x0c;
const AND = 0x54;
const MODULO = 0x94;
const JUMP_IF_EQUAL = 0x15;
const RETURN_CONSTANT = 0x06;
const RETURN_ACCUMULATOR = 0x16;
/** SKF_NET_OFF: from the IP header on, wherever the program's packet begins. */
const IP_HEADER = 0xfff00000;
const SOURCE_ADDRESS = 12;
/** In a packet without IPv4 options; in one with them, something else that a flow does not change. */
const SOURCE_PORT = 20;
const WHOLE_PACKET = 0xffffffff;

/** struct sock_filter: the operation, how many to skip when true and when false, and its number. */
type Instruction = readonly [operation: number, whenTrue: number, whenFalse: number, value: number];

const INSTRUCTION_OCTETS = 8;

/**
 * Chooses among sockets that share a port: an IPv6 packet whose next header is a mobility header goes to the last one,
 * number `dataSockets`, and everything else to one of the others, the same one for all of a sender. (What the program
 * sees begins with the UDP payload. The kernel's own hash of the flow is 0 where no network card has computed it.)
 */
export function attachSignallingSteering(fileDescriptor: number, dataSockets: number): void {
  const version6 = 0x60;
  const mobilityHeader = 135;
  attach(fileDescriptor, SO_ATTACH_REUSEPORT_CBPF, "SO_ATTACH_REUSEPORT_CBPF", [
    [LOAD_OCTET, 0, 0, 0],
    [AND, 0, 0, 0xf0],
    [JUMP_IF_EQUAL, 0, 3, version6],
    [LOAD_OCTET, 0, 0, 6],
    [JUMP_IF_EQUAL, 0, 1, mobilityHeader],
    [RETURN_CONSTANT, 0, 0, dataSockets],
    [LOAD_WORD, 0, 0, IP_HEADER + SOURCE_ADDRESS],
    [KEEP, 0, 0, 0],
    [LOAD_HALF, 0, 0, IP_HEADER + SOURCE_PORT],
    [ADD_KEPT, 0, 0, 0],
    [MODULO, 0, 0, dataSockets],
    [RETURN_ACCUMULATOR, 0, 0, 0],
  ]);
}

/** Of raw IPv4 sockets that each get every packet, this one takes those whose source address falls to it. */
export function attachSourceShare(fileDescriptor: number, share: number, shares: number): void {
  attach(fileDescriptor, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", [
    [LOAD_WORD, 0, 0, SOURCE_ADDRESS],
    [MODULO, 0, 0, shares],
    [JUMP_IF_EQUAL, 0, 1, share],
    [RETURN_CONSTANT, 0, 0, WHOLE_PACKET],
    [RETURN_CONSTANT, 0, 0, 0],
  ]);
}

function attach(fileDescriptor: number, option: number, name: string, program: readonly Instruction[]): void {
  const instructions = new Uint8Array(program.length * INSTRUCTION_OCTETS);
  const view = new DataView(instructions.buffer);
  for (const [index, [operation, whenTrue, whenFalse, value]] of program.entries()) {
    view.setUint16(index * INSTRUCTION_OCTETS, operation, true);
    view.setUint8(index * INSTRUCTION_OCTETS + 2, whenTrue);
    view.setUint8(index * INSTRUCTION_OCTETS + 3, whenFalse);
    view.setUint32(index * INSTRUCTION_OCTETS + 4, value, true);
  }
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const description = new DataView(new ArrayBuffer(16));
  description.setUint16(0, program.length, true);
  description.setBigUint64(8, Deno.UnsafePointer.value(Deno.UnsafePointer.of(instructions)), true);
  check(
    libc.setsockopt(fileDescriptor, SOL_SOCKET, option, new Uint8Array(description.buffer), 16),
    `setsockopt ${name}`,
    "attach a packet filter to a socket",
  );
}
