import {
  CONTROL_DATA,
  CONTROL_OCTETS,
  CONTROL_SPACE,
  DATAGRAMS,
  MEMORY_BASE,
  MESSAGE_CONTROL,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_DATAGRAMS,
  MESSAGE_MAXIMUM_OCTETS,
  MESSAGE_OCTETS,
  MESSAGE_VECTOR_COUNT,
  MESSAGE_VECTORS,
  NAME_ADDRESS,
  NAME_IPV6_ADDRESS,
  NAME_IPV6_STRIDE,
  NAME_OCTETS,
  NAME_PORT,
  OFFLOAD_UDP_SEGMENT,
  OFFLOADS,
  RAW_IPV4_SEND_COUNT,
  RAW_IPV4_SEND_MESSAGES,
  RAW_IPV4_SEND_NAMES,
  RAW_IPV4_SEND_NOTES,
  RAW_IPV6_SEND_COUNT,
  RAW_IPV6_SEND_MESSAGES,
  RAW_IPV6_SEND_NAMES,
  RAW_IPV6_SEND_NOTES,
  SEND_VECTORS,
  SPLIT_MESSAGES,
  UDP_SEND_CONTROLS,
  UDP_SEND_COUNT,
  UDP_SEND_MESSAGES,
  UDP_SEND_NAMES,
  UDP_SEND_NOTES,
  VECTOR_OCTETS,
} from "../memory_map";
import { kernelAddress, setVector, setVectors, vectorLength } from "./messages";

const SEND_VECTORS_END = SEND_VECTORS + 2 * DATAGRAMS * VECTOR_OCTETS;

/**
 * The lists of what the sockets are to send. Datagrams of one length (the last may be shorter) that follow each other
 * to the same place with the same type of service share a message: the kernel cuts it (UDP_SEGMENT).
 */
let udpCount: i32 = 0;
let rawIpv4Count: i32 = 0;
let rawIpv6Count: i32 = 0;
/** UDP takes vectors from the front, so that those of one message follow each other; raw takes them from the back. */
let udpVectors: usize = SEND_VECTORS;
let rawVectors: usize = SEND_VECTORS_END;
/** Datagrams so far, in all lists. */
export let datagramCount: i32 = 0;

/** The message that may take more: its datagrams, their octets, and the octets of the first; 0 datagrams for none. */
let openDatagrams: i32 = 0;
let openOctets: i32 = 0;
let openSegment: i32 = 0;
let openAddress: u32 = 0;
let openPort: u32 = 0;
let openTypeOfService: u32 = 0;

export function openSends(): void {
  udpCount = 0;
  rawIpv4Count = 0;
  rawIpv6Count = 0;
  udpVectors = SEND_VECTORS;
  rawVectors = SEND_VECTORS_END;
  datagramCount = 0;
  openDatagrams = 0;
}

export function closeSends(): void {
  store<i32>(UDP_SEND_COUNT, udpCount);
  store<i32>(RAW_IPV4_SEND_COUNT, rawIpv4Count);
  store<i32>(RAW_IPV6_SEND_COUNT, rawIpv6Count);
}

@inline
export function roomForDatagrams(): i32 {
  return DATAGRAMS - datagramCount;
}

/**
 * Adds a datagram that consists of `headOctets` octets at `head` and `tailOctets` at `tail`, which may be 0. `port`
 * and `address` are in network order. There must be room.
 */
export function sendUdp(
  head: usize,
  headOctets: i32,
  tail: usize,
  tailOctets: i32,
  address: u32,
  port: u32,
  typeOfService: u32,
): void {
  const octets = headOctets + tailOctets;
  const vectors = udpVectors;
  const added = setDatagram(vectors, head, headOctets, tail, tailOctets);
  udpVectors += added * VECTOR_OCTETS;
  if (
    openDatagrams != 0 && octets <= openSegment && openDatagrams < MESSAGE_DATAGRAMS &&
    openOctets + octets <= MESSAGE_MAXIMUM_OCTETS && address == openAddress && port == openPort &&
    typeOfService == openTypeOfService
  ) {
    const message = UDP_SEND_MESSAGES + (udpCount - 1) * MESSAGE_OCTETS;
    store<u64>(message, load<u64>(message, MESSAGE_VECTOR_COUNT) + added, MESSAGE_VECTOR_COUNT);
    openOctets += octets;
    note(UDP_SEND_NOTES, udpCount - 1, openDatagrams + 1, openOctets);
    if (openDatagrams == 1) setControls(udpCount - 1, openSegment, typeOfService);
    openDatagrams = octets < openSegment ? 0 : openDatagrams + 1;
    return;
  }
  const message = UDP_SEND_MESSAGES + udpCount * MESSAGE_OCTETS;
  const name = UDP_SEND_NAMES + udpCount * NAME_OCTETS;
  setVectors(message, vectors, added);
  store<u16>(name, <u16>port, NAME_PORT);
  store<u32>(name, address, NAME_ADDRESS);
  setControls(udpCount, 0, typeOfService);
  note(UDP_SEND_NOTES, udpCount, 1, octets);
  udpCount++;
  openDatagrams = (load<u32>(OFFLOADS) & OFFLOAD_UDP_SEGMENT) != 0 ? 1 : 0;
  openOctets = octets;
  openSegment = octets;
  openAddress = address;
  openPort = port;
  openTypeOfService = typeOfService;
}

