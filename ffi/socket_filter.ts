import { type Ipv6Address, ipv6Octets } from "../core/wire/address.ts";
import { Protocol } from "../core/wire/constants.ts";
import { check } from "./errno.ts";
import { type EspEnd, IPV6_ADDRESS_OFFSETS } from "./esp_end.ts";
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
/** How many octets the program sees. */
const LOAD_LENGTH = 0x80;
const LOAD_HALF_BEHIND_INDEX = 0x48;
/** The index becomes four times the lower half of an octet: where an IPv4 header ends. */
const INDEX_IPV4_HEADER_END = 0xb1;
const KEEP = 0x07;
const ADD_KEPT = 0x0c;
const AND = 0x54;
const MODULO = 0x94;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN_CONSTANT = 0x06;
const RETURN_ACCUMULATOR = 0x16;
/** SKF_AD_OFF with SKF_AD_PROTOCOL and SKF_AD_PKTTYPE: what the kernel knows of a packet beside its octets. */
const ETHER_TYPE = 0xfffff000;
const PACKET_TYPE = 0xfffff004;
/** <linux/if_packet.h>: to this host alone. */
const PACKET_HOST = 0;
/** Before it: to this host, broadcast, multicast. From it on: to others, from this host. */
const PACKET_OTHERHOST = 3;
/** SKF_NET_OFF: from the IP header on, wherever the program's packet begins. */
const IP_HEADER = 0xfff00000;
const SOURCE_ADDRESS = 12;
/** The last 32 bits. */
const SOURCE_IPV6_ADDRESS_END = 20;
/** In a packet without IPv4 options; in one with them, something else that a flow does not change. */
const SOURCE_PORT = 20;
const WHOLE_PACKET = 0xffffffff;

/**
 * Of an inner packet. Our own are shorter; a longer one, which the data path knows as well, waits among data. For that the
 * program has not to look into most datagrams, which costs the kernel as much as finding the socket.
 */
const LONGEST_SIGNALLING_OCTETS = 1280;

/** struct sock_filter: the operation, how many to skip when true and when false, and its number. */
type Instruction = readonly [operation: number, whenTrue: number, whenFalse: number, value: number];
/** A label, or an instruction that may name one in place of how many to skip. All labels lie further on. */
type Step =
  | string
  | readonly [operation: number, whenTrue: number | string, whenFalse: number | string, value: number];

const INSTRUCTION_OCTETS = 8;
/** Where an IPv6 header names what follows it, and where that begins: ICMPv6 with its type, ESP with its SPI. */
const NEXT_HEADER = 6;
const BEHIND_IPV6_HEADER = 40;

/**
 * Chooses among sockets that share a port: an IPv6 packet of at most 1,280 octets whose next header is a mobility header, or
 * ESP of ours, goes to the last one, number `dataSockets`, and everything else to one of the others, the same one for all of
 * a sender. (What the program sees begins with the UDP payload; datagrams that the kernel has merged are one. The kernel's
 * own hash of the flow is 0 where no network card has computed it.) Of ESP it looks at the home agent's address, and whether
 * the SPI lies between the lowest and the highest of ours.
 */
