import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { encodeIcmpv4Message, type Icmpv4Message } from "../../core/wire/icmpv4.ts";
import { encodeIcmpv6Message, type Icmpv6Message } from "../../core/wire/icmpv6.ts";
import { encodeIpv4Header, type Ipv4Header } from "../../core/wire/ipv4.ts";
import { mobilityMessageType } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  icmpv4Messages,
  icmpv6Messages,
  ipv4Headers,
  ipv6Addresses,
  mobilityMessages,
} from "./arbitraries.ts";
import { hexOf } from "./octets.ts";
import { concatenate, ipv6Packet, type MobilityCase, mobilityPacket, udpPacket } from "./packets.ts";

const SEED = 5555;
const CASES = 400;
/** LINKTYPE_RAW: each packet begins with its IP header. */
const FORMAT = { linkType: 101 };

type Shown = readonly (readonly [field: string, value: string])[];

/** What tshark shows of a message's fixed fields. */
function shownOfMessage(message: MobilityMessage): Shown {
  switch (message.kind) {
    case "bindingRefreshRequest":
    case "unknownMessage":
      return [];
    case "homeTestInit":
      return [["mip6.hoti.cookie", `0x${hexOf(message.homeInitCookie)}`]];
    case "careOfTestInit":
      return [["mip6.coti.cookie", `0x${hexOf(message.careOfInitCookie)}`]];
    case "homeTest":
      return [
        ["mip6.hot.nindex", `${message.homeNonceIndex}`],
        ["mip6.hot.cookie", `0x${hexOf(message.homeInitCookie)}`],
        ["mip6.hot.token", `0x${hexOf(message.homeKeygenToken)}`],
      ];
    case "careOfTest":
      return [
        ["mip6.cot.nindex", `${message.careOfNonceIndex}`],
        ["mip6.cot.cookie", `0x${hexOf(message.careOfInitCookie)}`],
        ["mip6.hot.token", `0x${hexOf(message.careOfKeygenToken)}`],
      ];
    case "bindingUpdate":
      return [
        ["mip6.bu.seqnr", `${message.sequenceNumber}`],
        ["mip6.bu.a_flag", flag(message.acknowledge)],
        ["mip6.bu.h_flag", flag(message.homeRegistration)],
        ["mip6.bu.l_flag", flag(message.linkLocalCompatibility)],
        ["mip6.bu.k_flag", flag(message.keyManagementMobility)],
        ["mip6.bu.m_flag", flag(message.mapRegistration)],
        ["mip6.nemo.bu.r_flag", flag(message.mobileRouter)],
        ["mip6.bu.p_flag", flag(message.proxyRegistration)],
        ["mip6.bu.f_flag", flag(message.forceUdp)],
        ["mip6.bu.t_flag", flag(message.tlvHeader)],
        ["mip6.bu.b_flag", flag(message.overwriteOrBulk)],
        ["mip6.bu.lifetime", `${message.lifetimeSeconds / 4}`],
      ];
    case "bindingAcknowledgement":
      return [
        ["mip6.ba.status", `${message.status}`],
        ["mip6.ba.k_flag", flag(message.keyManagementMobility)],
        ["mip6.nemo.ba.r_flag", flag(message.mobileRouter)],
        ["mip6.ba.p_flag", flag(message.proxyRegistration)],
        ["mip6.ba.t_flag", flag(message.tlvHeader)],
        ["mip6.ba.b_flag", flag(message.bulk)],
        ["mip6.ba.seqnr", `${message.sequenceNumber}`],
        ["mip6.ba.lifetime", `${message.lifetimeSeconds / 4}`],
      ];
    case "bindingError":
      return [["mip6.be.status", `${message.status}`], ["mip6.be.haddr", message.homeAddress]];
    case "bindingRevocationIndication":
      return [
        ["mip6.bri_br.type", "1"],
        ["mip6.bri_r.trigger", `${message.trigger}`],
        ["mip6.bri_seqnr", `${message.sequenceNumber}`],
        ["mip6.bri_ip", flag(message.proxyBinding)],
        ["mip6.bri_iv", flag(message.ipv4HomeAddressOnly)],
        ["mip6.bri_ig", flag(message.global)],
      ];
    case "bindingRevocationAcknowledgement":
      return [
        ["mip6.bri_br.type", "2"],
        ["mip6.bri_status", `${message.status}`],
        ["mip6.bri_seqnr", `${message.sequenceNumber}`],
        ["mip6.bri_ap", flag(message.proxyBinding)],
        ["mip6.bri_av", flag(message.ipv4HomeAddressOnly)],
        ["mip6.bri_ag", flag(message.global)],
      ];
  }
}

