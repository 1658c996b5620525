import {
  formatIpv4,
  type Ipv4Address,
  ipv4Octets,
  isRoutableUnicastIpv4,
  isUnicastIpv4,
  UNSPECIFIED_IPV4,
} from "../../wire/address.ts";
import type { DhcpMessage } from "../../wire/dhcpv4.ts";
import type { ClasslessRoute } from "../../wire/dhcpv4_option.ts";
import { readUint32, writeUint32 } from "../../wire/octets.ts";
import type { EgressRoute } from "./egress_action.ts";

/** A shorter lease would be asked for again and again. */
const MINIMUM_LEASE_SECONDS = 10;
const INFINITE_LEASE_SECONDS = 0xffff_ffff;
const MAXIMUM_CLASSLESS_ROUTES = 32;
/** RFC 2131 section 4.4.5. */
const DEFAULT_T1 = 0.5;
const DEFAULT_T2 = 0.875;
/** Default T1 and T2 come up to this part sooner, so that clients do not all renew at once (section 4.4.5). */
const FUZZ = 0.02;

/** An IPv4 address with what a DHCP server said about its network. Instants are on the monotonic clock. */
export interface Lease {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  /** The default router; undefined where the network has none. */
  readonly gateway: Ipv4Address | undefined;
  /** For the interface's own table: the link, classless routes, the default route. */
  readonly routes: readonly EgressRoute[];
  /** What the server says that the link carries, octets; undefined where it says nothing. */
  readonly interfaceMtu: number | undefined;
  readonly serverIdentifier: Ipv4Address;
  /** Where the acknowledgement came from on the link: the server, or the relay agent before it. */
  readonly serverHardwareAddress: Uint8Array;
  /** T1: ask the server. */
  readonly renewAtMs: number;
  /** T2: ask any server. */
  readonly rebindAtMs: number;
  /** Infinity where the lease has no end. */
  readonly expiresAtMs: number;
}

