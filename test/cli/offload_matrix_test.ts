import { assert, assertEquals } from "@std/assert";
import type { DataPathCounters } from "../../cli/daemon/data_path.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, type Offloads } from "../../cli/daemon/offloads.ts";
import { NO_TUN_OFFLOADS } from "../../ffi/tun_offloads.ts";
import { isRoot, until } from "../ffi/in_namespace.ts";
import { VERSIONS } from "../forwarding/transport_packets.ts";
import { isThere, OffloadMatrixNetwork } from "./offload_matrix_network.ts";

/**
 * Real programs over real sockets with and without each offload: every octet and the traffic class and hop limit of every
 * packet are compared at the far end, to the home agent itself and through it, both ways.
 */

const OFFLOADS: Readonly<Record<string, Offloads>> = {
  "all offloads": ALL_OFFLOADS,
  "no offloads": NO_OFFLOADS,
  "no tun-header": { ...ALL_OFFLOADS, tun: NO_TUN_OFFLOADS },
  "no tun-tcp": { ...ALL_OFFLOADS, tun: { ...ALL_OFFLOADS.tun, tcp: false } },
  "no tun-udp": { ...ALL_OFFLOADS, tun: { ...ALL_OFFLOADS.tun, udp: false } },
  "no udp-segment": { ...ALL_OFFLOADS, udpSegment: false },
  "no udp-receive": { ...ALL_OFFLOADS, udpReceive: false },
};

const OFF = ["gso", "off", "tso", "off", "gro", "off", "tx-udp-segmentation", "off"];
const UNDERLAYS: Readonly<Record<string, readonly string[]>> = { "as it comes": [], "without offloads": OFF };

const programs = ["ethtool", "tcpdump", "tshark", "python3"];
const missing = programs.filter((program) => !isThere(program));
if (isRoot && missing.length > 0) {
  console.log(`offload matrix: skipped, not installed: ${missing.join(", ")}`);
}

type Counts = readonly [packets: number, octets: number];

/** What has been counted since `before`: sent, and received. */
function countsSince(after: DataPathCounters, before: DataPathCounters): { sent: Counts; received: Counts } {
  const difference = (way: "sent" | "received"): Counts => [
    after[way].packets - before[way].packets,
    after[way].octets - before[way].octets,
  ];
  return { sent: difference("sent"), received: difference("received") };
}

/** Without the kernel's own multicast, which a router sends into every interface. */
function drops({ dropped }: DataPathCounters): Record<string, number> {
  const { destinationNotUnicast: _, ...others } = dropped;
  return others;
}

for (const [underlay, settings] of Object.entries(UNDERLAYS)) {
  Deno.test({
    name: `offload matrix: underlay ${underlay} (root)`,
    ignore: !isRoot || missing.length > 0,
    fn: async (test) => {
      await using network = new OffloadMatrixNetwork(settings);
      const file = await Deno.makeTempFile({ suffix: ".pcap" });
      await network.startCapture(file);
      for (const [name, offloads] of Object.entries(OFFLOADS)) {
        await using paths = await network.start(offloads);
        const encapsulations = ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const;
        for (
          const [encapsulation, version] of encapsulations.flatMap((each) =>
            VERSIONS.map((version) => [each, version] as const)
          )
        ) {
          await test.step(`${name}, IPv${version}, ${encapsulation}`, async () => {
            // The connections before are over for their ends; their last packets may still be on their way, in the tunnel before.
            let before = paths.counters();
            await until("nothing is on its way", async () => {
              await new Promise((resolve) => setTimeout(resolve, 20));
              const [earlier, now] = [before, paths.counters()];
              before = now;
              return JSON.stringify(earlier) === JSON.stringify(now);
            });
            paths.connect(encapsulation);
            const { fault, merged, toPeers, fromPeers } = await network.udp(version);
            assertEquals(fault, "");
            const counts = () => {
              const { agent, node } = paths.counters();
              return { agent: countsSince(agent, before.agent), node: countsSince(node, before.node) };
            };
            // The counters come a moment after the packets.
            await until("the last is counted", () => counts().node.received[0] >= fromPeers[0]);
            assertEquals(counts(), {
              agent: { sent: fromPeers, received: toPeers },
              node: { sent: toPeers, received: fromPeers },
            });
            const { agent, node } = paths.counters();
            assertEquals([drops(agent), drops(node)], [drops(before.agent), drops(before.node)]);
            if (!offloads.tun.udp) assertEquals(merged, 0);
            else assert(merged > 0, "datagrams are merged");
            assertEquals(await network.tcp(version), "");
            const after = paths.counters();
            const reasons = Object.keys({ ...drops(after.agent), ...drops(after.node) });
            // TCP sends again what a full queue costs; nothing else may be dropped.
            assertEquals(reasons.filter((reason) => !reason.endsWith("Full")), []);
          });
        }
      }
      await test.step("every packet behind the home agent has a right checksum", async () => {
        const { good, bad } = (await network.stopCapture())!;
        assertEquals(bad, 0);
        assert(good > 20_000, `only ${good} packets`);
      });
      await Deno.remove(file);
    },
  });
}
