import { dsmipCommand, fetchDependencies } from "../../../cli/lab/lab.ts";
import { ENCAPSULATION_OVERHEAD } from "../../../core/control/tunnel.ts";
import { OUTER, OUTER_DEVICE, OUTER_MTU } from "../network.ts";
import { INNER_IPV4, type InnerAddresses, type Tunnel } from "../tunnel.ts";

/** This project: end a is the mobile node, end b the home agent. */

const HOME_AGENT = "fd00:99::1";
const HOME_ADDRESS = "fd00:99::100";
const HOME_AGENT_DEVICE = "dsmip-ha";
const NODE = `identity = "mn1@example.org"
home_address = "${HOME_ADDRESS}"
spi = 1000
key_file = "mn1.key"
`;

interface Kind {
  readonly name: string;
  readonly about: string;
  /** Of what is measured; both go through the same tunnel. */
  readonly version: 4 | 6;
  readonly forceUdp: boolean;
}

function dsmip({ name, about, version, forceUdp }: Kind): Tunnel {
  const addresses: InnerAddresses = version === 4 ? INNER_IPV4 : { a: HOME_ADDRESS, b: HOME_AGENT };
  const ipv4HomeAddress = version === 4 ? `ipv4_home_address = "${INNER_IPV4.a}"\n` : "";
  return {
    name,
    about: `this project, ${about}`,
    innerMtu: OUTER_MTU - ENCAPSULATION_OVERHEAD[forceUdp ? "udp" : "ipv6InIpv4"],
    roams: true,
    needs: [{ program: "nft", package: "nftables" }],
    addresses,
    prepare: async (site) => {
      await fetchDependencies(site.signal);
      await site.write("mn1.key", crypto.getRandomValues(new Uint8Array(32)).toHex() + "\n");
      const homeAgentFile = await site.write(
        "ha.toml",
        `[home_agent]
ipv6_address = "${HOME_AGENT}"
ipv4_address = "${OUTER.b}"
home_prefix = "fd00:99::/64"
${version === 4 ? 'ipv4_home_prefix = "198.19.0.0/24"\n' : ""}control_socket = "${site.path("ha.sock")}"
state_directory = "${site.path("state")}"
[[mobile_node]]
${NODE}${ipv4HomeAddress}`,
      );
      const mobileNodeFile = await site.write(
        "mn.toml",
        `[mobile_node]
${NODE}${ipv4HomeAddress}home_agent_ipv6_address = "${HOME_AGENT}"
home_agent_ipv4_address = "${OUTER.b}"
egress = "${OUTER_DEVICE}"
manage = false
force_udp = ${forceUdp}
control_socket = "${site.path("mn.sock")}"
`,
      );
      const command = dsmipCommand();
      return async () => {
        const homeAgent = site.start("b", "home-agent", [
          ...command,
          "ha",
          "serve",
          "--config",
          homeAgentFile,
        ]);
        site.start("a", "mobile-node", [...command, "mn", "up", "--config", mobileNodeFile]);
        // The home agent's IPv6 address comes by itself; its IPv4 addresses are the administrator's.
        if (version === 4) await site.address("b", homeAgent, HOME_AGENT_DEVICE, INNER_IPV4.b, "");
        return undefined;
      };
    },
  };
}

export const dsmipTunnels: readonly Tunnel[] = [
  dsmip({ name: "dsmip", about: "IPv6 in UDP over IPv4", version: 6, forceUdp: true }),
  dsmip({ name: "dsmip-41", about: "IPv6 in IPv4 (protocol 41)", version: 6, forceUdp: false }),
  dsmip({ name: "dsmip-ip4-udp", about: "IPv4 in UDP over IPv4", version: 4, forceUdp: true }),
  dsmip({ name: "dsmip-ipip", about: "IPv4 in IPv4 (protocol 4)", version: 4, forceUdp: false }),
];
