import { formatIpv6, IPV6_OCTETS, type Ipv6Address, ipv6Octets } from "./address.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** Of a router or a route (RFC 4191 section 2.1). */
export type RoutePreference = "low" | "medium" | "high";

/** A lifetime that never ends (RFC 4861 4.6.2). */
export const INFINITE_LIFETIME_SECONDS = 0xffff_ffff;

/** Options of neighbour discovery. Hardware addresses are those of Ethernet, 6 octets. */
export type NeighborDiscoveryOption =
  | { readonly kind: "sourceLinkLayerAddress"; readonly hardwareAddress: Uint8Array }
  | { readonly kind: "targetLinkLayerAddress"; readonly hardwareAddress: Uint8Array }
  | PrefixInformation
  /** Octets, 32 bits (RFC 4861 4.6.4). */
  | { readonly kind: "mtu"; readonly mtu: number }
  /** The longest time between multicast advertisements, milliseconds, 32 bits (RFC 6275 7.3). */
  | { readonly kind: "advertisementInterval"; readonly intervalMs: number }
  /** RFC 6275 7.4: 16 bits each; the higher preference is the better one. `mobileRouters`: RFC 3963 7.3. */
  | {
    readonly kind: "homeAgentInformation";
    readonly preference: number;
    readonly lifetimeSeconds: number;
    readonly mobileRouters: boolean;
  }
  /** RFC 4191 2.3. */
  | {
    readonly kind: "routeInformation";
    readonly prefix: Ipv6Address;
    /** 0..128 bits. */
    readonly prefixLength: number;
    readonly preference: RoutePreference;
    readonly lifetimeSeconds: number;
  }
  /** RFC 8106 5.1: one address or more. */
  | {
    readonly kind: "recursiveDnsServer";
    readonly lifetimeSeconds: number;
    readonly servers: readonly Ipv6Address[];
  }
  /** Of another type, or of a length or preference that its type does not have: to be passed over. */
  | { readonly kind: "unknownOption"; readonly type: number; readonly data: Uint8Array };

/** RFC 4861 4.6.2, with the R flag of RFC 6275 7.2. Lifetimes in seconds, 32 bits. */
export interface PrefixInformation {
  readonly kind: "prefixInformation";
  /** Bits after the length may be set: with `routerAddress` they are the router's. */
  readonly prefix: Ipv6Address;
  /** As it stands there, 0..255. */
  readonly prefixLength: number;
  readonly onLink: boolean;
  readonly autonomous: boolean;
  readonly routerAddress: boolean;
  readonly validLifetimeSeconds: number;
  readonly preferredLifetimeSeconds: number;
}

type Kind = Exclude<NeighborDiscoveryOption["kind"], "unknownOption">;
type OptionOf<K extends NeighborDiscoveryOption["kind"]> = Extract<
  NeighborDiscoveryOption,
  { readonly kind: K }
>;

interface OptionCodec<K extends Kind> {
  readonly type: number;
  /** The option that begins at `at` and takes `octets` octets; undefined where its type does not have it so. */
  read(bytes: Uint8Array, at: number, octets: number): OptionOf<K> | undefined;
  /** Octets with type and length, a multiple of 8. */
  octets(option: OptionOf<K>): number;
  /** Writes what follows type and length into zeros. */
  write(option: OptionOf<K>, buffer: Uint8Array, at: number): void;
}

const UNIT_OCTETS = 8;
const HEAD_OCTETS = 2;
const HARDWARE_ADDRESS_OCTETS = 6;
const PREFIX_INFORMATION_OCTETS = 32;
const RDNSS_HEAD_OCTETS = 8;

const PrefixFlag = { onLink: 0x80, autonomous: 0x40, routerAddress: 0x20 } as const;
/** R (RFC 3963 section 7.3). */
const MOBILE_ROUTERS_FLAG = 0x80;

