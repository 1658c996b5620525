import { OUTER } from "../network.ts";
import { INNER_IPV6, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1440;

function configuration(more: string): string {
  return `options { port 5000; timeout 10; }
bench {
  passwd bench; type tun; proto udp; device ${DEVICE};
  compress no; encrypt no; keepalive no; stat no; ${more}
  up { program "/bin/true" wait; };
}
`;
}

export const vtun: Tunnel = {
  name: "vtun",
  about: "VTun, type tun over UDP: no encryption",
  innerMtu: MTU,
  needs: [{ program: "vtund", package: "vtun" }],
  addresses: INNER_IPV6,
  prepare: async (site) => {
    const server = await site.write("server.conf", configuration(""));
    const client = await site.write("client.conf", configuration("persist yes;"));
    return async () => {
      const b = site.start("b", "vtund-server", ["vtund", "-n", "-s", "-f", server, "-L", OUTER.b]);
      await site.listening(b, "tcp", 5000);
      const a = site.start("a", "vtund-client", ["vtund", "-n", "-f", client, "bench", OUTER.b]);
      // A packet for a device that is not up ends the session: the end that is asked comes first.
      await site.address("b", b, DEVICE, INNER_IPV6.b, `mtu ${MTU}`);
      await site.address("a", a, DEVICE, INNER_IPV6.a, `mtu ${MTU}`);
    };
  },
};
