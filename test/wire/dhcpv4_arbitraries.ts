import fc from "fast-check";
import type { DhcpMessage } from "../../core/wire/dhcpv4.ts";
import type { ClasslessRoute, DhcpOptions } from "../../core/wire/dhcpv4_option.ts";
import { networkOf } from "../../core/control/movement/lease.ts";
import { ipv4Addresses } from "./arbitraries.ts";

const seconds = fc.nat(0xffff_ffff);
const lists = fc.array(ipv4Addresses, { minLength: 1, maxLength: 5 });

const classlessRoutes: fc.Arbitrary<ClasslessRoute> = fc.tuple(ipv4Addresses, fc.nat(32), ipv4Addresses).map(
  ([address, prefixLength, router]) => ({
    destination: networkOf(address, prefixLength),
    prefixLength,
    router,
  }),
);

export const dhcpOptions: fc.Arbitrary<DhcpOptions> = fc.record({
  messageType: fc.integer({ min: 1, max: 8 }),
  subnetMask: ipv4Addresses,
  routers: lists,
  domainNameServers: lists,
  interfaceMtu: fc.nat(0xffff),
  requestedAddress: ipv4Addresses,
  leaseSeconds: seconds,
  serverIdentifier: ipv4Addresses,
  parameterRequestList: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  maximumMessageOctets: fc.nat(0xffff),
  renewalSeconds: seconds,
  rebindingSeconds: seconds,
  clientIdentifier: fc.uint8Array({ minLength: 2, maxLength: 20 }),
  rapidCommit: fc.constant(true as const),
  // Many of them do not fit into one option.
  classlessRoutes: fc.array(classlessRoutes, { minLength: 1, maxLength: 50 }),
}, { requiredKeys: [], noNullPrototype: true });

export const dhcpMessages: fc.Arbitrary<DhcpMessage> = fc.record({
  operation: fc.integer({ min: 1, max: 2 }),
  transactionId: seconds,
  seconds: fc.nat(0xffff),
  broadcast: fc.boolean(),
  clientAddress: ipv4Addresses,
  yourAddress: ipv4Addresses,
  nextServerAddress: ipv4Addresses,
  relayAddress: ipv4Addresses,
  clientHardwareAddress: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  options: dhcpOptions,
}, { noNullPrototype: true });
