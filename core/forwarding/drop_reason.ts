/**
 * Why a packet is not passed on: the closed list, each reason with a counter. The numbers are the places of
 * the counters; AssemblyScript compiles this file too, so it holds the enumeration only. What each reason
 * means stands in drop_reason_table.ts.
 */
export enum DropReason {
  // Found by the forwarder.
  truncatedHeader,
  unknownVersion,
  truncatedPacket,
  innerHeaderMalformed,
  outerHeaderMalformed,
  extensionHeadersMalformed,
  sourceNotUnicast,
  destinationNotUnicast,
  noBinding,
  noTunnel,
  sourceNotHomeAddress,
  sourceIsHomeAddress,
  destinationNotHomeAddress,
  sourceNotBound,
  notFromHomeAgent,
  signallingNotInUdp,
  signallingTooLong,
  signallingRingFull,
  tunHeaderMalformed,
  packetTooBig,
  congestionNotEct,
  // Found by the system calls.
  noSocket,
  udpSocketFull,
  udpSendFailed,
  rawSocketFull,
  rawSendFailed,
  tunFull,
  tunWriteFailed,
}

/** How many reasons there are. */
export const DROP_REASON_COUNT = 28;
