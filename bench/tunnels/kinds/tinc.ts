import { OUTER } from "../network.ts";
import { INNER_IPV6, output, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1440;

export const tinc: Tunnel = {
  name: "tinc",
  about: "tinc 1.0, router mode, no cipher, no digest",
  innerMtu: MTU,
  needs: [{ program: "tincd", package: "tinc" }],
  addresses: INNER_IPV6,
  prepare: async (site) => {
    const ends = ["a", "b"] as const;
    for (const end of ends) {
      await Deno.mkdir(site.path(`${end}/hosts`), { recursive: true });
      const connect = end === "a" ? "ConnectTo=end_b\n" : "";
      await site.write(
        `${end}/tinc.conf`,
        `Name=end_${end}
Mode=router
DeviceType=tun
Interface=${DEVICE}
AddressFamily=ipv4
PingInterval=60
${connect}`,
      );
      await site.write(
        `${end}/hosts/end_${end}`,
        `Address=${OUTER[end]}
Subnet=${INNER_IPV6[end]}/128
Cipher=none
Digest=none
MACLength=0
Compression=0
PMTU=1460
`,
      );
      // Asks for file names, and takes its defaults when nobody answers.
      await output(["tincd", "-c", site.path(end), "-K2048"]);
    }
    await Deno.copyFile(site.path("a/hosts/end_a"), site.path("b/hosts/end_a"));
    await Deno.copyFile(site.path("b/hosts/end_b"), site.path("a/hosts/end_b"));
    return async () => {
      const start = (end: "a" | "b") =>
        site.start(end, `tinc-${end}`, [
          "tincd",
          "-c",
          site.path(end),
          "-D",
          `--pidfile=${site.path(`${end}.pid`)}`,
        ]);
      const b = start("b");
      await site.listening(b, "tcp", 655);
      const a = start("a");
      await site.address("b", b, DEVICE, INNER_IPV6.b, `mtu ${MTU}`);
      await site.address("a", a, DEVICE, INNER_IPV6.a, `mtu ${MTU}`);
    };
  },
};
