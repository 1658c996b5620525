import { NO_TUN_OFFLOADS, type TunOffloads } from "../../ffi/tun_offloads.ts";

/**
 * Work that the kernel may do for many packets at once. What is wanted here is used where the kernel has it; the rest, and
 * what fails later, is done a packet at a time.
 */
export interface Offloads {
  readonly tun: TunOffloads;
  /** UDP_SEGMENT: several datagrams in one message to the socket. */
  readonly udpSegment: boolean;
  /** UDP_GRO: several datagrams in one read from it. */
  readonly udpReceive: boolean;
}

export const ALL_OFFLOADS: Offloads = {
  tun: { header: true, tcp: true, udp: true },
  udpSegment: true,
  udpReceive: true,
};

export const NO_OFFLOADS: Offloads = { tun: NO_TUN_OFFLOADS, udpSegment: false, udpReceive: false };

/** The names of the command line, each with what it stands for. */
export const OFFLOAD_NAMES = {
  "tun-header": "the TUN device leaves checksums to us (virtio_net_hdr)",
  "tun-tcp": "TCP segments, several in one read or write of the TUN device",
  "tun-udp": "UDP datagrams, likewise",
  "udp-segment": "several datagrams in one message to the UDP socket",
  "udp-receive": "several datagrams in one read from the UDP socket",
} as const;

type OffloadName = keyof typeof OFFLOAD_NAMES;

function isOffloadName(name: string): name is OffloadName {
  return Object.hasOwn(OFFLOAD_NAMES, name);
}

/**
 * Only the offloads that are named, separated by commas.
 * @throws RangeError for a name that is none of them
 */
export function parseOffloads(text: string): Offloads {
  const names = new Set<OffloadName>();
  for (const name of text.split(",")) {
    if (!isOffloadName(name)) {
      throw new RangeError(`"${name}" is not one of ${Object.keys(OFFLOAD_NAMES).join(", ")}`);
    }
    names.add(name);
  }
  const tcp = names.has("tun-tcp");
  const udp = names.has("tun-udp");
  return {
    tun: { header: names.has("tun-header") || tcp || udp, tcp, udp },
    udpSegment: names.has("udp-segment"),
    udpReceive: names.has("udp-receive"),
  };
}
