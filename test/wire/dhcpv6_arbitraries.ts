import fc from "fast-check";
import type { Dhcpv6Message, Dhcpv6RelayMessage } from "../../core/wire/dhcpv6.ts";
import {
  DHCPV6_OPTION_TABLE,
  type Dhcpv6Option,
  type Dhcpv6StatusCode,
  type IaPd,
  type IaPrefix,
  type UnknownDhcpv6Option,
} from "../../core/wire/dhcpv6_option.ts";
import { ipv6Addresses } from "./arbitraries.ts";

const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const octets = fc.uint8Array({ maxLength: 40 });
const duids = fc.uint8Array({ minLength: 3, maxLength: 130 });
const noNullPrototype = { noNullPrototype: true } as const;
const KNOWN_CODES = new Set(Object.values(DHCPV6_OPTION_TABLE).map(({ code }) => code));

const statusCodes: fc.Arbitrary<Dhcpv6StatusCode> = fc.record({
  kind: fc.constant("statusCode"),
  status: uint16,
  text: fc.string({ unit: "grapheme", maxLength: 20 }),
}, noNullPrototype);

const unknownOptions: fc.Arbitrary<UnknownDhcpv6Option> = fc.record({
  kind: fc.constant("unknownOption"),
  code: uint16.filter((code) => !KNOWN_CODES.has(code)),
  data: octets,
}, noNullPrototype);

const iaPrefixes: fc.Arbitrary<IaPrefix> = fc.record({
  kind: fc.constant("iaPrefix"),
  preferredLifetimeSeconds: uint32,
  validLifetimeSeconds: uint32,
  prefixLength: fc.nat(255),
  prefix: ipv6Addresses,
  options: fc.array(fc.oneof(statusCodes, unknownOptions), { maxLength: 2 }),
}, noNullPrototype);

const iaPds: fc.Arbitrary<IaPd> = fc.record({
  kind: fc.constant("iaPd"),
  iaid: uint32,
  renewSeconds: uint32,
  rebindSeconds: uint32,
  options: fc.array(fc.oneof(iaPrefixes, statusCodes, unknownOptions), { maxLength: 3 }),
}, noNullPrototype);

export const dhcpv6Options: fc.Arbitrary<Dhcpv6Option> = fc.oneof(
  fc.record({ kind: fc.constant("clientIdentifier"), duid: duids }, noNullPrototype),
  fc.record({ kind: fc.constant("serverIdentifier"), duid: duids }, noNullPrototype),
  fc.record(
    { kind: fc.constant("optionRequest"), codes: fc.array(uint16, { maxLength: 6 }) },
    noNullPrototype,
  ),
  fc.record({ kind: fc.constant("preference"), preference: fc.nat(255) }, noNullPrototype),
  fc.record({ kind: fc.constant("elapsedTime"), centiseconds: uint16 }, noNullPrototype),
  fc.record(
    { kind: fc.constant("relayMessage"), message: fc.uint8Array({ minLength: 4, maxLength: 40 }) },
    noNullPrototype,
  ),
  statusCodes,
  fc.record({ kind: fc.constant("rapidCommit") }, noNullPrototype),
  fc.record({ kind: fc.constant("interfaceId"), interfaceId: octets }, noNullPrototype),
  iaPds,
  fc.record({ kind: fc.constant("solMaxRt"), seconds: uint32 }, noNullPrototype),
  unknownOptions,
) as fc.Arbitrary<Dhcpv6Option>;

const options = fc.array(dhcpv6Options, { maxLength: 6 });

export const dhcpv6ClientMessages: fc.Arbitrary<Dhcpv6Message> = fc.record({
  kind: fc.constant("message"),
  type: fc.integer({ min: 1, max: 11 }),
  transactionId: fc.nat(0xff_ffff),
  options,
}, noNullPrototype);

export const dhcpv6RelayMessages: fc.Arbitrary<Dhcpv6RelayMessage> = fc.record({
  kind: fc.constantFrom("relayForward", "relayReply"),
  hopCount: fc.nat(255),
  linkAddress: ipv6Addresses,
  peerAddress: ipv6Addresses,
  options,
}, noNullPrototype);

export const dhcpv6Messages = fc.oneof(dhcpv6ClientMessages, dhcpv6RelayMessages);