export function attachSignallingSteering(
  fileDescriptor: number,
  { dataSockets, end, spis }: {
    readonly dataSockets: number;
    readonly end: EspEnd;
    readonly spis: ReadonlySet<number>;
  },
): void {
  const version6 = 0x60;
  const share: readonly Step[] = dataSockets === 1 ? [[RETURN_CONSTANT, 0, 0, 0]] : [
    [LOAD_WORD, 0, 0, IP_HEADER + SOURCE_ADDRESS],
    [KEEP, 0, 0, 0],
    [LOAD_HALF, 0, 0, IP_HEADER + SOURCE_PORT],
    [ADD_KEPT, 0, 0, 0],
    [MODULO, 0, 0, dataSockets],
    [RETURN_ACCUMULATOR, 0, 0, 0],
  ];
  attach(fileDescriptor, SO_ATTACH_REUSEPORT_CBPF, "SO_ATTACH_REUSEPORT_CBPF", [
    [LOAD_LENGTH, 0, 0, 0],
    [JUMP_IF_GREATER, "data", 0, LONGEST_SIGNALLING_OCTETS],
    [LOAD_OCTET, 0, 0, 0],
    [AND, 0, 0, 0xf0],
    [JUMP_IF_EQUAL, 0, "data", version6],
    [LOAD_OCTET, 0, 0, NEXT_HEADER],
    [JUMP_IF_EQUAL, "signalling", 0, Protocol.mobilityHeader],
    [JUMP_IF_EQUAL, 0, "data", Protocol.esp],
    ...addressIs(IPV6_ADDRESS_OFFSETS[end.isThe], end.homeAgentAddress, "data"),
    ...spiIsBetween(spis, "data"),
    "signalling",
    [RETURN_CONSTANT, 0, 0, dataSockets],
    "data",
    ...share,
  ]);
}

/** Of raw IPv4 sockets that each get every packet, this one takes those whose source address falls to it. */
export function attachSourceShare(fileDescriptor: number, share: number, shares: number): void {
  attachShareOfWord(fileDescriptor, SOURCE_ADDRESS, share, shares);
}

/** The same of raw IPv6 sockets. (Their packet begins behind the extension headers.) */
export function attachSource6Share(fileDescriptor: number, share: number, shares: number): void {
  attachShareOfWord(fileDescriptor, IP_HEADER + SOURCE_IPV6_ADDRESS_END, share, shares);
}

function attachShareOfWord(fileDescriptor: number, offset: number, share: number, shares: number): void {
  attach(fileDescriptor, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", [
    [LOAD_WORD, 0, 0, offset],
    [MODULO, 0, 0, shares],
    [JUMP_IF_EQUAL, 0, 1, share],
    [RETURN_CONSTANT, 0, 0, WHOLE_PACKET],
    [RETURN_CONSTANT, 0, 0, 0],
  ]);
}

/**
 * Of what an interface receives, lets through what its configuration is made of: ICMPv6 133 to 137 (router and
 * neighbour discovery), ARP, and UDP over IPv4 to port 68 (the DHCP client). For a packet socket without link headers.
 */
export function attachConfigurationFilter(fileDescriptor: number): void {
  const dhcpClientPort = 68;
  attach(fileDescriptor, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", [
    [LOAD_HALF, 0, 0, PACKET_TYPE],
    [JUMP_IF_GREATER_OR_EQUAL, 17, 0, PACKET_OTHERHOST],
    [LOAD_HALF, 0, 0, ETHER_TYPE],
    [JUMP_IF_EQUAL, 14, 0, 0x0806],
    [JUMP_IF_EQUAL, 0, 5, 0x86dd],
    [LOAD_OCTET, 0, 0, 6],
    [JUMP_IF_EQUAL, 0, 12, Protocol.icmpv6],
    [LOAD_OCTET, 0, 0, 40],
    [JUMP_IF_GREATER_OR_EQUAL, 0, 10, 133],
    [JUMP_IF_GREATER, 9, 8, 137],
    [JUMP_IF_EQUAL, 0, 8, 0x0800],
    [LOAD_OCTET, 0, 0, 9],
    [JUMP_IF_EQUAL, 0, 6, Protocol.udp],
    // A fragment that is not the first has no port.
    [LOAD_HALF, 0, 0, 6],
    [JUMP_IF_ANY_BIT, 4, 0, 0x1fff],
    [INDEX_IPV4_HEADER_END, 0, 0, 0],
    [LOAD_HALF_BEHIND_INDEX, 0, 0, 2],
    [JUMP_IF_EQUAL, 0, 1, dhcpClientPort],
    [RETURN_CONSTANT, 0, 0, WHOLE_PACKET],
    [RETURN_CONSTANT, 0, 0, 0],
  ]);
}

