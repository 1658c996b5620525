import { assert, assertEquals, assertRejects } from "@std/assert";
import { Capture, readCapture } from "../../cli/lab/capture.ts";
import { startDhcpClient, startDhcpServer } from "../../cli/lab/dhcp.ts";
import { Lab } from "../../cli/lab/lab.ts";
import { Nat } from "../../cli/lab/nat.ts";
import { labTopology } from "../../cli/lab/scenarios/topology.ts";
import {
  AnswerWatch,
  measureThroughput,
  ping,
  runFlow,
  runTransfer,
  timeToAnswer,
} from "../../cli/lab/traffic.ts";
import { rootTest } from "./support.ts";

/** The lab's network with DHCP and NAT, without our daemons. */
async function withLab(use: (lab: Lab, nat: Nat) => Promise<void>): Promise<void> {
  const lab = await Lab.open(new AbortController().signal);
  try {
    await lab.network.build(labTopology("nat"));
    const nat = new Nat(lab, "access", "wan", "192.0.2.1");
    await nat.start();
    const lan = "192.168.77";
    const range = { router: `${lan}.1`, firstAddress: `${lan}.100`, lastAddress: `${lan}.199` };
    await startDhcpServer(lab, { node: "access", interfaceName: "lan", ...range });
    await use(lab, nat);
  } finally {
    await lab.close();
  }
  await assertRejects(() => Deno.stat(lab.directory), Deno.errors.NotFound);
}

const TO_HOME_AGENT = { from: "mn", to: "ha", address: "203.0.113.1" };
const TO_CORRESPONDENT = { from: "ha", to: "cn", address: "2001:db8:200::10" };

rootTest("DHCP, NAT, and the NAT's flush, with and without other ports", async () => {
  await withLab(async (lab, nat) => {
    const address = await startDhcpClient(lab, "mn");
    assert(/^192\.168\.77\.1\d\d$/.test(address), address);
    const capture = await Capture.start(lab, "ha", "eth0", "203.0.113.126");
    assertEquals((await ping(lab, TO_HOME_AGENT, 2)).received, 2);
    const send = 'printf x | timeout 2 bash -c "cat >/dev/udp/203.0.113.1/4191"';
    await lab.exec("mn", ["sh", "-c", send]);
    const mappings = await nat.flush(4191, "40000-40010");
    if (mappings !== undefined) assertEquals(mappings, { before: 1, after: 0 });
    assertEquals((await ping(lab, TO_HOME_AGENT, 2)).received, 2);
    await lab.exec("mn", ["sh", "-c", send]);
    await capture.stop();
    const packets = (await readCapture(capture.path)).filter(({ destinationPort, ipv4Source }) =>
      destinationPort === 4191 && ipv4Source === "192.0.2.2"
    );
    assertEquals(packets.length, 2);
    const port = packets[1].sourcePort ?? 0;
    assert(port >= 40_000 && port <= 40_010, `port ${port}`);
  });
});

rootTest("flows, transfers, throughput and pings on links without a tunnel", async () => {
  await withLab(async (lab) => {
    assertEquals((await ping(lab, TO_CORRESPONDENT, 3)).received, 3);
    const flow = { way: TO_CORRESPONDENT, port: 9001, packetOctets: 250, intervalMs: 5, seconds: 0.5 };
    const { received, lost } = await runFlow(lab, flow);
    assertEquals({ received, lost }, { received: 100, lost: 0 });
    const transfer = await runTransfer(lab, TO_CORRESPONDENT, 9002, 1_000_000);
    assertEquals([transfer.same, transfer.received.octets], [true, 1_000_000]);
    assert(await measureThroughput(lab, TO_CORRESPONDENT, 9003, 1) > 10);
  });
});

rootTest("an answer is waited for, also while there is no route, and not for ever", async () => {
  await withLab(async (lab) => {
    assertEquals((await ping(lab, { ...TO_HOME_AGENT, from: "cn", address: "192.0.2.77" }, 1)).received, 0);
    const watch = new AnswerWatch(lab, TO_HOME_AGENT, 10_000);
    await startDhcpClient(lab, "mn");
    assert(await watch.answered() > 0);
    await lab.network.ip("ha", ["link", "set", "eth0", "down"]);
    await assertRejects(() => timeToAnswer(lab, TO_HOME_AGENT, 300), Error, "did not answer");
  });
});
