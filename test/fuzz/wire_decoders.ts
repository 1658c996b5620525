import { assert } from "@std/assert";
import fc, { type Arbitrary } from "fast-check";
import { decodeArp, encodeArp } from "../../core/wire/arp.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { decodeDhcpMessage, encodeDhcpMessage } from "../../core/wire/dhcpv4.ts";
import {
  decodeExtensionHeaders,
  encodeExtensionHeader,
  type ExtensionHeader,
} from "../../core/wire/extension_header.ts";
import { decodeIcmpv4Message, encodeIcmpv4Message } from "../../core/wire/icmpv4.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { decodeIpv4Header, encodeIpv4Header } from "../../core/wire/ipv4.ts";
import { decodeIpv6Header, encodeIpv6Header } from "../../core/wire/ipv6.ts";
import {
  decodeAnyMobilityHeader,
  decodeMobilityHeader,
  encodeMobilityHeader,
} from "../../core/wire/mobility_header.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import type { NeighborDiscoveryPacket } from "../../core/wire/neighbor_discovery.ts";
import { type Decoded, decoded } from "../../core/wire/result.ts";
import {
  decodeNeighborDiscoveryOptions,
  encodeNeighborDiscoveryOptionInto,
  neighborDiscoveryOptionOctets,
} from "../../core/wire/neighbor_discovery_option.ts";
import { decodeUdpHeader, encodeUdpHeader } from "../../core/wire/udp.ts";
import {
  anyMobilityMessages,
  extensionHeaders,
  icmpv4Messages,
  icmpv6Messages,
  ipv4Headers,
  ipv6Headers,
  mobilityMessages,
} from "../wire/arbitraries.ts";
import { neighborDiscoveryPackets } from "../wire/neighbor_discovery_arbitraries.ts";
import { dhcpMessages } from "../wire/dhcpv4_arbitraries.ts";
import { hexOf, octetsOf } from "../wire/octets.ts";
import { concatenate, ipv6Packet } from "../wire/packets.ts";
import { MESSAGE_VECTORS, OPTION_VECTORS } from "../vectors/mobility_headers.ts";

/** A decoder, and octets that it gives values for. */
export interface WireDecoder {
  readonly name: string;
  /** Parts of all packets. */
  readonly share: number;
  readonly corpus: readonly Uint8Array[];
  /** Decodes, and checks what it can of a value. */
  readonly decode: (bytes: Uint8Array) => Decoded<unknown>;
}

const SAMPLES = 200;
/** Of the samples. */
const SEED = 5555;

const ADDRESSES = { source: "2001:db8::1", destination: "2001:db8::2" };

function sample<Value>(values: Arbitrary<Value>, encode: (value: Value) => Uint8Array): Uint8Array[] {
  return fc.sample(values, { numRuns: SAMPLES, seed: SEED }).map(encode);
}

const mobilityHeaders = [
  ...[...MESSAGE_VECTORS, ...OPTION_VECTORS].map(({ hex }) => octetsOf(hex)),
  ...sample(mobilityMessages, encodeMobilityHeader),
];

const plainPackets = mobilityHeaders.map((mobilityHeader) =>
  encodeMobilityPacket({ ...ADDRESSES, mobilityHeader })
);

/** Mobility packets with one or two extension headers of any kind before the mobility header. */
const extendedPackets = fc.sample(fc.array(extensionHeaders, { minLength: 1, maxLength: 2 }), {
  numRuns: SAMPLES,
  seed: SEED,
}).map((headers, i) =>
  ipv6Packet(ADDRESSES, headers.map(passable), Protocol.mobilityHeader, mobilityHeaders[i])
);

/** A receiver goes on behind such a header. */
function passable(header: ExtensionHeader): ExtensionHeader {
  switch (header.kind) {
    case "fragment":
      return { ...header, fragmentOffset: 0, moreFragments: false };
    case "homeAddressRouting":
      return { ...header, segmentsLeft: 1 };
    case "otherRouting":
      return { ...header, segmentsLeft: 0 };
    case "hopByHopOptions":
    case "destinationOptions":
      return header;
  }
}