/** What tshark shows of an option. Its 4.0 misprints timestamps and cuts authentication data: those are left out. */
function shownOfOption(option: MobilityOption): Shown {
  switch (option.kind) {
    case "bindingRefreshAdvice":
      return [["mip6.bra.interval", `${option.refreshIntervalSeconds / 4}`]];
    case "alternateCareOfAddress":
      return [["mip6.acoa.acoa", option.careOfAddress]];
    case "nonceIndices":
      return [["mip6.ni.hni", `${option.homeNonceIndex}`], ["mip6.ni.cni", `${option.careOfNonceIndex}`]];
    case "bindingAuthorizationData":
      return [["mip6.bad.auth", hexOf(option.authenticator)]];
    case "mobileNetworkPrefix":
      return [["mip6.nemo.mnp.pfl", `${option.prefixLength}`], ["mip6.nemo.mnp.mnp", option.prefix]];
    case "mobileNodeIdentifier":
      return [
        ["mip6.mnid.subtype", `${option.subtype}`],
        ["mip6.mnid.identifier", new TextDecoder().decode(option.identifier)],
      ];
    case "messageAuthentication":
      return [["mip6.auth.subtype", `${option.subtype}`], ["mip6.auth.mobility_spi", `${option.spi}`]];
    case "messageIdentification":
    case "unknownOption":
      return [];
    case "ipv4HomeAddress":
      return [
        ["mip6.ipv4ha.preflen", `${option.prefixLength}`],
        ["mip6.ipv4ha.p_flag", flag(option.requestPrefix)],
        ["mip6.ipv4ha.ha", option.homeAddress],
      ];
    case "ipv4AddressAcknowledgement":
      return [
        ["mip6.ipv4aa.sts", `${option.status}`],
        ["mip6.ipv4ha.preflen", `${option.prefixLength}`],
        ["mip6.ipv4ha.ha", option.homeAddress],
      ];
    case "natDetection":
      return [["mip6.natd.f_flag", flag(option.forceUdp)], [
        "mip6.natd.refresh_t",
        `${option.refreshSeconds}`,
      ]];
    case "ipv4CareOfAddress":
      return [["mip6.ipv4coa.addr", option.careOfAddress]];
    case "bindingIdentifier": {
      const family = option.careOfAddress?.includes(":") ? "mip6.bi.coa_ipv6" : "mip6.bi.coa_ipv4";
      return [
        ["mip6.bi.bid", `${option.bindingId}`],
        ["mip6.bi.status", `${option.status}`],
        ["mip6.bi.h_flag", flag(option.simultaneousHomeAndForeign)],
        ...(option.careOfAddress === undefined ? [] : [[family, option.careOfAddress] as const]),
      ];
    }
  }
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}

const ascii = (text: string) => new TextEncoder().encode(text);
const LETTERS = ascii("abcdefghijklmnopqrstuvwxyz@.");

/** Types that nobody has assigned, data where tshark 4.0 shows none at all, NAIs of a likely length. */
function forTshark(message: MobilityMessage): MobilityMessage {
  if (message.kind === "unknownMessage") return { ...message, type: 128 | message.type };
  const options = message.options.map((option): MobilityOption => {
    switch (option.kind) {
      case "unknownOption":
        return { ...option, type: 128 | option.type };
      case "bindingAuthorizationData":
        return { ...option, authenticator: concatenate(ascii("1"), option.authenticator) };
      case "messageAuthentication":
        return { ...option, authenticationData: concatenate(new Uint8Array(12), option.authenticationData) };
      case "mobileNodeIdentifier": {
        const letters = option.identifier.map((octet) => LETTERS[octet % LETTERS.length]);
        return { ...option, subtype: 1, identifier: concatenate(ascii("mn1@"), letters) };
      }
      default:
        return option;
    }
  });
  return { ...message, options };
}

