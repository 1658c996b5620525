import { OUTER } from "../network.ts";
import { addressLines } from "../site.ts";
import { INNER_IPV6, output, type Tunnel } from "../tunnel.ts";

const MTU = 1440;
const PORT = 51820;
/** All namespaces share the folder of control sockets, so the devices' names differ between ends and runs. */
const SOCKETS = "/var/run/wireguard";
const DEVICES = { a: `wg${Deno.pid}a`, b: `wg${Deno.pid}b` };
const SOCKET_LIMIT_MS = 5000;

/** The only one here that always encrypts. */
function wireguardGo(name: string, about: string, program: string): Tunnel {
  return {
    name,
    about,
    innerMtu: MTU,
    roams: true,
    needs: [
      { program, package: "wireguard-go" },
      { program: "wg", package: "wireguard-tools" },
    ],
    addresses: INNER_IPV6,
    prepare: async (site) => {
      const keys = { a: await output(["wg", "genkey"]), b: await output(["wg", "genkey"]) };
      const files = { a: await site.write("a.key", keys.a), b: await site.write("b.key", keys.b) };
      const publicKeys = {
        a: await output(["wg", "pubkey"], keys.a),
        b: await output(["wg", "pubkey"], keys.b),
      };
      const command = ["env", "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1", program, "-f"];
      return async () => {
        for (const end of ["b", "a"] as const) {
          site.start(end, `wireguard-${end}`, [...command, DEVICES[end]]);
        }
        // The end that speaks first comes last: a handshake that nobody hears is repeated after five seconds only.
        for (const [end, other] of [["b", "a"], ["a", "b"]] as const) {
          const device = DEVICES[end];
          await site.waitFor(
            `control socket of ${device}`,
            SOCKET_LIMIT_MS,
            () => exists(`${SOCKETS}/${device}.sock`),
          );
          const own = ["listen-port", String(PORT), "private-key", files[end]];
          const peer = [
            "peer",
            publicKeys[other],
            "endpoint",
            `${OUTER[other]}:${PORT}`,
            "allowed-ips",
            "::/0",
          ];
          await site.network.exec(end, ["wg", "set", device, ...own, ...peer]);
          await site.network.ip(end, addressLines(device, INNER_IPV6[end], `mtu ${MTU}`));
        }
      };
    },
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** WIREGUARD_GO names a second, say newer, program. */
const second = Deno.env.get("WIREGUARD_GO");

export const wireguardTunnels: readonly Tunnel[] = [
  wireguardGo("wireguard-go", "WireGuard in userspace, as Debian has it; encrypts", "wireguard-go"),
  ...(second ? [wireguardGo("wireguard-go-new", `WireGuard in userspace, ${second}; encrypts`, second)] : []),
];
