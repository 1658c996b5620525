import fc, { type Arbitrary } from "fast-check";
import { formatIpv4, formatIpv6 } from "../../core/wire/address.ts";
import type { ExtensionHeader, Ipv6Option } from "../../core/wire/extension_header.ts";
import type { Field } from "../../core/wire/field.ts";
import type { Icmpv4Message } from "../../core/wire/icmpv4.ts";
import type { Icmpv6Message } from "../../core/wire/icmpv6.ts";
import type { Ipv4Header } from "../../core/wire/ipv4.ts";
import type { Ipv6Header } from "../../core/wire/ipv6.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import {
  ALL_MOBILITY_MESSAGES,
  type AnyMobilityMessage,
  MOBILITY_MESSAGES,
} from "../../core/wire/mobility_message_table.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  ALL_MOBILITY_OPTIONS,
  type AnyMobilityOption,
  MOBILITY_OPTIONS,
} from "../../core/wire/mobility_option_table.ts";

/** Records of core/wire made up at random: those of mobility messages and options straight from their tables. */

const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const bits = (count: number) => fc.nat(2 ** count - 1);
const uint32 = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff));

export const ipv4Addresses: Arbitrary<string> = octets(4, 4).map((bytes) => formatIpv4(bytes));
export const ipv6Addresses: Arbitrary<string> = octets(16, 16).map((bytes) => formatIpv6(bytes));

type Fields = Readonly<Record<string, Field<never>>>;

/** Long enough to meet every alignment, short enough that eight options fit. */
const REST_OCTETS = 40;

function fieldArbitrary({ form }: Field<never>): Arbitrary<unknown> {
  switch (form.kind) {
    case "number":
      return (form.bits === 32 ? uint32 : bits(form.bits)).map((value) => value * form.scale);
    case "bigNumber":
      return fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    case "constant":
      return fc.constant(form.value);
    case "optionalNumber":
      return fc.option(form.bits === 32 ? uint32 : bits(form.bits), { nil: undefined });
    case "flag":
      return fc.boolean();
    case "ipv4":
      return ipv4Addresses;
    case "ipv6":
      return ipv6Addresses;
    case "optionalAddress":
      return fc.oneof(fc.constant(undefined), ipv4Addresses, ipv6Addresses);
    case "address":
      return fc.oneof(ipv4Addresses, ipv6Addresses);
    case "ipv6List":
      return fc.array(ipv6Addresses, { maxLength: 4 });
    case "octets":
      return octets(form.octets, form.octets);
    case "restOctets":
      return octets(form.minimum, REST_OCTETS);
  }
}

function recordArbitrary(kind: string, fields: object): Arbitrary<object> {
  const members = Object.entries(fields as Fields).map(([key, field]) => [key, fieldArbitrary(field)]);
  return fc.record({ kind: fc.constant(kind), ...Object.fromEntries(members) }, { noNullPrototype: true });
}

const unknownType = (known: readonly number[]) => bits(8).filter((type) => !known.includes(type));

interface Entry {
  readonly type: number;
  readonly kind: string;
  readonly fields: object;
}

/** Options with an entry, and options that no entry of these has. */
function optionArbitrary(entries: readonly Entry[]): Arbitrary<object> {
  return fc.oneof(
    ...entries.map(({ kind, fields }) => recordArbitrary(kind, fields)),
    fc.record({
      kind: fc.constant("unknownOption"),
      type: unknownType([0, 1, ...entries.map(({ type }) => type)]),
      data: octets(0, REST_OCTETS),
    }, { noNullPrototype: true }),
  );
}

/** Messages with an entry, and messages that no entry of these has. */
function messageArbitrary(entries: readonly Entry[], options: Arbitrary<object>): Arbitrary<object> {
  return fc.oneof(
    ...entries.map(({ kind, fields }) =>
      fc.tuple(recordArbitrary(kind, fields), fc.array(options, { maxLength: 8 }))
        .map(([fixed, options]) => ({ ...fixed, options }))
    ),
    fc.record({
      kind: fc.constant("unknownMessage"),
      type: unknownType(entries.map(({ type }) => type)),
      data: fc.nat(5).chain((units) => octets(2 + 8 * units, 2 + 8 * units)),
    }, { noNullPrototype: true }),
  );
}

/** What the stack acts on. */
export const mobilityOptions = optionArbitrary(Object.values(MOBILITY_OPTIONS)) as Arbitrary<MobilityOption>;
export const mobilityMessages = messageArbitrary(
  Object.values(MOBILITY_MESSAGES),
  mobilityOptions,
) as Arbitrary<MobilityMessage>;

/** The whole table. */
export const anyMobilityOptions = optionArbitrary(ALL_MOBILITY_OPTIONS) as Arbitrary<AnyMobilityOption>;
export const anyMobilityMessages = messageArbitrary(
  ALL_MOBILITY_MESSAGES,
  anyMobilityOptions,
) as Arbitrary<AnyMobilityMessage>;

