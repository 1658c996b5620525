import { OUTER, OUTER_IPV6, OUTER_MTU } from "../network.ts";
import { INNER_IPV4, INNER_IPV6, type Tunnel } from "../tunnel.ts";

/** The forwarders of reference.c: what a program without keys and signalling reaches with the same system calls. */

const DEVICE = "bench0";
/** 44 inner packets in UDP: what one call can send, so that no large packet is sent in two pieces. */
const GSO_MAX_SIZE = 61_000;

type Encapsulation = "udp" | "p41" | "ip6" | "ipip";
type Manner = "plain" | "batch" | "gso" | "server";

const WORDS: Record<Encapsulation, string> = {
  udp: "IPv6 in UDP over IPv4",
  p41: "IPv6 in IPv4",
  ip6: "IPv6 in IPv6",
  ipip: "IPv4 in IPv4",
};
const OVERHEAD: Record<Encapsulation, number> = { udp: 28, p41: 20, ip6: 40, ipip: 20 };
const MANNERS: Record<Manner, string> = {
  plain: "a packet a call",
  batch: "64 packets a call",
  gso: "64 KB a call",
  server: "64 KB a call, by a socket for many peers",
};

function reference(encapsulation: Encapsulation, manner: Manner): Tunnel {
  const innerMtu = OUTER_MTU - OVERHEAD[encapsulation];
  const outer = encapsulation === "ip6" ? OUTER_IPV6 : OUTER;
  const addresses = encapsulation === "ipip" ? INNER_IPV4 : INNER_IPV6;
  const settings = `mtu ${innerMtu}${
    manner === "gso" || manner === "server" ? ` gso_max_size ${GSO_MAX_SIZE}` : ""
  }`;
  return {
    name: `c-${encapsulation}-${manner}`,
    about: `reference in C, ${WORDS[encapsulation]}, ${MANNERS[manner]}`,
    innerMtu,
    needs: [],
    addresses,
    prepare: async (site) => {
      if (outer === OUTER_IPV6) await site.network.addOuterIpv6();
      return async () => {
        const started = ([["b", "a"], ["a", "b"]] as const).map(([end, other]) => {
          const words = [DEVICE, encapsulation, manner, outer[end], outer[other], "4191"];
          return { end, child: site.start(end, `reference-${end}`, [site.tools.reference, ...words]) };
        });
        for (const { end, child } of started) {
          await site.address(end, child, DEVICE, addresses[end], settings);
        }
        return undefined;
      };
    },
  };
}

export const referenceTunnels: readonly Tunnel[] = [
  reference("udp", "plain"),
  reference("udp", "batch"),
  reference("udp", "gso"),
  reference("udp", "server"),
  reference("p41", "plain"),
  reference("p41", "batch"),
  reference("ip6", "plain"),
  reference("ipip", "plain"),
];
