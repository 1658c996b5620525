import type { DropReasonName } from "./counters.ts";

/** What a drop reason means, for a person who reads the counters. */
export interface DropExplanation {
  readonly meaning: string;
  /** What asks for the drop: an RFC section, or our own limit. */
  readonly source: string;
}

export const DROP_EXPLANATIONS: Readonly<Record<DropReasonName, DropExplanation>> = {
  truncatedHeader: { meaning: "shorter than an IP header", source: "RFC 8200 3, RFC 791 3.1" },
  unknownVersion: {
    meaning: "the first nibble is neither 4 nor 6, or not the outer protocol's version",
    source: "RFC 5555 4.1",
  },
  truncatedPacket: { meaning: "the inner length field goes past the end", source: "RFC 8200 3" },
  innerHeaderMalformed: { meaning: "the inner IPv4 header contradicts itself", source: "RFC 791 3.1" },
  outerHeaderMalformed: { meaning: "the outer IPv4 header contradicts itself", source: "RFC 791 3.1" },
  extensionHeadersMalformed: {
    meaning: "inner extension headers go past the end, or are more than 8",
    source: "RFC 8200 4",
  },
  sourceNotUnicast: {
    meaning: "inner source unspecified, loopback, link-local, multicast or IPv4-mapped",
    source: "RFC 4291 2, RFC 4213 3.6",
  },
  destinationNotUnicast: {
    meaning: "inner destination unspecified, loopback, link-local, multicast or IPv4-mapped",
    source: "RFC 6275 10.4.2",
  },
  noBinding: {
    meaning: "no mobile node is registered with the inner destination",
    source: "RFC 6275 10.4.1",
  },
  noTunnel: { meaning: "the mobile node is not registered", source: "RFC 6275 11.3.1" },
  sourceNotHomeAddress: {
    meaning: "sent from another address than the home address, and not from a mobile network",
    source: "RFC 5555 4.4.3",
  },
  sourceIsHomeAddress: {
    meaning: "came from outside with our own home address, or one of our mobile network, as source",
    source: "RFC 4213 3.6",
  },
  destinationNotHomeAddress: {
    meaning: "came for another address than the home address, and not for a mobile network",
    source: "RFC 6275 11.3.3",
  },
  sourceNotBound: {
    meaning: "the inner source has no binding, or its binding is for another outer source",
    source: "RFC 6275 10.4.5",
  },
  notFromHomeAgent: {
    meaning: "the outer source is not the home agent's end of the tunnel",
    source: "RFC 6275 11.3.3",
  },
  signallingNotInUdp: {
    meaning: "a mobility message to us came in a tunnel without UDP",
    source: "RFC 5555 4.2",
  },
  signallingTooLong: { meaning: "a mobility message of more than 4032 octets", source: "own limit" },
  signallingRingFull: {
    meaning: "control has not yet taken the mobility messages before",
    source: "own limit",
  },
  tunHeaderMalformed: {
    meaning: "the TUN device asks for a checksum or segments that the packet cannot have",
    source: "own limit",
  },
  packetTooBig: { meaning: "larger than the tunnel's MTU; answered where allowed", source: "RFC 2473 7.1" },
  congestionNotEct: {
    meaning: "outer congestion mark on a packet whose transport does not know ECN",
    source: "RFC 6040 4.2",
  },
  noSocket: { meaning: "there is no care-of address to send from", source: "RFC 5555 4.4" },
  udpSocketFull: { meaning: "the UDP socket's send queue is full", source: "sendmmsg(2) EAGAIN, ENOBUFS" },
  udpSendFailed: { meaning: "the kernel refused a UDP datagram", source: "sendmmsg(2)" },
  rawSocketFull: { meaning: "the raw socket's send queue is full", source: "sendmmsg(2) EAGAIN, ENOBUFS" },
  rawSendFailed: {
    meaning: "the kernel refused a packet that was encapsulated without UDP",
    source: "sendmmsg(2)",
  },
  tunFull: { meaning: "the TUN device takes no more packets now", source: "writev(2) EAGAIN, ENOBUFS" },
  tunWriteFailed: { meaning: "the TUN device refused a packet", source: "writev(2)" },
};