interface Case extends MobilityCase {
  readonly outer: Ipv4Header;
}

const cases: readonly Case[] = fc.sample(
  fc.record({
    outer: ipv4Headers.map((header) => ({
      ...header,
      moreFragments: false,
      fragmentOffset: 0,
      options: new Uint8Array(),
    })),
    source: ipv6Addresses,
    destination: ipv6Addresses,
    homeAddressOption: fc.option(ipv6Addresses),
    routingHomeAddress: fc.option(ipv6Addresses),
    message: mobilityMessages.map(forTshark),
  }, { noNullPrototype: true }),
  { numRuns: CASES, seed: SEED },
);

function shownOfCase({ outer, message, ...inner }: Case): Shown {
  return [
    ["ip.dsfield", `0x${outer.typeOfService.toString(16).padStart(2, "0")}`],
    ["ip.ttl", `${outer.timeToLive}`],
    ["ip.src", outer.source],
    ["ip.dst", outer.destination],
    ["ip.checksum.status", "1"],
    ["udp.checksum.status", "1"],
    ["ipv6.src", inner.source],
    ["ipv6.opt.mipv6.home_address", inner.homeAddressOption ?? ""],
    ["ipv6.routing.mipv6.home_address", inner.routingHomeAddress ?? ""],
    ["mip6.proto", "59"],
    ["mip6.mhtype", `${mobilityMessageType(message)}`],
    ...shownOfMessage(message),
    ...(message.kind === "unknownMessage" ? [] : message.options.flatMap(shownOfOption)),
  ];
}

/** Fields that stand there only where something is wrong. */
const COMPLAINTS = ["_ws.malformed", "mip6.bogus_header_length", "mip6.opt.len.invalid"];

/** Runs tshark over packets; one record of fields for each, those that it does not show left out. */
async function showWithTshark(
  packets: readonly Uint8Array[],
  fields: readonly string[],
): Promise<Record<string, string>[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const time = { seconds: 0, nanoseconds: 0 };
    const records = packets.map((packet) => encodePcapRecord(FORMAT, time, packet));
    await Deno.writeFile(file, concatenate(encodePcapHeader(FORMAT), ...records));
    const preferences = ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "ip.defragment:FALSE"];
    const args = [
      "-n",
      "-r",
      file,
      "-d",
      "udp.port==4191,ipv6",
      ...preferences.flatMap((one) => ["-o", one]),
    ];
    const output = await new Deno.Command("tshark", {
      args: [...args, "-T", "fields", ...fields.flatMap((field) => ["-e", field])],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
    const lines = new TextDecoder().decode(output.stdout).split("\n").slice(0, -1);
    return lines.map((line) => {
      const values = line.split("\t").map((value, i) => [fields[i], booleansAsDigits(value)]);
      return Object.fromEntries(values.filter(([, value]) => value !== ""));
    });
  } finally {
    await Deno.remove(file);
  }
}

/** Newer versions write True and False. */
function booleansAsDigits(value: string): string {
  return value.replaceAll("True", "1").replaceAll("False", "0");
}

/** Values of one field that stands there more than once go into one, with commas. */
function asRecord(shown: Shown): Record<string, string> {
  const record: Record<string, string> = {};
  for (const [field, value] of shown) {
    if (value !== "") record[field] = field in record ? `${record[field]},${value}` : value;
  }
  return record;
}

async function compareWithTshark(packets: readonly Uint8Array[], expected: readonly Shown[]): Promise<void> {
  const fields = [...new Set([...expected.flat().map(([field]) => field), ...COMPLAINTS])];
  const shown = await showWithTshark(packets, fields);
  assertEquals(shown.length, packets.length);
  packets.forEach((packet, i) => assertEquals(shown[i], asRecord(expected[i]), hexOf(packet)));
}

