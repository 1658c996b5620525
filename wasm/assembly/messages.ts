import {
  AF_INET,
  AF_INET6,
  BATCH,
  CONTROL_DATA,
  CONTROL_HEADER_OCTETS,
  CONTROL_LENGTH,
  CONTROL_LEVEL,
  CONTROL_OCTETS,
  CONTROL_SPACE,
  CONTROL_TYPE,
  DATAGRAMS,
  HEADROOM,
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_TCLASS,
  MEMORY_BASE,
  MESSAGE_CONTROL,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_NAME,
  MESSAGE_NAME_LENGTH,
  MESSAGE_OCTETS,
  MESSAGE_VECTOR_COUNT,
  MESSAGE_VECTORS,
  NAME_FAMILY,
  NAME_IPV6_OCTETS,
  NAME_IPV6_STRIDE,
  NAME_OCTETS,
  RAW_IPV4_RECEIVE_MESSAGES,
  RAW_IPV4_SEND_MESSAGES,
  RAW_IPV4_SEND_NAMES,
  RAW_IPV6_RECEIVE_CONTROLS,
  RAW_IPV6_RECEIVE_MESSAGES,
  RAW_IPV6_RECEIVE_NAMES,
  RAW_IPV6_SEND_MESSAGES,
  RAW_IPV6_SEND_NAMES,
  RECEIVE_VECTORS,
  SLOT_CAPACITY,
  SLOT_STRIDE,
  SLOTS,
  SOL_UDP,
  UDP_GRO,
  UDP_MESSAGES,
  UDP_RECEIVE_CONTROLS,
  UDP_RECEIVE_MESSAGES,
  UDP_RECEIVE_NAMES,
  UDP_SEGMENT,
  UDP_SEND_CONTROLS,
  UDP_SEND_MESSAGES,
  UDP_SEND_NAMES,
  VECTOR_BASE,
  VECTOR_LENGTH,
  VECTOR_OCTETS,
} from "../memory_map";

/** The kernel's structures around the packets: mmsghdr, iovec, sockaddr_in, sockaddr_in6, cmsghdr. */

/** Where the packet of a slot begins. */
@inline
export function packetAt(slot: i32): usize {
  return SLOTS + HEADROOM + slot * SLOT_STRIDE;
}

/** The address that the kernel knows this place by. */
@inline
export function kernelAddress(offset: usize): u64 {
  return load<u64>(MEMORY_BASE) + offset;
}

@inline
export function setVector(vector: usize, start: usize, octets: i32): void {
  store<u64>(vector, kernelAddress(start), VECTOR_BASE);
  store<u64>(vector, octets, VECTOR_LENGTH);
}

/** Where in this memory a vector begins, and its octets. */
@inline
export function vectorStart(vector: usize): usize {
  return <usize>(load<u64>(vector, VECTOR_BASE) - load<u64>(MEMORY_BASE));
}

@inline
export function vectorLength(vector: usize): i32 {
  return load<i32>(vector, VECTOR_LENGTH);
}

/** Writes all that stays the same, into memory that is still zero. */
export function openMessages(): void {
  for (let slot = 0; slot < BATCH; slot++) {
    const receive = RECEIVE_VECTORS + slot * VECTOR_OCTETS;
    setVector(receive, packetAt(slot), SLOT_CAPACITY);
    const udpReceive = UDP_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS;
    openMessage(udpReceive, UDP_RECEIVE_NAMES + slot * NAME_OCTETS);
    setVectors(udpReceive, receive, 1);
    store<u64>(udpReceive, kernelAddress(UDP_RECEIVE_CONTROLS + slot * CONTROL_OCTETS), MESSAGE_CONTROL);
    expectUdp(udpReceive);
    setVectors(RAW_IPV4_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS, receive, 1);
    const ipv6Receive = RAW_IPV6_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS;
    openIpv6Message(ipv6Receive, RAW_IPV6_RECEIVE_NAMES + slot * NAME_IPV6_STRIDE);
    setVectors(ipv6Receive, receive, 1);
    store<u64>(ipv6Receive, kernelAddress(RAW_IPV6_RECEIVE_CONTROLS + slot * CONTROL_OCTETS), MESSAGE_CONTROL);
    expectRawIpv6(ipv6Receive);
  }
  for (let index = 0; index < DATAGRAMS; index++) {
    openMessage(RAW_IPV4_SEND_MESSAGES + index * MESSAGE_OCTETS, RAW_IPV4_SEND_NAMES + index * NAME_OCTETS);
    openIpv6Message(RAW_IPV6_SEND_MESSAGES + index * MESSAGE_OCTETS, RAW_IPV6_SEND_NAMES + index * NAME_IPV6_STRIDE);
  }
  for (let index = 0; index < UDP_MESSAGES; index++) {
    openMessage(UDP_SEND_MESSAGES + index * MESSAGE_OCTETS, UDP_SEND_NAMES + index * NAME_OCTETS);
    const control = UDP_SEND_CONTROLS + index * CONTROL_OCTETS;
    openControl(control, IPPROTO_IP, IP_TOS, 4);
    openControl(control + CONTROL_SPACE, SOL_UDP, UDP_SEGMENT, 2);
  }
}