const CODECS: { readonly [K in Kind]: OptionCodec<K> } = {
  sourceLinkLayerAddress: {
    type: 1,
    read(bytes, at, octets) {
      const hardwareAddress = readHardwareAddress(bytes, at, octets);
      return hardwareAddress && { kind: "sourceLinkLayerAddress", hardwareAddress };
    },
    octets: () => UNIT_OCTETS,
    write: (option, buffer, at) => writeHardwareAddress(option.hardwareAddress, buffer, at),
  },
  targetLinkLayerAddress: {
    type: 2,
    read(bytes, at, octets) {
      const hardwareAddress = readHardwareAddress(bytes, at, octets);
      return hardwareAddress && { kind: "targetLinkLayerAddress", hardwareAddress };
    },
    octets: () => UNIT_OCTETS,
    write: (option, buffer, at) => writeHardwareAddress(option.hardwareAddress, buffer, at),
  },
  prefixInformation: {
    type: 3,
    read: (bytes, at, octets) =>
      octets !== PREFIX_INFORMATION_OCTETS ? undefined : {
        kind: "prefixInformation",
        prefix: formatIpv6(bytes, at + 16),
        prefixLength: bytes[at + 2],
        onLink: (bytes[at + 3] & PrefixFlag.onLink) !== 0,
        autonomous: (bytes[at + 3] & PrefixFlag.autonomous) !== 0,
        routerAddress: (bytes[at + 3] & PrefixFlag.routerAddress) !== 0,
        validLifetimeSeconds: readUint32(bytes, at + 4),
        preferredLifetimeSeconds: readUint32(bytes, at + 8),
      },
    octets: () => PREFIX_INFORMATION_OCTETS,
    write(option, buffer, at) {
      writeUint8(buffer, at + 2, option.prefixLength, "prefix length");
      buffer[at + 3] = (option.onLink ? PrefixFlag.onLink : 0) |
        (option.autonomous ? PrefixFlag.autonomous : 0) |
        (option.routerAddress ? PrefixFlag.routerAddress : 0);
      writeUint32(buffer, at + 4, option.validLifetimeSeconds, "valid lifetime");
      writeUint32(buffer, at + 8, option.preferredLifetimeSeconds, "preferred lifetime");
      buffer.set(ipv6Octets(option.prefix), at + 16);
    },
  },
  mtu: {
    type: 5,
    read: (bytes, at, octets) =>
      octets === UNIT_OCTETS ? { kind: "mtu", mtu: readUint32(bytes, at + 4) } : undefined,
    octets: () => UNIT_OCTETS,
    write: (option, buffer, at) => writeUint32(buffer, at + 4, option.mtu, "MTU"),
  },
  advertisementInterval: {
    type: 7,
    read: (bytes, at, octets) =>
      octets === UNIT_OCTETS
        ? { kind: "advertisementInterval", intervalMs: readUint32(bytes, at + 4) }
        : undefined,
    octets: () => UNIT_OCTETS,
    write: (option, buffer, at) => writeUint32(buffer, at + 4, option.intervalMs, "advertisement interval"),
  },
  homeAgentInformation: {
    type: 8,
    read: (bytes, at, octets) =>
      octets !== UNIT_OCTETS ? undefined : {
        kind: "homeAgentInformation",
        preference: readUint16(bytes, at + 4),
        lifetimeSeconds: readUint16(bytes, at + 6),
        mobileRouters: (bytes[at + 2] & MOBILE_ROUTERS_FLAG) !== 0,
      },
    octets: () => UNIT_OCTETS,
    write(option, buffer, at) {
      if (option.mobileRouters) buffer[at + 2] = MOBILE_ROUTERS_FLAG;
      writeUint16(buffer, at + 4, option.preference, "home agent preference");
      writeUint16(buffer, at + 6, option.lifetimeSeconds, "home agent lifetime");
    },
  },
  routeInformation: {
    type: 24,
    read: readRouteInformation,
    octets: ({ prefixLength }) => routeInformationOctets(prefixLength),
    write(option, buffer, at) {
      const prefixOctets = routeInformationOctets(option.prefixLength) - UNIT_OCTETS;
      writeUint8(buffer, at + 2, option.prefixLength, "prefix length");
      buffer[at + 3] = preferenceBits(option.preference);
      writeUint32(buffer, at + 4, option.lifetimeSeconds, "route lifetime");
      buffer.set(ipv6Octets(option.prefix).subarray(0, prefixOctets), at + UNIT_OCTETS);
    },
  },
  recursiveDnsServer: {
    type: 25,
    read(bytes, at, octets) {
      const count = (octets - RDNSS_HEAD_OCTETS) / IPV6_OCTETS;
      if (count < 1 || !Number.isInteger(count)) return undefined;
      const servers = Array.from(
        { length: count },
        (_, i) => formatIpv6(bytes, at + RDNSS_HEAD_OCTETS + IPV6_OCTETS * i),
      );
      return { kind: "recursiveDnsServer", lifetimeSeconds: readUint32(bytes, at + 4), servers };
    },
    octets: ({ servers }) => RDNSS_HEAD_OCTETS + IPV6_OCTETS * servers.length,
    write(option, buffer, at) {
      writeUint32(buffer, at + 4, option.lifetimeSeconds, "lifetime");
      option.servers.forEach((server, i) =>
        buffer.set(ipv6Octets(server), at + RDNSS_HEAD_OCTETS + IPV6_OCTETS * i)
      );
    },
  },
};

const BY_TYPE: ReadonlyMap<number, OptionCodec<Kind>> = new Map(
  Object.values(CODECS).map((codec) => [codec.type, codec as OptionCodec<Kind>]),
);

/** Bits 3 and 4 of the flags of a Router Advertisement and of route information (RFC 4191 2.2, 2.3). */
export function preferenceBits(preference: RoutePreference): number {
  return preference === "high" ? 0x08 : preference === "low" ? 0x18 : 0;
}

