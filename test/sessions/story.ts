import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import type { MobileNodeReport } from "../../core/sessions/session_record.ts";
import { SessionTracker } from "../../core/sessions/session_tracker.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { readAll } from "../capture/read_all.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  homeAddressOption,
  ipv4,
  ipv6,
  join,
  mobility,
  routingHomeAddress,
  udp,
  words,
} from "../inspect/packet_builder.ts";

/** Captures of mobile nodes, written packet by packet at known times. */

export const HOME = "2001:db8:100::100";
export const AGENT = "2001:db8:100::1";
export const AGENT4 = "203.0.113.1";
export const CORRESPONDENT = "2001:db8:200::10";
export const COA6 = "2001:db8:5::5";
export const COA4 = "192.168.77.107";
export const NAT4 = "192.0.2.2";

const START_SECONDS = 1_700_000_000;
const FLOW_PORT = 5001;

export interface Timed {
  /** Since the capture's begin. */
  readonly seconds: number;
  readonly bytes: Uint8Array;
}

/** How the packets of a mobile node travel: in IPv6, or in UDP from this outer address and port. */
export type Path = "ipv6" | { readonly address: string; readonly port: number };

export function identity(name: string): MobilityOption {
  return { kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode(name) };
}

export function updateAt(
  seconds: number,
  path: Path,
  sequenceNumber: number,
  { lifetimeSeconds = 60, options = [], careOfAddress = COA4, home = HOME, forceUdp = false }: {
    lifetimeSeconds?: number;
    options?: readonly MobilityOption[];
    careOfAddress?: string;
    home?: string;
    forceUdp?: boolean;
  } = {},
): Timed {
  const careOf: MobilityOption[] = path === "ipv6"
    ? [{ kind: "alternateCareOfAddress", careOfAddress: COA6 }]
    : [{ kind: "ipv4CareOfAddress", careOfAddress }];
  const message = bindingUpdate({
    sequenceNumber,
    lifetimeSeconds,
    forceUdp,
    options: [...careOf, ...options],
  });
  return { seconds, bytes: fromNode(path, home, AGENT, 135, mobility(home, AGENT, message)) };
}

export function acknowledgeAt(
  seconds: number,
  path: Path,
  sequenceNumber: number,
  { status = 0, lifetimeSeconds = 60, refreshSeconds, home = HOME }: {
    status?: number;
    lifetimeSeconds?: number;
    refreshSeconds?: number;
    home?: string;
  } = {},
): Timed {
  const options: MobilityOption[] = refreshSeconds === undefined
    ? []
    : [{ kind: "natDetection", forceUdp: false, refreshSeconds }];
  const message = bindingAcknowledgement({ status, sequenceNumber, lifetimeSeconds, options });
  return messageToNodeAt(seconds, path, message, home);
}

export function messageToNodeAt(
  seconds: number,
  path: Path,
  message: MobilityMessage,
  home = HOME,
): Timed {
  const payload = mobility(AGENT, home, message);
  if (path === "ipv6") {
    return { seconds, bytes: ipv6(AGENT, COA6, 43, routingHomeAddress(135, home, payload)) };
  }
  return { seconds, bytes: tunnelToNode(path, ipv6(AGENT, home, 135, payload)) };
}

/** A packet of 250 octets of the numbered flow, as the lab's and the paper's. */
export function dataFromNodeAt(seconds: number, path: Path, sequence: number, source = HOME): Timed {
  const packet = ipv6(source, CORRESPONDENT, 17, flowPacket(sequence));
  if (path === "ipv6") return { seconds, bytes: ipv6(COA6, AGENT, 41, packet) };
  return { seconds, bytes: ipv4(path.address, AGENT4, 17, udp(path.port, 4191, packet)) };
}

export function dataToNodeAt(seconds: number, path: Path, sequence: number, destination = HOME): Timed {
  const packet = ipv6(CORRESPONDENT, destination, 17, flowPacket(sequence));
  if (path === "ipv6") return { seconds, bytes: ipv6(AGENT, COA6, 41, packet) };
  return { seconds, bytes: tunnelToNode(path, packet) };
}

