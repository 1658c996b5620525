import { type Ipv4Address, type Ipv6Address } from "../../core/wire/address.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { encodeIpv4Header } from "../../core/wire/ipv4.ts";
import { encodeIpv6HeaderInto, IPV6_HEADER_OCTETS } from "../../core/wire/ipv6.ts";
import { decodeMobilityHeader, encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { openRawSocket, openUdpSocket, receive, sendTo } from "../../ffi/socket.ts";
import type { SystemError } from "../../ffi/errno.ts";

/*
 * Asks a home agent whether it is there, without a binding: it answers a mobility message of an unknown type, and a packet
 * of a home address that has no binding from here, with a Binding Error (RFC 6275 section 9.3.3). It does so rarely: two a
 * second and a few at once.
 */

/** A type that nobody has been given (RFC 6275 section 16). */
const UNKNOWN_TYPE = 254;
/** When to ask, milliseconds from the start on; a radio network may take a while. */
const ASK_AT_MS: readonly number[] = [0, 300, 700];
const LIMIT_MS = 1500;
const STEP_MS = 10;
/** Whoever sends faster than we read is not waited for. */
const MOST_IN_A_STEP = 500;
const BUFFER_OCTETS = 65_536;

/** "silent": nothing came back. */
export type ProbeResult = "answered" | "silent" | { readonly error: string };

/** Where a mobile node is, and who it is. */
export interface ProbeFrom {
  readonly interfaceName: string;
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
}

export interface Ipv4Probe extends ProbeFrom {
  readonly address: Ipv4Address;
  readonly localPort: number;
  readonly homeAgentIpv4Address: Ipv4Address;
  readonly homeAgentPort: number;
}

/** @throws SystemError: the port is taken, no permission */
export async function probeIpv4(probe: Ipv4Probe): Promise<{ udp: ProbeResult; protocol41: ProbeResult }> {
  const { address, interfaceName: device, localPort: port, homeAgentIpv4Address, homeAgentPort } = probe;
  using stack = new DisposableStack();
  const udp = openUdpSocket({ address, port, device, receiveBufferOctets: BUFFER_OCTETS }).fileDescriptor;
  stack.defer(() => closeFileDescriptor(udp));
  const options = { protocol: Protocol.ipv6, address, device, receiveBufferOctets: BUFFER_OCTETS };
  const raw = openRawSocket(options).fileDescriptor;
  stack.defer(() => closeFileDescriptor(raw));
  const isAnswer = (packet: Uint8Array) =>
    isBindingError(decodeMobilityPacket(packet), probe.homeAgentAddress);
  const take = (buffer: Uint8Array<ArrayBuffer>) => receive(udp, buffer);
  const hello = unknownMessage(probe.homeAddress, probe.homeAgentAddress);
  const overUdp = await ask(() => sendTo(udp, hello, homeAgentIpv4Address, homeAgentPort), take, isAnswer);
  if (overUdp !== "answered") return { udp: overUdp, protocol41: "silent" };
  const tunnelled = inIpv4(
    emptyPacket(probe.homeAddress, probe.homeAgentAddress),
    address,
    homeAgentIpv4Address,
  );
  return {
    udp: overUdp,
    protocol41: await ask(() => sendTo(raw, tunnelled, homeAgentIpv4Address, 0), take, isAnswer),
  };
}

/** @throws SystemError: no permission */
export async function probeIpv6(probe: ProbeFrom & { readonly address: Ipv6Address }): Promise<ProbeResult> {
  const { address, interfaceName: device, homeAgentAddress } = probe;
  using stack = new DisposableStack();
  const open = (protocol: number) => {
    const fileDescriptor = openRaw6Socket({ protocol, address, device, bufferOctets: BUFFER_OCTETS });
    stack.defer(() => closeFileDescriptor(fileDescriptor));
    return fileDescriptor;
  };
  const [sender, receiver] = [open(IPPROTO_RAW), open(Protocol.mobilityHeader)];
  const hello = unknownMessage(address, homeAgentAddress);
  return await ask(
    () => sendRaw6(sender, hello, homeAgentAddress),
    (buffer) => receive(receiver, buffer),
    (bytes) => {
      const header = decodeMobilityHeader(bytes);
      return header.ok && header.value.message.kind === "bindingError";
    },
  );
}

/**
 * Sends, and waits for an answer.
 * @param take the next packet that has come, written into the buffer: how many octets it has; undefined: none has
 */
export async function ask(
  send: () => SystemError | undefined,
  take: (buffer: Uint8Array<ArrayBuffer>) => number | undefined,
  isAnswer: (bytes: Uint8Array) => boolean,
): Promise<ProbeResult> {
  const buffer = new Uint8Array(BUFFER_OCTETS);
  for (let atMs = 0; atMs < LIMIT_MS; atMs += STEP_MS) {
    const error = ASK_AT_MS.includes(atMs) ? send() : undefined;
    if (error !== undefined) return { error: error.message };
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    for (let packets = 0; packets < MOST_IN_A_STEP; packets++) {
      const octets = take(buffer);
      if (octets === undefined) break;
      if (isAnswer(buffer.subarray(0, octets))) return "answered";
    }
  }
  return "silent";
}

function unknownMessage(source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  const message = { kind: "unknownMessage", type: UNKNOWN_TYPE, data: new Uint8Array(2) } as const;
  return encodeMobilityPacket({ source, destination, mobilityHeader: encodeMobilityHeader(message) });
}

function isBindingError(decoded: ReturnType<typeof decodeMobilityPacket>, homeAgent: Ipv6Address): boolean {
  return decoded.ok && decoded.value.header.message.kind === "bindingError" &&
    decoded.value.source === homeAgent;
}

function emptyPacket(source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  const packet = new Uint8Array(IPV6_HEADER_OCTETS);
  const header = {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: 0,
    nextHeader: Protocol.noNextHeader,
    hopLimit: 64,
  };
  encodeIpv6HeaderInto({ ...header, source, destination }, packet, 0);
  return packet;
}

/** The kernel writes length, checksum and identification. */
function inIpv4(packet: Uint8Array, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  const header = encodeIpv4Header({
    typeOfService: 0,
    totalLength: 0,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol: Protocol.ipv6,
    source,
    destination,
    options: new Uint8Array(),
  });
  return Uint8Array.from([...header, ...packet]);
}
