import { dsmipCommand, fetchDependencies } from "../../../cli/lab/lab.ts";
import { OFFLOAD_NAMES } from "../../../cli/daemon/offloads.ts";
import { type Encapsulation, ENCAPSULATION_OVERHEAD } from "../../../core/control/tunnel.ts";
import { OUTER, OUTER_DEVICE, OUTER_IPV6, OUTER_MTU } from "../network.ts";
import { INNER_IPV4, type InnerAddresses, type Tunnel } from "../tunnel.ts";

/** This project: end a is the mobile node, end b the home agent. */

const HOME_AGENT = "fd00:99::1";
const HOME_ADDRESS = "fd00:99::100";
const HOME_AGENT_DEVICE = "dsmip-ha";
/** At the home agent: over IPv6, its own address is the tunnel's outer one. */
const BEHIND_HOME_AGENT = "fd00:99::2";
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
  readonly encapsulation: Encapsulation;
  /** Of the command line of both daemons. */
  readonly options?: readonly string[];
}

function dsmip({ name, about, version, encapsulation, options = [] }: Kind): Tunnel {
  const isOverIpv6 = encapsulation === "ipv6InIpv6";
  const addresses: InnerAddresses = version === 4
    ? INNER_IPV4
    : { a: HOME_ADDRESS, b: isOverIpv6 ? BEHIND_HOME_AGENT : HOME_AGENT };
  const ipv4HomeAddress = version === 4 ? `ipv4_home_address = "${INNER_IPV4.a}"\n` : "";
  const homeAgentIpv4 = isOverIpv6
    ? "dsmip = false"
    : `home_agent_ipv4_address = "${OUTER.b}"\nforce_udp = ${encapsulation === "udp"}`;
  return {
    name,
    about: `this project, ${about}`,
    innerMtu: OUTER_MTU - ENCAPSULATION_OVERHEAD[encapsulation],
    roams: !isOverIpv6,
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
${homeAgentIpv4}
egress = "${OUTER_DEVICE}"
manage = false
control_socket = "${site.path("mn.sock")}"
`,
      );
      if (isOverIpv6) {
        await site.network.addOuterIpv6();
        await site.network.ip("a", [`route add ${HOME_AGENT} via ${OUTER_IPV6.b} dev ${OUTER_DEVICE}`]);
      }
      const command = dsmipCommand();
      return async () => {
        const homeAgent = site.start("b", "home-agent", [
          ...command,
          "ha",
          "serve",
          "--config",
          homeAgentFile,
          ...options,
        ]);
        site.start("a", "mobile-node", [...command, "mn", "up", "--config", mobileNodeFile, ...options]);
        // The home agent's own IPv6 address comes by itself; others are the administrator's.
        if (addresses.b !== HOME_AGENT) {
          await site.address("b", homeAgent, HOME_AGENT_DEVICE, addresses.b, "");
        }
        return undefined;
      };
    },
  };
}

export const dsmipTunnels: readonly Tunnel[] = [
  dsmip({ name: "dsmip", about: "IPv6 in UDP over IPv4", version: 6, encapsulation: "udp" }),
  dsmip({ name: "dsmip-41", about: "IPv6 in IPv4 (protocol 41)", version: 6, encapsulation: "ipv6InIpv4" }),
  dsmip({ name: "dsmip-ip6", about: "IPv6 in IPv6 (protocol 41)", version: 6, encapsulation: "ipv6InIpv6" }),
  dsmip({ name: "dsmip-ip4-udp", about: "IPv4 in UDP over IPv4", version: 4, encapsulation: "udp" }),
  dsmip({ name: "dsmip-ipip", about: "IPv4 in IPv4 (protocol 4)", version: 4, encapsulation: "ipv6InIpv4" }),
];

/** The same in UDP without one or all of the kernel's offloads, to show what each is worth. */
export const dsmipWithoutOffloads: readonly Tunnel[] = [
  { name: "dsmip-no-offload", about: "without offloads", options: ["--no-offload"] },
  ...Object.keys(OFFLOAD_NAMES).filter((name) => name !== "tun-header").map((name) => ({
    name: `dsmip-no-${name}`,
    about: `without the offload ${name}`,
    options: ["--offload", Object.keys(OFFLOAD_NAMES).filter((other) => other !== name).join(",")],
  })),
].map((kind) => dsmip({ ...kind, version: 6, encapsulation: "udp" }));
