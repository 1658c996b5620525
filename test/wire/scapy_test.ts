import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MOBILITY_MESSAGES } from "../../core/wire/mobility_message_table.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption, MobilityOptionKind } from "../../core/wire/mobility_option.ts";
import { decodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { ipv6Addresses, mobilityMessages } from "./arbitraries.ts";
import { valueOf } from "./decoded.ts";
import { hexOf, octetsOf } from "./octets.ts";
import { type MobilityCase, mobilityPacket } from "./packets.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";

const SEED = 6275;
const CASES = 300;

/** Options that scapy has a class for. */
const KNOWN_TO_SCAPY: readonly MobilityOptionKind[] = [
  "bindingRefreshAdvice",
  "alternateCareOfAddress",
  "nonceIndices",
  "bindingAuthorizationData",
  "mobileNetworkPrefix",
  "mobileNodeIdentifier",
  "messageAuthentication",
  "messageIdentification",
];

const UNKNOWN_TO_SCAPY: readonly string[] = [
  "bindingRevocationIndication",
  "bindingRevocationAcknowledgement",
];

interface Case extends MobilityCase {
  readonly message: Exclude<MobilityMessage, { readonly kind: "unknownMessage" }>;
}

/** What scapy can do: options that it knows, and none in a Binding Error, which it does not pad. */
function forScapy(message: Case["message"]): Case["message"] {
  const options = message.kind === "bindingError"
    ? []
    : message.options.filter(({ kind }) => KNOWN_TO_SCAPY.includes(kind)).map(optionForScapy);
  return { ...message, options };
}

/** It reads 96 bits of authenticator, and "AAAAAAAAAAAA" where there is no authentication data at all. */
function optionForScapy(option: MobilityOption): MobilityOption {
  switch (option.kind) {
    case "bindingAuthorizationData":
      return { ...option, authenticator: new Uint8Array(12).fill(option.authenticator.length) };
    case "messageAuthentication":
      return { ...option, authenticationData: new Uint8Array([1, ...option.authenticationData]) };
    default:
      return option;
  }
}

const knownMessages = mobilityMessages.filter((message): message is Case["message"] =>
  message.kind in MOBILITY_MESSAGES && !UNKNOWN_TO_SCAPY.includes(message.kind)
);
const cases: readonly Case[] = fc.sample(
  fc.record({
    source: ipv6Addresses,
    destination: ipv6Addresses,
    homeAddressOption: fc.option(ipv6Addresses),
    routingHomeAddress: fc.option(ipv6Addresses),
    message: knownMessages.map(forScapy),
  }, { noNullPrototype: true }),
  { numRuns: CASES, seed: SEED },
);

/** Octets as hexadecimal digits and 64-bit numbers as text, which JSON can carry. */
function portable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      value,
      (_, member) =>
        member instanceof Uint8Array ? hexOf(member) : typeof member === "bigint" ? `${member}` : member,
    ),
  );
}

interface Answer {
  readonly built: readonly string[];
  readonly read: readonly { readonly message: unknown; readonly checksumValid: boolean }[];
}

async function ask(request: unknown): Promise<Answer> {
  return await askScapy(new URL("scapy_peer.py", import.meta.url), request) as Answer;
}

Deno.test({
  name: scapyName(`${CASES} messages built by scapy say the same here`),
  ignore: !hasScapy,
  fn: async () => {
    const { built } = await ask({ build: cases.map(portable), read: [] });
    assertEquals(built.length, CASES);
    cases.forEach((given, i) => {
      const decoded = valueOf(decodeMobilityPacket(octetsOf(built[i])));
      assertEquals(portable(decoded.header.message), portable(given.message), built[i]);
      assertEquals(decoded.source, given.source);
      assertEquals(decoded.destination, given.destination);
      assertEquals(decoded.homeAddressOption ?? null, given.homeAddressOption);
      assertEquals(decoded.routingHomeAddress ?? null, given.routingHomeAddress);
      assertEquals(decoded.checksumValid, true, built[i]);
    });
  },
});

Deno.test({
  name: scapyName(`${CASES} messages encoded here say the same to scapy`),
  ignore: !hasScapy,
  fn: async () => {
    const { read } = await ask({ build: [], read: cases.map((given) => hexOf(mobilityPacket(given))) });
    assertEquals(read.length, CASES);
    cases.forEach((given, i) => {
      assertEquals(read[i], { message: portable(given.message), checksumValid: true });
    });
  },
});