/** Messages of one kind, without options. */
export function bareMessages(kind: string): Arbitrary<AnyMobilityMessage> {
  const { fields } = ALL_MOBILITY_MESSAGES.find((one) => one.kind === kind)!;
  const bare: Arbitrary<object> = recordArbitrary(kind, fields).map((fixed) => ({ ...fixed, options: [] }));
  return bare as Arbitrary<AnyMobilityMessage>;
}

/** Options of one kind. */
export function optionsOfKind(kind: string): Arbitrary<AnyMobilityOption> {
  const entry = ALL_MOBILITY_OPTIONS.find((one) => one.kind === kind)!;
  return recordArbitrary(kind, entry.fields) as Arbitrary<AnyMobilityOption>;
}

export const ipv4Headers: Arbitrary<Ipv4Header> = fc.record({
  typeOfService: bits(8),
  totalLength: fc.integer({ min: 60, max: 65535 }),
  identification: bits(16),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: bits(13).map((units) => units * 8),
  timeToLive: bits(8),
  protocol: bits(8),
  source: ipv4Addresses,
  destination: ipv4Addresses,
  options: fc.nat(10).chain((words) => octets(4 * words, 4 * words)),
}, { noNullPrototype: true });

export const ipv6Headers: Arbitrary<Ipv6Header> = fc.record({
  trafficClass: bits(8),
  flowLabel: bits(20),
  payloadLength: bits(16),
  nextHeader: bits(8),
  hopLimit: bits(8),
  source: ipv6Addresses,
  destination: ipv6Addresses,
}, { noNullPrototype: true });

const ipv6Options: Arbitrary<Ipv6Option> = fc.oneof(
  ipv6Addresses.map((homeAddress) => ({ kind: "homeAddress", homeAddress }) as const),
  fc.tuple(bits(8).filter((type) => type > 1 && type !== 201), octets(0, 20))
    .map(([type, data]) => ({ kind: "otherIpv6Option", type, data }) as const),
);

export const extensionHeaders: Arbitrary<ExtensionHeader> = fc.oneof(
  fc.tuple(
    fc.constantFrom("hopByHopOptions", "destinationOptions"),
    bits(8),
    fc.array(ipv6Options, { maxLength: 5 }),
  )
    .map(([kind, nextHeader, options]) => ({ kind, nextHeader, options }) as const),
  fc.tuple(bits(8), bits(8), ipv6Addresses).map(([nextHeader, segmentsLeft, homeAddress]) =>
    ({ kind: "homeAddressRouting", nextHeader, segmentsLeft, homeAddress }) as const
  ),
  fc.tuple(bits(8), bits(8).filter((type) => type !== 2), bits(8), fc.nat(4))
    .chain(([nextHeader, routingType, segmentsLeft, units]) =>
      octets(4 + 8 * units, 4 + 8 * units).map((data) =>
        ({ kind: "otherRouting", nextHeader, routingType, segmentsLeft, data }) as const
      )
    ),
  fc.tuple(bits(8), bits(13), fc.boolean(), uint32).map((
    [nextHeader, units, moreFragments, identification],
  ) => ({ kind: "fragment", nextHeader, fragmentOffset: units * 8, moreFragments, identification }) as const),
);

const echo = fc.tuple(fc.constantFrom("echoRequest", "echoReply"), bits(16), bits(16), octets(0, 40))
  .map(([kind, identifier, sequenceNumber, data]) => ({ kind, identifier, sequenceNumber, data }) as const);
const invokingPacket = octets(0, 40);

function otherIcmp(known: readonly number[]) {
  return fc.tuple(unknownType(known), bits(8), octets(4, 40))
    .map(([type, code, data]) => ({ kind: "otherIcmp", type, code, data }) as const);
}

export const icmpv4Messages: Arbitrary<Icmpv4Message> = fc.oneof(
  fc.tuple(bits(8), bits(16), invokingPacket).map(([code, mtu, packet]) =>
    ({
      kind: "destinationUnreachable",
      code,
      nextHopMtu: code === 4 ? mtu : 0,
      invokingPacket: packet,
    }) as const
  ),
  fc.tuple(bits(8), invokingPacket).map(([code, packet]) =>
    ({ kind: "timeExceeded", code, invokingPacket: packet }) as const
  ),
  fc.tuple(bits(8), bits(8), invokingPacket).map(([code, pointer, packet]) =>
    ({ kind: "parameterProblem", code, pointer, invokingPacket: packet }) as const
  ),
  echo,
  otherIcmp([0, 3, 8, 11, 12]),
);

export const icmpv6Messages: Arbitrary<Icmpv6Message> = fc.oneof(
  fc.tuple(fc.constantFrom("destinationUnreachable", "timeExceeded"), bits(8), invokingPacket)
    .map(([kind, code, packet]) => ({ kind, code, invokingPacket: packet }) as const),
  fc.tuple(bits(8), uint32, invokingPacket).map(([code, mtu, packet]) =>
    ({ kind: "packetTooBig", code, mtu, invokingPacket: packet }) as const
  ),
  fc.tuple(bits(8), uint32, invokingPacket).map(([code, pointer, packet]) =>
    ({ kind: "parameterProblem", code, pointer, invokingPacket: packet }) as const
  ),
  echo,
  otherIcmp([1, 2, 3, 4, 128, 129]),
);