export const INNER_OCTETS = 250;

function flowPacket(sequence: number): Uint8Array {
  const payload = join(words(sequence >> 16, sequence & 0xffff), new Uint8Array(INNER_OCTETS - 52));
  return udp(FLOW_PORT, FLOW_PORT, payload);
}

function fromNode(
  path: Path,
  home: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  if (path === "ipv6") return ipv6(COA6, destination, 60, homeAddressOption(protocol, home, payload));
  const packet = ipv6(home, destination, protocol, payload);
  return ipv4(path.address, AGENT4, 17, udp(path.port, 4191, packet));
}

function tunnelToNode(path: Exclude<Path, "ipv6">, packet: Uint8Array): Uint8Array {
  return ipv4(AGENT4, path.address, 17, udp(4191, path.port, packet));
}

export function pcapOf(packets: readonly Timed[]): Uint8Array {
  const format = { linkType: LinkType.raw, resolution: "nanoseconds" as const };
  const sorted = packets.toSorted((one, other) => one.seconds - other.seconds);
  return join(
    encodePcapHeader(format),
    ...sorted.map(({ seconds, bytes }) => {
      const whole = Math.floor(seconds);
      const nanoseconds = Math.round((seconds - whole) * 1e9);
      return encodePcapRecord(format, { seconds: START_SECONDS + whole, nanoseconds }, bytes);
    }),
  );
}

/** What the tracker makes of a capture, through our own pcap writer and reader. */
export function track(packets: readonly Timed[], plot = false): SessionTracker {
  const tracker = new SessionTracker({ plot });
  for (const packet of readAll(pcapOf(packets)).packets) tracker.add(packet);
  return tracker;
}

export function reportOf(packets: readonly Timed[]): MobileNodeReport {
  const reports = track(packets).reports();
  if (reports.length !== 1) throw new Error(`${reports.length} mobile nodes`);
  return reports[0];
}

export const HANDOVER_NAT = { address: NAT4, port: 40_000 } as const;

/**
 * From IPv6 to IPv4 behind a NAT, with a flow of one packet every 5 ms each way. The link is lost at 4 s. The first
 * Binding Update from the new link, at 6.5 s, gets no answer; the second, at 6.8 s, is accepted at 6.83 s. Data from
 * the mobile node come again at 6.84 s, to it at 6.85 s. Keepalives every 2 s.
 */
export function handoverCapture(): Timed[] {
  const packets: Timed[] = [];
  const NAT = HANDOVER_NAT;
  packets.push(
    { seconds: 0, bytes: ipv6("fe80::1", "ff02::1", 59, new Uint8Array(0)) },
    updateAt(0.1, "ipv6", 100, { options: [identity("mn1@example.org")] }),
    acknowledgeAt(0.12, "ipv6", 100),
    updateAt(6.5, NAT, 101),
    updateAt(6.8, NAT, 102),
    acknowledgeAt(6.83, NAT, 102, { refreshSeconds: 2 }),
  );
  for (let refresh = 0; refresh < 3; refresh++) {
    const seconds = 8.8 + 2 * refresh;
    packets.push(
      updateAt(seconds, NAT, 103 + refresh),
      acknowledgeAt(seconds + 0.025, NAT, 103 + refresh, { refreshSeconds: 2 }),
    );
  }
  for (let sequence = 0; sequence < 2_800; sequence++) {
    const seconds = 0.2 + 0.005 * sequence;
    if (seconds < 3.9999) {
      packets.push(dataFromNodeAt(seconds, "ipv6", sequence), dataToNodeAt(seconds, "ipv6", sequence));
    }
    if (seconds > 6.8399) packets.push(dataFromNodeAt(seconds, NAT, sequence));
    if (seconds > 6.8499) packets.push(dataToNodeAt(seconds, NAT, sequence));
  }
  return packets;
}