async function hasTshark(): Promise<boolean> {
  try {
    return (await new Deno.Command("tshark", { args: ["-v"], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const present = await hasTshark();
const name = (what: string) => present ? what : `${what} (skipped: needs the Debian package tshark)`;

Deno.test({
  name: name(`${CASES} messages in UDP say the same to tshark`),
  ignore: !present,
  fn: () => {
    const packets = cases.map((given) => udpPacket(given.outer, [4191, 4191], mobilityPacket(given)));
    return compareWithTshark(packets, cases.map(shownOfCase));
  },
});

const ENDS = { source: "2001:db8::1", destination: "2001:db8::2" };
/** The start of a packet that tshark can read, for errors to quote. */
const INVOKING_IPV6 = ipv6Packet(ENDS, [], Protocol.noNextHeader, new Uint8Array());

function icmpv6Case(message: Icmpv6Message): { readonly packet: Uint8Array; readonly shown: Shown } {
  const quoting = "invokingPacket" in message ? { ...message, invokingPacket: INVOKING_IPV6 } : message;
  const packet = ipv6Packet(ENDS, [], Protocol.icmpv6, encodeIcmpv6Message(quoting, ENDS));
  const shown: [string, string][] = [["icmpv6.checksum.status", "1"]];
  if (message.kind === "packetTooBig") shown.push(["icmpv6.mtu", `${message.mtu}`]);
  if (message.kind === "parameterProblem") shown.push(["icmpv6.pointer", `${message.pointer}`]);
  if (message.kind === "echoRequest" || message.kind === "echoReply") {
    shown.push(["icmpv6.echo.identifier", `0x${message.identifier.toString(16).padStart(4, "0")}`]);
    shown.push(["icmpv6.echo.sequence_number", `${message.sequenceNumber}`]);
  }
  return { packet, shown };
}

const OUTER: Ipv4Header = {
  typeOfService: 0,
  totalLength: 20,
  identification: 0,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  timeToLive: 64,
  protocol: Protocol.icmpv4,
  source: "192.0.2.1",
  destination: "203.0.113.1",
  options: new Uint8Array(),
};
const INVOKING_IPV4 = concatenate(encodeIpv4Header({ ...OUTER, totalLength: 28 }), new Uint8Array(8).fill(1));

function icmpv4Case(message: Icmpv4Message): { readonly packet: Uint8Array; readonly shown: Shown } {
  const quoting = "invokingPacket" in message ? { ...message, invokingPacket: INVOKING_IPV4 } : message;
  const body = encodeIcmpv4Message(quoting);
  const packet = concatenate(encodeIpv4Header({ ...OUTER, totalLength: 20 + body.length }), body);
  const shown: [string, string][] = [];
  if (message.kind === "destinationUnreachable" && message.code === 4) {
    shown.push(["icmp.mtu", `${message.nextHopMtu}`]);
  }
  if (message.kind === "parameterProblem") shown.push(["icmp.pointer", `${message.pointer}`]);
  if (message.kind === "echoRequest" || message.kind === "echoReply") {
    shown.push(["icmp.ident", `${message.identifier}`], ["icmp.seq", `${message.sequenceNumber}`]);
  }
  return { packet, shown };
}

Deno.test({
  name: name("ICMP and ICMPv6 messages say the same to tshark"),
  ignore: !present,
  fn: async () => {
    const sample = <Value extends { readonly kind: string }>(values: fc.Arbitrary<Value>) =>
      fc.sample(values.filter(({ kind }) => kind !== "otherIcmp"), { numRuns: 100, seed: SEED });
    const all = [...sample(icmpv6Messages).map(icmpv6Case), ...sample(icmpv4Messages).map(icmpv4Case)];
    await compareWithTshark(all.map(({ packet }) => packet), all.map(({ shown }) => shown));
  },
});
