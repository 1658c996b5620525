import { OUTER } from "../network.ts";
import { INNER_IPV6, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1472;

/** Without keys it needs all three: no cipher, no authentication, no data ciphers to choose from. */
const SETTINGS = [
  ["--dev-type", "tun"],
  ["--proto", "udp4"],
  ["--port", "1194"],
  ["--cipher", "none"],
  ["--auth", "none"],
  ["--data-ciphers", "none"],
  ["--tun-mtu", String(MTU)],
  ["--mssfix", "0"],
  ["--disable-dco"],
  ["--verb", "2"],
].flat();

export const openvpn: Tunnel = {
  name: "openvpn",
  about: "OpenVPN, point to point over UDP, no keys: no cipher, no authentication",
  innerMtu: MTU,
  needs: [{ program: "openvpn", package: "openvpn" }],
  addresses: INNER_IPV6,
  prepare: (site) =>
    Promise.resolve(() => {
      for (const [end, other] of [["b", "a"], ["a", "b"]] as const) {
        const outer = ["--local", OUTER[end], "--remote", OUTER[other]];
        const inner = ["--ifconfig-ipv6", `${INNER_IPV6[end]}/64`, INNER_IPV6[other]];
        site.start(end, `openvpn-${end}`, ["openvpn", "--dev", DEVICE, ...outer, ...inner, ...SETTINGS]);
      }
      return Promise.resolve(undefined);
    }),
};