function openMessage(message: usize, name: usize): void {
  store<u64>(message, kernelAddress(name), MESSAGE_NAME);
  store<u32>(message, NAME_OCTETS, MESSAGE_NAME_LENGTH);
  store<u16>(name, AF_INET, NAME_FAMILY);
}

/** Port, flow information and scope stay 0. */
function openIpv6Message(message: usize, name: usize): void {
  store<u64>(message, kernelAddress(name), MESSAGE_NAME);
  store<u32>(message, NAME_IPV6_OCTETS, MESSAGE_NAME_LENGTH);
  store<u16>(name, AF_INET6, NAME_FAMILY);
}

function openControl(control: usize, level: u32, type: u32, octets: u64): void {
  store<u64>(control, CONTROL_HEADER_OCTETS + octets, CONTROL_LENGTH);
  store<u32>(control, level, CONTROL_LEVEL);
  store<u32>(control, type, CONTROL_TYPE);
}

@inline
export function setVectors(message: usize, vectors: usize, count: u64): void {
  store<u64>(message, kernelAddress(vectors), MESSAGE_VECTORS);
  store<u64>(message, count, MESSAGE_VECTOR_COUNT);
}

/** Makes a message ready to receive again: the kernel has changed these lengths. */
@inline
export function expectUdp(message: usize): void {
  store<u32>(message, NAME_OCTETS, MESSAGE_NAME_LENGTH);
  store<u64>(message, CONTROL_OCTETS, MESSAGE_CONTROL_LENGTH);
}

@inline
export function expectRawIpv6(message: usize): void {
  store<u32>(message, NAME_IPV6_OCTETS, MESSAGE_NAME_LENGTH);
  store<u64>(message, CONTROL_OCTETS, MESSAGE_CONTROL_LENGTH);
}

/**
 * What came with the message in hand: type of service (IP_RECVTOS) or traffic class (IPV6_RECVTCLASS), and octets of each
 * datagram in it (UDP_GRO).
 */
export let receivedTypeOfService: u32 = 0;
export let receivedSegmentOctets: i32 = 0;

/** Reads the control messages; what did not come is 0. */
export function readControls(message: usize, control: usize): void {
  receivedTypeOfService = 0;
  receivedSegmentOctets = 0;
  const end = control + min<i32>(load<i32>(message, MESSAGE_CONTROL_LENGTH), CONTROL_OCTETS);
  let at = control;
  while (at + CONTROL_HEADER_OCTETS < end) {
    const length = load<i32>(at, CONTROL_LENGTH);
    if (length <= CONTROL_HEADER_OCTETS || length > <i32>(end - at)) return;
    const level = load<u32>(at, CONTROL_LEVEL);
    const type = load<u32>(at, CONTROL_TYPE);
    if (level == IPPROTO_IP && type == IP_TOS) receivedTypeOfService = load<u8>(at, CONTROL_DATA);
    if (level == IPPROTO_IPV6 && type == IPV6_TCLASS) receivedTypeOfService = load<u8>(at, CONTROL_DATA);
    if (level == SOL_UDP && type == UDP_GRO) receivedSegmentOctets = load<i32>(at, CONTROL_DATA);
    at += (length + 7) & ~7;
  }
}