/** Undefined for the value that is reserved. */
export function preferenceOfBits(flags: number): RoutePreference | undefined {
  switch (flags & 0x18) {
    case 0x08:
      return "high";
    case 0x00:
      return "medium";
    case 0x18:
      return "low";
    default:
      return undefined;
  }
}

/** Decodes all options from `offset` up to `end`. A length of 0 or past the end makes the message invalid (RFC 4861 4.6). */
export function decodeNeighborDiscoveryOptions(
  bytes: Uint8Array,
  offset: number,
  end: number,
): Decoded<NeighborDiscoveryOption[]> {
  const options: NeighborDiscoveryOption[] = [];
  for (let at = offset; at < end;) {
    if (at + HEAD_OCTETS > end) return malformed(at, "neighbor discovery option", "is cut off");
    const octets = UNIT_OCTETS * bytes[at + 1];
    if (octets === 0) return malformed(at + 1, "neighbor discovery option length", "is 0");
    if (at + octets > end) {
      return malformed(at + 1, "neighbor discovery option length", "goes past the end of the packet");
    }
    const known = BY_TYPE.get(bytes[at])?.read(bytes, at, octets);
    options.push(
      known ??
        { kind: "unknownOption", type: bytes[at], data: bytes.slice(at + HEAD_OCTETS, at + octets) },
    );
    at += octets;
  }
  return decoded(options);
}

/** The first option of a kind; undefined: there is none. */
export function findNeighborDiscoveryOption<K extends NeighborDiscoveryOption["kind"]>(
  options: readonly NeighborDiscoveryOption[],
  kind: K,
): OptionOf<K> | undefined {
  return options.find((option): option is OptionOf<K> => option.kind === kind);
}

/** Octets of an option with its type and length. */
export function neighborDiscoveryOptionOctets(option: NeighborDiscoveryOption): number {
  if (option.kind !== "unknownOption") return codecOf(option).octets(option);
  const octets = HEAD_OCTETS + option.data.length;
  if (octets % UNIT_OCTETS !== 0) {
    throw new RangeError(`Cannot encode option ${option.type}: ${octets} octets are no multiple of 8`);
  }
  return octets;
}

/** Writes one option into zeros from `at` on. Throws RangeError for a record that cannot be sent. */
export function encodeNeighborDiscoveryOptionInto(
  option: NeighborDiscoveryOption,
  buffer: Uint8Array,
  at: number,
): number {
  const octets = neighborDiscoveryOptionOctets(option);
  writeUint8(buffer, at + 1, octets / UNIT_OCTETS, "neighbor discovery option length");
  if (option.kind === "unknownOption") {
    writeUint8(buffer, at, option.type, "neighbor discovery option type");
    buffer.set(option.data, at + HEAD_OCTETS);
  } else {
    const codec = codecOf(option);
    buffer[at] = codec.type;
    codec.write(option, buffer, at);
  }
  return octets;
}

function codecOf(option: OptionOf<Kind>): OptionCodec<Kind> {
  return CODECS[option.kind] as OptionCodec<Kind>;
}

/** Undefined where the option is not as long as with Ethernet. */
function readHardwareAddress(bytes: Uint8Array, at: number, octets: number): Uint8Array | undefined {
  return octets === UNIT_OCTETS ? bytes.slice(at + HEAD_OCTETS, at + octets) : undefined;
}

function writeHardwareAddress(hardwareAddress: Uint8Array, buffer: Uint8Array, at: number): void {
  if (hardwareAddress.length !== HARDWARE_ADDRESS_OCTETS) {
    throw new RangeError(`Cannot encode a hardware address of ${hardwareAddress.length} octets`);
  }
  buffer.set(hardwareAddress, at + HEAD_OCTETS);
}

function readRouteInformation(
  bytes: Uint8Array,
  at: number,
  octets: number,
): OptionOf<"routeInformation"> | undefined {
  const prefixLength = bytes[at + 2];
  const preference = preferenceOfBits(bytes[at + 3]);
  if (prefixLength > 128 || octets > 3 * UNIT_OCTETS) return undefined;
  if (preference === undefined || octets < routeInformationOctets(prefixLength)) return undefined;
  const prefix = new Uint8Array(IPV6_OCTETS);
  prefix.set(bytes.subarray(at + UNIT_OCTETS, at + octets));
  return {
    kind: "routeInformation",
    prefix: formatIpv6(prefix),
    prefixLength,
    preference,
    lifetimeSeconds: readUint32(bytes, at + 4),
  };
}

/** No octets of the prefix where it has no bits, 8 up to 64 bits, else 16. */
function routeInformationOctets(prefixLength: number): number {
  return UNIT_OCTETS * (1 + Math.ceil(prefixLength / 64));
}