/** The same for a packet with its IPv4 header. `innerPackets` and `innerOctets` are what is lost where it is refused. */
export function sendRawIpv4(
  head: usize,
  headOctets: i32,
  tail: usize,
  tailOctets: i32,
  address: u32,
  innerPackets: i32,
  innerOctets: i32,
): void {
  rawVectors -= 2 * VECTOR_OCTETS;
  const added = setDatagram(rawVectors, head, headOctets, tail, tailOctets);
  setVectors(RAW_IPV4_SEND_MESSAGES + rawIpv4Count * MESSAGE_OCTETS, rawVectors, added);
  store<u32>(RAW_IPV4_SEND_NAMES + rawIpv4Count * NAME_OCTETS, address, NAME_ADDRESS);
  note(RAW_IPV4_SEND_NOTES, rawIpv4Count, innerPackets, innerOctets);
  rawIpv4Count++;
}

/** The same for a packet with its IPv6 header. `address` is where its 16 octets are. */
export function sendRawIpv6(
  head: usize,
  headOctets: i32,
  tail: usize,
  tailOctets: i32,
  address: usize,
  innerPackets: i32,
  innerOctets: i32,
): void {
  rawVectors -= 2 * VECTOR_OCTETS;
  const added = setDatagram(rawVectors, head, headOctets, tail, tailOctets);
  const name = RAW_IPV6_SEND_NAMES + rawIpv6Count * NAME_IPV6_STRIDE;
  setVectors(RAW_IPV6_SEND_MESSAGES + rawIpv6Count * MESSAGE_OCTETS, rawVectors, added);
  store<u64>(name, load<u64>(address), NAME_IPV6_ADDRESS);
  store<u64>(name, load<u64>(address, 8), NAME_IPV6_ADDRESS + 8);
  note(RAW_IPV6_SEND_NOTES, rawIpv6Count, innerPackets, innerOctets);
  rawIpv6Count++;
}

/** Writes the vectors of one more datagram, and says how many they are. */
@inline
function setDatagram(vectors: usize, head: usize, headOctets: i32, tail: usize, tailOctets: i32): i32 {
  datagramCount++;
  setVector(vectors, head, headOctets);
  if (tailOctets == 0) return 1;
  setVector(vectors + VECTOR_OCTETS, tail, tailOctets);
  return 2;
}

@inline
function note(notes: usize, index: i32, datagrams: i32, innerOctets: i32): void {
  store<i32>(notes + (index << 3), datagrams);
  store<i32>(notes + (index << 3), innerOctets, 4);
}

/** Type of service 0 is what the socket has anyway, and 0 octets a segment are a whole message: neither is said. */
@inline
function setControls(index: i32, segmentOctets: i32, typeOfService: u32): void {
  const message = UDP_SEND_MESSAGES + index * MESSAGE_OCTETS;
  const control = UDP_SEND_CONTROLS + index * CONTROL_OCTETS;
  store<u32>(control, typeOfService, CONTROL_DATA);
  store<u16>(control, <u16>segmentOctets, CONTROL_SPACE + CONTROL_DATA);
  const hasTypeOfService = typeOfService != 0;
  const hasSegments = segmentOctets != 0;
  const start = hasTypeOfService ? control : control + CONTROL_SPACE;
  store<u64>(message, kernelAddress(start), MESSAGE_CONTROL);
  store<u64>(message, (<u64>hasTypeOfService + <u64>hasSegments) * CONTROL_SPACE, MESSAGE_CONTROL_LENGTH);
}

/**
 * Makes a message of each datagram of a message that the kernel refused: they are messages from SPLIT_MESSAGES on.
 * @returns how many there are
 */
export function splitMessage(index: i32): i32 {
  const message = UDP_SEND_MESSAGES + index * MESSAGE_OCTETS;
  const name = UDP_SEND_NAMES + index * NAME_OCTETS;
  const control = UDP_SEND_CONTROLS + index * CONTROL_OCTETS;
  const typeOfService = load<u32>(control, CONTROL_DATA);
  const segmentOctets = <i32>load<u16>(control, CONTROL_SPACE + CONTROL_DATA);
  const datagrams = load<i32>(UDP_SEND_NOTES + (index << 3));
  let left = load<i32>(UDP_SEND_NOTES + (index << 3), 4);
  let vector = <usize>(load<u64>(message, MESSAGE_VECTORS) - load<u64>(MEMORY_BASE));
  for (let split = SPLIT_MESSAGES; split < SPLIT_MESSAGES + datagrams; split++) {
    const octets = min<i32>(segmentOctets, left);
    const first = vector;
    let found = 0;
    for (; found < octets; vector += VECTOR_OCTETS) found += vectorLength(vector);
    setVectors(UDP_SEND_MESSAGES + split * MESSAGE_OCTETS, first, (vector - first) / VECTOR_OCTETS);
    store<u16>(UDP_SEND_NAMES + split * NAME_OCTETS, load<u16>(name, NAME_PORT), NAME_PORT);
    store<u32>(UDP_SEND_NAMES + split * NAME_OCTETS, load<u32>(name, NAME_ADDRESS), NAME_ADDRESS);
    setControls(split, 0, typeOfService);
    note(UDP_SEND_NOTES, split, 1, octets);
    left -= octets;
  }
  return datagrams;
}
