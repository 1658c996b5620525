/**
 * What a packet costs in `dsmip decode`: `deno task bench`. Every iteration reads a capture of 10,000 packets, so a
 * packet costs a ten-thousandth of the time shown: one in ten is a Binding Update or its acknowledgement, the rest is
 * data, half of it in UDP and half in protocol 41.
 */
import { createHmac } from "node:crypto";
import { decode, type DecodeOptions } from "../cli/commands/decode_packets.ts";
import { LinkType } from "../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../core/capture/pcap_writer.ts";
import { HomeAgent } from "../core/control/home_agent.ts";
import { MobileNode } from "../core/control/mobile_node.ts";
import type { Hmac } from "../core/control/settings.ts";
import { DSMIPV6_PORT, Protocol } from "../core/wire/constants.ts";
import { encodeIpv4Header } from "../core/wire/ipv4.ts";
import { encodeIpv6Header } from "../core/wire/ipv6.ts";
import { encodeUdpHeader } from "../core/wire/udp.ts";

const PACKETS = 10_000;
const NODE = "198.51.100.7";
const AGENT = "203.0.113.1";
const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT = "2001:db8:100::1";

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((octets, part) => octets + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function overIpv4(protocol: number, source: string, destination: string, payload: Uint8Array): Uint8Array {
  const header = encodeIpv4Header({
    typeOfService: 0,
    totalLength: 20 + payload.length,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol,
    source,
    destination,
    options: new Uint8Array(0),
  });
  return joined(header, payload);
}

function overUdp(source: string, destination: string, payload: Uint8Array): Uint8Array {
  const length = 8 + payload.length;
  const udp = encodeUdpHeader({
    sourcePort: DSMIPV6_PORT,
    destinationPort: DSMIPV6_PORT,
    length,
    checksum: 0,
  });
  return overIpv4(Protocol.udp, source, destination, joined(udp, payload));
}

function data(): Uint8Array {
  const payload = new Uint8Array(210);
  const udp = encodeUdpHeader({ sourcePort: 5000, destinationPort: 5001, length: 218, checksum: 0 });
  const ipv6 = encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: 218,
    nextHeader: Protocol.udp,
    hopLimit: 64,
    source: HOME_ADDRESS,
    destination: "2001:db8:ffff::9",
  });
  return joined(ipv6, udp, payload);
}

/** A Binding Update and its acknowledgement, as our own ends make them. */
function registration(): [Uint8Array, Uint8Array] {
  const hmac: Hmac = (hash, key, bytes) => new Uint8Array(createHmac(hash, key).update(bytes).digest());
  const security = { spi: 1000, algorithm: "hmac-sha256-128", key: new Uint8Array(16) } as const;
  const identity = "mn1@example.org";
  const now = { monotonicMs: 0, unixMs: 1_700_000_000_000 };
  const mobileNode = new MobileNode({
    identity,
    homeAddress: HOME_ADDRESS,
    homeAgentAddress: HOME_AGENT,
    homeAgentIpv4Address: AGENT,
    homeAgentPort: DSMIPV6_PORT,
    security,
    lifetimeSeconds: 420,
    forceUdp: false,
    keepaliveSeconds: undefined,
    dsmip: true,
    prefer: "ipv6",
    mobileNetworkPrefixes: [],
  }, { hmac, random: () => 0.5 });
  const homeAgent = new HomeAgent({
    address: HOME_AGENT,
    homePrefix: { address: "2001:db8:100::", length: 64 },
    mobileNodes: [{ identity, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: [] }],
    requireAuthentication: true,
    maximumLifetimeSeconds: 420,
    natRefreshSeconds: 25,
    forceUdp: false,
    acceptForceUdp: true,
    prefixAdvertisements: true,
    clockToleranceMs: 7000,
    homeLink: false,
    preference: 0,
  }, { hmac, startedUnixMs: 0, random: () => 0.5 });
  const candidate = {
    interfaceName: "eg0",
    address: NODE,
    prefixLength: 24,
    gateway: undefined,
    linkMtu: 1500,
  };
  const packetOf = (actions: readonly { kind: string; packet?: Uint8Array }[]) =>
    actions.find(({ kind }) => kind === "sendSignalling")!.packet!;
  const update = packetOf(mobileNode.handle({ kind: "careOfAddresses", candidates: [candidate] }, now));
  const outer = { address: NODE, port: DSMIPV6_PORT };
  return [update, packetOf(homeAgent.handle({ kind: "signalling", outer, packet: update }, now))];
}

function capture(): Uint8Array {
  const [update, acknowledgement] = registration();
  const kinds = [
    overUdp(NODE, AGENT, update),
    overUdp(AGENT, NODE, acknowledgement),
    ...Array.from({ length: 9 }, () => overUdp(NODE, AGENT, data())),
    ...Array.from({ length: 9 }, () => overIpv4(Protocol.ipv6, NODE, AGENT, data())),
  ];
  const format = { linkType: LinkType.raw };
  const records = Array.from({ length: PACKETS }, (_, number) =>
    encodePcapRecord(
      format,
      { seconds: Math.floor(number / 1000), nanoseconds: (number % 1000) * 1_000_000 },
      kinds[number % kinds.length],
    ));
  return joined(encodePcapHeader(format), ...records);
}

const CAPTURE = capture();

function run(options: Omit<DecodeOptions, "name">): void {
  let offset = 0;
  const source = {
    readSync(buffer: Uint8Array) {
      const part = CAPTURE.subarray(offset, offset + buffer.length);
      buffer.set(part);
      offset += part.length;
      return part.length === 0 ? null : part.length;
    },
  };
  decode(source, { writeSync: (bytes: Uint8Array) => bytes.length }, { name: "bench", ...options });
}

const FIELDS = ["frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "mip6.mhtype", "udp.length"];

Deno.bench("decode 10,000 packets, a line each", () => run({}));
Deno.bench("decode 10,000 packets, seven fields each", () => run({ format: "fields", fields: FIELDS }));
Deno.bench(
  "decode 10,000 packets, those that a filter lets through",
  () => run({ filter: "mip6.mhtype == 5" }),
);
Deno.bench("decode 10,000 packets, the full tree", () => run({ verbose: true }));
