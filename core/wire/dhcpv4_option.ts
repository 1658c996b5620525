import { formatIpv4, type Ipv4Address, ipv4Octets } from "./address.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";

/** A route of the classless static route option (RFC 3442). */
export interface ClasslessRoute {
  /** Bits after the prefix length are zero. */
  readonly destination: Ipv4Address;
  readonly prefixLength: number;
  /** 0.0.0.0: the destination is on the link. */
  readonly router: Ipv4Address;
}

/** The options that a client has a use for; others are passed over. */
export interface DhcpOptions {
  /** See DhcpMessageType; undefined in a BOOTP message. */
  readonly messageType?: number;
  readonly subnetMask?: Ipv4Address;
  readonly routers?: readonly Ipv4Address[];
  readonly domainNameServers?: readonly Ipv4Address[];
  readonly interfaceMtu?: number;
  readonly requestedAddress?: Ipv4Address;
  /** 0xffffffff is for ever. */
  readonly leaseSeconds?: number;
  readonly serverIdentifier?: Ipv4Address;
  /** Codes of options that the client wants to hear of. */
  readonly parameterRequestList?: Uint8Array;
  readonly maximumMessageOctets?: number;
  /** T1. */
  readonly renewalSeconds?: number;
  /** T2. */
  readonly rebindingSeconds?: number;
  /** Type and identifier. */
  readonly clientIdentifier?: Uint8Array;
  readonly rapidCommit?: true;
  readonly classlessRoutes?: readonly ClasslessRoute[];
}

interface OptionFormat<Value> {
  readonly code: number;
  /** In the RFC's words. */
  readonly name: string;
  /** The value, or what is wrong with it, as the end of a sentence. */
  readonly read: (data: Uint8Array) => { readonly value: Value } | { readonly reason: string };
  readonly write: (value: Value) => Uint8Array;
}

type OptionTable = { readonly [Key in keyof DhcpOptions]-?: OptionFormat<NonNullable<DhcpOptions[Key]>> };

/** Every option that is read and written: RFC 2132, unless another is named. */
export const DHCP_OPTION_TABLE: OptionTable = {
  messageType: { code: 53, name: "DHCP message type", ...number(1) },
  subnetMask: { code: 1, name: "subnet mask", ...address() },
  routers: { code: 3, name: "router", ...addresses() },
  domainNameServers: { code: 6, name: "domain name server", ...addresses() },
  interfaceMtu: { code: 26, name: "interface MTU", ...number(2) },
  requestedAddress: { code: 50, name: "requested IP address", ...address() },
  leaseSeconds: { code: 51, name: "IP address lease time", ...number(4) },
  serverIdentifier: { code: 54, name: "server identifier", ...address() },
  parameterRequestList: { code: 55, name: "parameter request list", ...octets(1) },
  maximumMessageOctets: { code: 57, name: "maximum DHCP message size", ...number(2) },
  renewalSeconds: { code: 58, name: "renewal (T1) time value", ...number(4) },
  rebindingSeconds: { code: 59, name: "rebinding (T2) time value", ...number(4) },
  clientIdentifier: { code: 61, name: "client-identifier", ...octets(2) },
  /** RFC 4039. */
  rapidCommit: { code: 80, name: "rapid commit", read: readRapidCommit, write: () => new Uint8Array() },
  /** RFC 3442. */
  classlessRoutes: { code: 121, name: "classless static route", read: readRoutes, write: writeRoutes },
};

type Format<Value> = Pick<OptionFormat<Value>, "read" | "write">;

function number(width: 1 | 2 | 4): Format<number> {
  return {
    read: (data) => {
      if (data.length !== width) return { reason: `has ${data.length} octets, not ${width}` };
      return { value: width === 1 ? data[0] : width === 2 ? readUint16(data, 0) : readUint32(data, 0) };
    },
    write: (value) => {
      const data = new Uint8Array(width);
      const write = width === 1 ? writeUint8 : width === 2 ? writeUint16 : writeUint32;
      write(data, 0, value, "DHCP option");
      return data;
    },
  };
}

function address(): Format<Ipv4Address> {
  return {
    read: (data) =>
      data.length === 4 ? { value: formatIpv4(data) } : { reason: `has ${data.length} octets, not 4` },
    write: ipv4Octets,
  };
}

function addresses(): Format<readonly Ipv4Address[]> {
  return {
    read: (data) => {
      if (data.length === 0 || data.length % 4 !== 0) {
        return { reason: `has ${data.length} octets, not a multiple of 4` };
      }
      const value: Ipv4Address[] = [];
      for (let at = 0; at < data.length; at += 4) value.push(formatIpv4(data, at));
      return { value };
    },
    write: (value) => new Uint8Array(value.flatMap((one) => [...ipv4Octets(one)])),
  };
}

function octets(minimum: number): Format<Uint8Array> {
  return {
    read: (data) =>
      data.length >= minimum
        ? { value: data }
        : { reason: `has ${data.length} octets, not at least ${minimum}` },
    write: (value) => value,
  };
}

function readRapidCommit(data: Uint8Array): { readonly value: true } | { readonly reason: string } {
  return data.length === 0 ? { value: true } : { reason: `has ${data.length} octets, not 0` };
}

/** Each route: prefix length, the octets of the destination that it covers, the router. */
function readRoutes(data: Uint8Array): { readonly value: ClasslessRoute[] } | { readonly reason: string } {
  if (data.length === 0) return { reason: "is empty" };
  const value: ClasslessRoute[] = [];
  let at = 0;
  while (at < data.length) {
    const prefixLength = data[at++];
    if (prefixLength > 32) return { reason: `has a prefix length of ${prefixLength}` };
    const significant = Math.ceil(prefixLength / 8);
    if (at + significant + 4 > data.length) return { reason: "ends within a route" };
    const destination = new Uint8Array(4);
    destination.set(data.subarray(at, at + significant));
    clearHostBits(destination, prefixLength);
    at += significant;
    value.push({ destination: formatIpv4(destination), prefixLength, router: formatIpv4(data, at) });
    at += 4;
  }
  return { value };
}

function writeRoutes(routes: readonly ClasslessRoute[]): Uint8Array {
  return new Uint8Array(routes.flatMap(({ destination, prefixLength, router }) => [
    prefixLength,
    ...ipv4Octets(destination).subarray(0, Math.ceil(prefixLength / 8)),
    ...ipv4Octets(router),
  ]));
}

/** A destination has no bits after its mask, whatever was sent (RFC 3442). */
function clearHostBits(address: Uint8Array, prefixLength: number): void {
  for (let i = 0; i < 4; i++) {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * i));
    address[i] &= 0xff << (8 - bits) & 0xff;
  }
}
