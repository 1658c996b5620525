import { dsmipCommand, fetchDependencies } from "../../../cli/lab/lab.ts";
import { OUTER, OUTER_DEVICE } from "../network.ts";
import type { InnerAddresses, Tunnel } from "../tunnel.ts";

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

export const dsmipTunnels: readonly Tunnel[] = [
  dsmipOver("dsmip", "this project, IPv6 in UDP over IPv4", 1472, true),
  dsmipOver("dsmip-41", "this project, IPv6 in IPv4 (protocol 41)", 1480, false),
];
