import {
  AF_INET,
  BATCH,
  CONTROL_DATA,
  CONTROL_LENGTH,
  CONTROL_LEVEL,
  CONTROL_OCTETS,
  CONTROL_TYPE,
  CONTROL_HEADER_OCTETS,
  HEADROOM,
  IP_TOS,
  IPPROTO_IP,
  MEMORY_BASE,
  MESSAGE_CONTROL,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_NAME,
  MESSAGE_NAME_LENGTH,
  MESSAGE_OCTETS,
  MESSAGE_VECTOR_COUNT,
  MESSAGE_VECTORS,
  NAME_ADDRESS,
  NAME_FAMILY,
  NAME_OCTETS,
  NAME_PORT,
  RAW_RECEIVE_MESSAGES,
  RAW_SEND_MESSAGES,
  RAW_SEND_NAMES,
  RAW_SEND_VECTORS,
  RECEIVE_VECTORS,
  SLOT_CAPACITY,
  SLOT_STRIDE,
  SLOTS,
  UDP_RECEIVE_CONTROLS,
  UDP_RECEIVE_MESSAGES,
  UDP_RECEIVE_NAMES,
  UDP_SEND_CONTROLS,
  UDP_SEND_MESSAGES,
  UDP_SEND_NAMES,
  UDP_SEND_VECTORS,
  VECTOR_BASE,
  VECTOR_LENGTH,
  VECTOR_OCTETS,
} from "../memory_map";

/** The kernel's structures around the packets: mmsghdr, iovec, sockaddr_in, cmsghdr. */

/** Octets of a control message with an int: CMSG_LEN and CMSG_SPACE. */
const TOS_CONTROL_LENGTH = CONTROL_HEADER_OCTETS + 4;
const TOS_CONTROL_SPACE = CONTROL_HEADER_OCTETS + 8;

/** Where the packet of a slot begins. */
@inline
export function packetAt(slot: i32): usize {
  return SLOTS + HEADROOM + slot * SLOT_STRIDE;
}

/** The address that the kernel knows this place by. */
@inline
function kernelAddress(offset: usize): u64 {
  return load<u64>(MEMORY_BASE) + offset;
}

@inline
export function setVector(vector: usize, start: usize, octets: i32): void {
  store<u64>(vector, kernelAddress(start), VECTOR_BASE);
  store<u64>(vector, octets, VECTOR_LENGTH);
}

/** Writes all that stays the same, into memory that is still zero. */
export function openMessages(): void {
  for (let slot = 0; slot < BATCH; slot++) {
    const receive = RECEIVE_VECTORS + slot * VECTOR_OCTETS;
    setVector(receive, packetAt(slot), SLOT_CAPACITY);
    const udpReceive = UDP_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS;
    openMessage(udpReceive, receive, UDP_RECEIVE_NAMES + slot * NAME_OCTETS);
    store<u64>(udpReceive, kernelAddress(UDP_RECEIVE_CONTROLS + slot * CONTROL_OCTETS), MESSAGE_CONTROL);
    expectUdp(udpReceive);
    openMessage(RAW_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS, receive, 0);

    const udpSend = UDP_SEND_MESSAGES + slot * MESSAGE_OCTETS;
    const control = UDP_SEND_CONTROLS + slot * CONTROL_OCTETS;
    openMessage(udpSend, UDP_SEND_VECTORS + slot * VECTOR_OCTETS, UDP_SEND_NAMES + slot * NAME_OCTETS);
    store<u64>(udpSend, kernelAddress(control), MESSAGE_CONTROL);
    store<u64>(control, TOS_CONTROL_LENGTH, CONTROL_LENGTH);
    store<u32>(control, IPPROTO_IP, CONTROL_LEVEL);
    store<u32>(control, IP_TOS, CONTROL_TYPE);
    const rawSend = RAW_SEND_MESSAGES + slot * MESSAGE_OCTETS;
    openMessage(rawSend, RAW_SEND_VECTORS + slot * VECTOR_OCTETS, RAW_SEND_NAMES + slot * NAME_OCTETS);
  }
}

function openMessage(message: usize, vector: usize, name: usize): void {
  store<u64>(message, kernelAddress(vector), MESSAGE_VECTORS);
  store<u64>(message, 1, MESSAGE_VECTOR_COUNT);
  if (name == 0) return;
  store<u64>(message, kernelAddress(name), MESSAGE_NAME);
  store<u32>(message, NAME_OCTETS, MESSAGE_NAME_LENGTH);
  store<u16>(name, AF_INET, NAME_FAMILY);
}

/** Makes a message ready to receive again: the kernel has changed these lengths. */
@inline
export function expectUdp(message: usize): void {
  store<u32>(message, NAME_OCTETS, MESSAGE_NAME_LENGTH);
  store<u64>(message, CONTROL_OCTETS, MESSAGE_CONTROL_LENGTH);
}

/** The type of service octet that came with a UDP message (IP_RECVTOS); 0 where none did. */
@inline
export function receivedTypeOfService(message: usize, control: usize): u32 {
  const end = control + min<i32>(load<i32>(message, MESSAGE_CONTROL_LENGTH), CONTROL_OCTETS);
  let at = control;
  while (at + CONTROL_HEADER_OCTETS < end) {
    const length = load<i32>(at, CONTROL_LENGTH);
    if (length <= CONTROL_HEADER_OCTETS || length > <i32>(end - at)) break;
    if (load<u32>(at, CONTROL_LEVEL) == IPPROTO_IP && load<u32>(at, CONTROL_TYPE) == IP_TOS) {
      return load<u8>(at, CONTROL_DATA);
    }
    at += (length + 7) & ~7;
  }
  return 0;
}

/** The next UDP datagram to send. `port` and `address` are in network order. */
@inline
export function sendUdp(
  index: i32,
  packet: usize,
  length: i32,
  address: u32,
  port: u32,
  typeOfService: u32,
): void {
  const message = UDP_SEND_MESSAGES + index * MESSAGE_OCTETS;
  const name = UDP_SEND_NAMES + index * NAME_OCTETS;
  setVector(UDP_SEND_VECTORS + index * VECTOR_OCTETS, packet, length);
  store<u16>(name, <u16>port, NAME_PORT);
  store<u32>(name, address, NAME_ADDRESS);
  store<u32>(UDP_SEND_CONTROLS + index * CONTROL_OCTETS, typeOfService, CONTROL_DATA);
  // Type of service 0 is what the socket has anyway: the kernel need not parse it.
  store<u64>(message, typeOfService == 0 ? 0 : TOS_CONTROL_SPACE, MESSAGE_CONTROL_LENGTH);
}

/** The next raw packet to send; it has its IPv4 header. */
@inline
export function sendRaw(index: i32, packet: usize, length: i32, address: u32): void {
  setVector(RAW_SEND_VECTORS + index * VECTOR_OCTETS, packet, length);
  store<u32>(RAW_SEND_NAMES + index * NAME_OCTETS, address, NAME_ADDRESS);
}
