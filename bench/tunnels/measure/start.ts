import type { Disturbance } from "../meter.ts";
import { metered } from "../meter.ts";
import type { Site } from "../site.ts";
import type { InnerAddresses, StartTunnel, Tunnel } from "../tunnel.ts";

const PORT = 7777;
/** fastd can take 20 s, Teredo some seconds more. */
const LIMIT_SECONDS = 40;

export interface Start {
  readonly addresses: InnerAddresses;
  readonly startMs: number;
  readonly disturbance: Disturbance;
}

/**
 * Starts a tunnel and asks through it every 2 ms until the first answer. The asking begins before the start, unless
 * only the tunnel itself knows its addresses.
 */
export async function startTunnel(site: Site, tunnel: Tunnel, start: StartTunnel): Promise<Start> {
  const { result, disturbance } = await metered(site, [], async () => {
    const words = ["echo", String(PORT), String(LIMIT_SECONDS + 10)];
    const echo = site.start("b", "echo", [site.tools.load, ...words]);
    await site.listening(echo, "udp", PORT);
    try {
      const early = tunnel.addresses === undefined ? undefined : probe(site, tunnel.addresses);
      // A start that fails is told first; the probe that ends in vain after it is nobody's news.
      early?.catch(() => {});
      const startedAtMs = Date.now();
      const addresses = await start() ?? tunnel.addresses!;
      const { answeredAtMs } = await (early ?? probe(site, addresses));
      return { addresses, startMs: answeredAtMs - startedAtMs };
    } finally {
      await echo.end("SIGKILL");
    }
  });
  return { ...result, disturbance };
}

async function probe(site: Site, { b }: InnerAddresses): Promise<{ readonly answeredAtMs: number }> {
  const command = [site.tools.load, "probe", b, String(PORT), String(LIMIT_SECONDS)];
  return JSON.parse(await site.network.exec("a", command, { limitMs: (LIMIT_SECONDS + 5) * 1000 }));
}