/**
 * Of the IPv6 packets that reach this host, lets through those to one address that may hold a mobility header, ICMPv6
 * of types 144 to 147 or ESP with an SPI between the lowest and the highest of ours: they come first, or behind hop-by-hop
 * options, destination options or a routing header. For a packet socket without link headers.
 */
export function attachMobilityFilter(
  fileDescriptor: number,
  { destination, spis }: { readonly destination: Ipv6Address; readonly spis: ReadonlySet<number> },
): void {
  attach(fileDescriptor, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", [
    [LOAD_HALF, 0, 0, PACKET_TYPE],
    [JUMP_IF_EQUAL, 0, "refuse", PACKET_HOST],
    ...addressIs(IPV6_ADDRESS_OFFSETS.destination, destination, "refuse"),
    [LOAD_OCTET, 0, 0, NEXT_HEADER],
    [JUMP_IF_EQUAL, "take", 0, Protocol.mobilityHeader],
    [JUMP_IF_EQUAL, "take", 0, Protocol.destinationOptions],
    [JUMP_IF_EQUAL, "take", 0, Protocol.routing],
    [JUMP_IF_EQUAL, "take", 0, Protocol.hopByHopOptions],
    [JUMP_IF_EQUAL, "ICMPv6", 0, Protocol.icmpv6],
    [JUMP_IF_EQUAL, 0, "refuse", Protocol.esp],
    ...spiIsBetween(spis, "refuse"),
    "take",
    [RETURN_CONSTANT, 0, 0, WHOLE_PACKET],
    "ICMPv6",
    [LOAD_OCTET, 0, 0, BEHIND_IPV6_HEADER],
    [JUMP_IF_GREATER_OR_EQUAL, 0, "refuse", 144],
    [JUMP_IF_GREATER, "refuse", 0, 147],
    [RETURN_CONSTANT, 0, 0, WHOLE_PACKET],
    "refuse",
    [RETURN_CONSTANT, 0, 0, 0],
  ]);
}

/** Goes on where the IPv6 address at this offset is that one. */
function addressIs(offset: number, address: Ipv6Address, otherwise: string): Step[] {
  const octets = new DataView(ipv6Octets(address).buffer);
  return [0, 4, 8, 12].flatMap((at): Step[] => [
    [LOAD_WORD, 0, 0, offset + at],
    [JUMP_IF_EQUAL, 0, otherwise, octets.getUint32(at)],
  ]);
}

/** Goes on where the SPI right behind the IPv6 header lies between the lowest and the highest of these; never for none. */
function spiIsBetween(spis: ReadonlySet<number>, otherwise: string): Step[] {
  let [lowest, highest] = [0xffffffff, 0];
  for (const spi of spis) [lowest, highest] = [Math.min(lowest, spi), Math.max(highest, spi)];
  return [
    [LOAD_WORD, 0, 0, BEHIND_IPV6_HEADER],
    [JUMP_IF_GREATER_OR_EQUAL, 0, otherwise, lowest],
    [JUMP_IF_GREATER, otherwise, 0, highest],
  ];
}

/** The program, with how many instructions lie between each jump and its label. */
function assemble(steps: readonly Step[]): Instruction[] {
  const places = new Map<string, number>();
  const instructions: Exclude<Step, string>[] = [];
  for (const step of steps) {
    if (typeof step === "string") places.set(step, instructions.length);
    else instructions.push(step);
  }
  const distance = (target: number | string, from: number) =>
    typeof target === "number" ? target : places.get(target)! - from - 1;
  return instructions.map(([operation, whenTrue, whenFalse, value], at) => [
    operation,
    distance(whenTrue, at),
    distance(whenFalse, at),
    value,
  ]);
}

function attach(fileDescriptor: number, option: number, name: string, steps: readonly Step[]): void {
  const program = assemble(steps);
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