/** What an offer or an acknowledgement is judged with. */
export interface LeaseRequest {
  /** When the message that is answered went out: the lease counts from there. */
  readonly sentAtMs: number;
  readonly serverHardwareAddress: Uint8Array;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** Gateway and routes, or why they are refused. */
type Routing =
  | { readonly gateway: Ipv4Address | undefined; readonly routes: readonly EgressRoute[] }
  | string;

/** The lease that an offer or an acknowledgement describes, or the reason why it cannot be used. */
export function leaseOf(message: DhcpMessage, request: LeaseRequest): Lease | string {
  const { yourAddress: address, options } = message;
  if (!isRoutableUnicastIpv4(address)) return `${address} is no address for a host`;
  const { serverIdentifier, subnetMask, leaseSeconds } = options;
  if (serverIdentifier === undefined) return "it names no server";
  if (!isUnicastIpv4(serverIdentifier) || serverIdentifier === address) {
    return `the server's address is ${serverIdentifier}`;
  }
  if (subnetMask === undefined) return "it has no subnet mask";
  const prefixLength = prefixLengthOfMask(subnetMask);
  if (prefixLength === undefined || prefixLength === 0) return `the subnet mask is ${subnetMask}`;
  if (isNetworkOrBroadcast(address, prefixLength)) {
    return `${address}/${prefixLength} is no address for a host`;
  }
  if (leaseSeconds === undefined) return "it has no lease time";
  if (leaseSeconds < MINIMUM_LEASE_SECONDS) return `the lease is of ${leaseSeconds} s`;
  const routing = routingOf(message, prefixLength);
  if (typeof routing === "string") return routing;
  return {
    address,
    prefixLength,
    ...routing,
    interfaceMtu: options.interfaceMtu,
    serverIdentifier,
    serverHardwareAddress: request.serverHardwareAddress,
    ...timesOf(message, leaseSeconds, request),
  };
}

function timesOf(
  { options }: DhcpMessage,
  leaseSeconds: number,
  { sentAtMs, random }: LeaseRequest,
): Pick<Lease, "renewAtMs" | "rebindAtMs" | "expiresAtMs"> {
  if (leaseSeconds === INFINITE_LEASE_SECONDS) {
    return { renewAtMs: Infinity, rebindAtMs: Infinity, expiresAtMs: Infinity };
  }
  const early = 1 - FUZZ * random();
  let renewalSeconds = options.renewalSeconds ?? leaseSeconds * DEFAULT_T1 * early;
  let rebindingSeconds = options.rebindingSeconds ?? leaseSeconds * DEFAULT_T2 * early;
  // T1 MUST be earlier than T2, and T2 earlier than the end (section 4.4.5).
  if (renewalSeconds <= 0 || renewalSeconds >= rebindingSeconds || rebindingSeconds >= leaseSeconds) {
    renewalSeconds = leaseSeconds * DEFAULT_T1 * early;
    rebindingSeconds = leaseSeconds * DEFAULT_T2 * early;
  }
  return {
    renewAtMs: sentAtMs + renewalSeconds * 1000,
    rebindAtMs: sentAtMs + rebindingSeconds * 1000,
    expiresAtMs: sentAtMs + leaseSeconds * 1000,
  };
}

/** Where there are classless routes, the router option says nothing (RFC 3442). */
function routingOf({ yourAddress: address, options }: DhcpMessage, prefixLength: number): Routing {
  const classless = options.classlessRoutes ?? [];
  if (classless.length > MAXIMUM_CLASSLESS_ROUTES) return `it has ${classless.length} classless routes`;
  const onLink: EgressRoute = {
    destination: networkOf(address, prefixLength),
    prefixLength,
    gateway: undefined,
  };
  const links = [
    onLink,
    ...classless.filter(({ router }) => router === UNSPECIFIED_IPV4).map(withoutGateway),
  ];
  const isNeighbor = (router: Ipv4Address) =>
    router !== address && isUnicastIpv4(router) &&
    links.some(({ destination, prefixLength: length }) =>
      networkOf(router, length) === destination && !isNetworkOrBroadcast(router, length)
    );
  const routes: EgressRoute[] = [onLink];
  for (const route of classless) {
    const fault = faultOfRoute(route, isNeighbor);
    if (fault !== undefined) return fault;
    routes.push(
      route.router === UNSPECIFIED_IPV4
        ? withoutGateway(route)
        : { ...withoutGateway(route), gateway: route.router },
    );
  }
  if (options.classlessRoutes !== undefined) {
    return { gateway: routes.find((route) => route.prefixLength === 0)?.gateway, routes };
  }
  const gateway = options.routers?.[0];
  if (gateway === undefined) return { gateway, routes };
  if (!isNeighbor(gateway)) return `its router ${gateway} is not on the link`;
  return { gateway, routes: [...routes, { destination: UNSPECIFIED_IPV4, prefixLength: 0, gateway }] };
}

function withoutGateway({ destination, prefixLength }: ClasslessRoute): EgressRoute {
  return { destination, prefixLength, gateway: undefined };
}

function faultOfRoute(
  { destination, prefixLength, router }: ClasslessRoute,
  isNeighbor: (router: Ipv4Address) => boolean,
): string | undefined {
  const isDefault = destination === UNSPECIFIED_IPV4 && prefixLength === 0;
  if (isDefault && router === UNSPECIFIED_IPV4) return "its default route has no router";
  if (!isDefault && (prefixLength === 0 || !isUnicastIpv4(destination))) {
    return `it has a route to ${destination}/${prefixLength}`;
  }
  if (router !== UNSPECIFIED_IPV4 && !isNeighbor(router)) {
    return `the router ${router} of a route is not on the link`;
  }
  return undefined;
}

/** Undefined where the mask has holes. */
export function prefixLengthOfMask(mask: Ipv4Address): number | undefined {
  const bits = readUint32(ipv4Octets(mask), 0);
  const length = Math.clz32(~bits);
  return bits === maskOf(length) ? length : undefined;
}

/** The first address of the prefix that an address is in. */
export function networkOf(address: Ipv4Address, prefixLength: number): Ipv4Address {
  return withHostBits(address, prefixLength, 0);
}

function isNetworkOrBroadcast(address: Ipv4Address, prefixLength: number): boolean {
  // A prefix of two addresses has neither (RFC 3021).
  if (prefixLength >= 31) return false;
  return address === networkOf(address, prefixLength) ||
    address === withHostBits(address, prefixLength, 0xffff_ffff);
}

function withHostBits(address: Ipv4Address, prefixLength: number, hostBits: number): Ipv4Address {
  const octets = ipv4Octets(address);
  const mask = maskOf(prefixLength);
  writeUint32(octets, 0, ((readUint32(octets, 0) & mask) | (hostBits & ~mask)) >>> 0, "address");
  return formatIpv4(octets);
}

function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : 0xffff_ffff << (32 - prefixLength) >>> 0;
}
