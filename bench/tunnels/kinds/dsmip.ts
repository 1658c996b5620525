import { dsmipCommand, fetchDependencies, V8_FLAGS } from "../../../cli/lab/lab.ts";
import { ENCAPSULATION_OVERHEAD } from "../../../core/control/tunnel.ts";
import { OUTER, OUTER_DEVICE, OUTER_MTU } from "../network.ts";
import { INNER_IPV4, type InnerAddresses, type Tunnel } from "../tunnel.ts";

/** This project: end a is the mobile node, end b the home agent. */

const ADDRESSES: InnerAddresses = { a: "fd00:99::100", b: "fd00:99::1" };

const NODE = `identity = "mn1@example.org"
home_address = "${ADDRESSES.a}"
spi = 1000
key_file = "mn1.key"
`;

function dsmipOver(name: string, about: string, innerMtu: number, forceUdp: boolean): Tunnel {
  return {
    name,
    about,
    innerMtu,
    roams: true,
    needs: [{ program: "nft", package: "nftables" }],
    addresses: ADDRESSES,
    prepare: async (site) => {
      await fetchDependencies(site.signal);
      await site.write("mn1.key", crypto.getRandomValues(new Uint8Array(32)).toHex() + "\n");
      const homeAgent = await site.write(
        "ha.toml",
        `[home_agent]
ipv6_address = "${ADDRESSES.b}"
ipv4_address = "${OUTER.b}"
home_prefix = "fd00:99::/64"
control_socket = "${site.path("ha.sock")}"
[[mobile_node]]
${NODE}`,
      );
      const mobileNode = await site.write(
        "mn.toml",
        `[mobile_node]
${NODE}home_agent_ipv6_address = "${ADDRESSES.b}"
home_agent_ipv4_address = "${OUTER.b}"
egress = "${OUTER_DEVICE}"
manage = false
force_udp = ${forceUdp}
control_socket = "${site.path("mn.sock")}"
`,
      );
      const command = dsmipCommand();
      return () => {
        site.start("b", "home-agent", [...command, "ha", "serve", "--config", homeAgent]);
        site.start("a", "mobile-node", [...command, "mn", "up", "--config", mobileNode]);
        return Promise.resolve(undefined);
      };
    },
  };
}

const STATIC_END = new URL("../static_end.ts", import.meta.url).pathname;
const STATIC_DEVICE = "bench0";

/** Only the data path, from this source: what IPv4 inside costs, whatever the signalling asks for. */
function ipv4In(
  name: string,
  about: string,
  encapsulation: "udp" | "ipv6InIpv4",
): Tunnel {
  const innerMtu = OUTER_MTU - ENCAPSULATION_OVERHEAD[encapsulation];
  return {
    name,
    about: `this project's data path, ${about}`,
    innerMtu,
    needs: [],
    addresses: INNER_IPV4,
    prepare: async (site) => {
      await fetchDependencies(site.signal);
      return async () => {
        const started = ([["b", "a"], ["a", "b"]] as const).map(([end, other]) => {
          const words = [STATIC_DEVICE, OUTER[end], OUTER[other], INNER_IPV4[other], `${innerMtu}`];
          const deno = [Deno.execPath(), "run", "-A", "--cached-only", V8_FLAGS];
          const command = [...deno, STATIC_END, encapsulation, ...words];
          return { end, child: site.start(end, `static-end-${end}`, command) };
        });
        for (const { end, child } of started) {
          await site.address(end, child, STATIC_DEVICE, INNER_IPV4[end], `mtu ${innerMtu}`);
        }
      };
    },
  };
}

export const dsmipTunnels: readonly Tunnel[] = [
  dsmipOver("dsmip", "this project, IPv6 in UDP over IPv4", 1472, true),
  dsmipOver("dsmip-41", "this project, IPv6 in IPv4 (protocol 41)", 1480, false),
  ipv4In("dsmip-ip4-udp", "IPv4 in UDP over IPv4", "udp"),
  ipv4In("dsmip-ipip", "IPv4 in IPv4 (protocol 4)", "ipv6InIpv4"),
];