export const WIRE_DECODERS: readonly WireDecoder[] = [
  {
    name: "decodeMobilityPacket",
    share: 5,
    corpus: [...plainPackets, ...extendedPackets],
    decode: decodeMobilityPacket,
  },
  {
    name: "decodeMobilityHeader",
    share: 4,
    corpus: mobilityHeaders,
    decode: decodeAndEncode(decodeMobilityHeader),
  },
  {
    name: "decodeAnyMobilityHeader",
    share: 3,
    corpus: sample(anyMobilityMessages, encodeMobilityHeader),
    decode: decodeAndEncode(decodeAnyMobilityHeader),
  },
  {
    name: "decodeExtensionHeaders",
    share: 2,
    corpus: sample(
      fc.array(extensionHeaders, { minLength: 1, maxLength: 4 }),
      (headers) => concatenate(...headers.map(encodeExtensionHeader)),
    ),
    decode: (bytes) => decodeExtensionHeaders(bytes, 0, bytes.length, bytes.length & 1 ? 60 : 43),
  },
  {
    name: "decodeIpv4Header",
    share: 2,
    corpus: sample(ipv4Headers, encodeIpv4Header),
    decode: (bytes) => decodeIpv4Header(bytes, 0),
  },
  {
    name: "decodeIpv6Header",
    share: 2,
    corpus: sample(ipv6Headers, encodeIpv6Header),
    decode: (bytes) => decodeIpv6Header(bytes, 0),
  },
  {
    name: "decodeUdpHeader",
    share: 2,
    corpus: [encodeUdpHeader({ sourcePort: 4191, destinationPort: 4191, length: 8, checksum: 0 })],
    decode: (bytes) => decodeUdpHeader(bytes, 0),
  },
  {
    name: "decodeIcmpv4Message",
    share: 2,
    corpus: sample(icmpv4Messages, encodeIcmpv4Message),
    decode: (bytes) => decodeIcmpv4Message(bytes, 0, bytes.length),
  },
  {
    name: "decodeIcmpv6Message",
    share: 2,
    corpus: sample(icmpv6Messages, (message) => encodeIcmpv6Message(message, ADDRESSES)),
    decode: (bytes) => decodeIcmpv6Message(bytes, 0, bytes.length, ADDRESSES),
  },
  {
    name: "decodeDhcpMessage",
    share: 2,
    corpus: sample(dhcpMessages, encodeDhcpMessage),
    decode: decodeDhcpMessage,
  },
  {
    name: "decodeArp",
    share: 1,
    corpus: [1, 2].map((operation) =>
      encodeArp({
        operation,
        senderHardwareAddress: octetsOf("020000000001"),
        senderAddress: "192.0.2.7",
        targetHardwareAddress: new Uint8Array(6),
        targetAddress: "192.0.2.1",
      })
    ),
    decode: decodeArp,
  },
  {
    name: "decodeNeighborDiscoveryOptions",
    share: 2,
    corpus: sample(neighborDiscoveryPackets.filter(({ message }) => message.options.length > 0), optionsOf),
    decode: (bytes) => decodeNeighborDiscoveryOptions(bytes, 0, bytes.length),
  },
];

/** Without the message around them, whose checksum would keep damaged ones away from the decoder. */
function optionsOf({ message: { options } }: NeighborDiscoveryPacket): Uint8Array {
  return concatenate(...options.map((option) => {
    const bytes = new Uint8Array(neighborDiscoveryOptionOctets(option));
    encodeNeighborDiscoveryOptionInto(option, bytes, 0);
    return bytes;
  }));
}

/** A message that was decoded can be encoded, and the octets of that say the same message again. */
function decodeAndEncode(decode: typeof decodeAnyMobilityHeader): (bytes: Uint8Array) => Decoded<unknown> {
  return (bytes) => {
    const first = decode(bytes);
    if (!first.ok) return first;
    const encoded = encodeMobilityHeader(first.value.message);
    const again = decode(encoded);
    assert(
      again.ok && hexOf(encodeMobilityHeader(again.value.message)) === hexOf(encoded),
      "is not the same again",
    );
    return decoded(undefined);
  };
}

/**
 * Tells whether there was a value.
 * @throws Error where a decoder throws, names a place outside the packet, or gives a fault without a name
 */
export function decodes({ name, decode }: WireDecoder, bytes: Uint8Array): boolean {
  try {
    const result = decode(bytes);
    if (result.ok) return true;
    const { offset, field, reason } = result.error;
    assert(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length, `fault at ${offset}`);
    assert(field !== "" && reason !== "", "fault without a name");
    return false;
  } catch (error) {
    throw new Error(`${name}: ${error}\n${hexOf(bytes)}`, { cause: error });
  }
}
