import { OUTER } from "../network.ts";
import { INNER_IPV6, output, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1440;
const PORT = 10000;

/** If both ends start together, the first handshake can come after up to 20 s. */
export const fastd: Tunnel = {
  name: "fastd",
  about: "fastd, mode tun, method null: no encryption",
  innerMtu: MTU,
  needs: [{ program: "fastd", package: "fastd" }],
  addresses: INNER_IPV6,
  prepare: async (site) => {
    const keys = { a: await generateKey(), b: await generateKey() };
    const write = (end: "a" | "b", other: "a" | "b") =>
      site.write(
        `${end}.conf`,
        `log to stderr level info;
bind ${OUTER[end]}:${PORT};
interface "${DEVICE}";
mode tun;
method "null";
mtu ${MTU};
secret "${keys[end].secret}";
peer "peer" { key "${keys[other].public}"; remote ${OUTER[other]}:${PORT}; }
`,
      );
    const files = { a: await write("a", "b"), b: await write("b", "a") };
    return async () => {
      const started = (["b", "a"] as const).map((end) => ({
        end,
        child: site.start(end, `fastd-${end}`, ["fastd", "-c", files[end]]),
      }));
      for (const { end, child } of started) {
        await site.address(end, child, DEVICE, INNER_IPV6[end], `mtu ${MTU}`);
      }
    };
  },
};

async function generateKey(): Promise<{ readonly secret: string; readonly public: string }> {
  const text = await output(["fastd", "--generate-key"]);
  const field = (name: string) => new RegExp(`^${name}: ([0-9a-f]+)$`, "m").exec(text)?.[1];
  const [secret, publicKey] = [field("Secret"), field("Public")];
  if (secret === undefined || publicKey === undefined) throw new Error(`fastd --generate-key says: ${text}`);
  return { secret, public: publicKey };
}
