import { assert, assertEquals } from "@std/assert";
import type { Lab } from "../../cli/lab/lab.ts";
import { LIMIT_MS, MOBILE_ROUTER, openStage } from "./mobile_network_stage.ts";
import { labTest } from "./support.ts";

/** Sends a numbered packet every 5 ms to the home address, for ever. */
const SEND = `
import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
start = time.monotonic()
for n in range(1 << 30):
    try: s.sendto(n.to_bytes(4, "big"), ("${MOBILE_ROUTER.homeAddress}", 9))
    except OSError: pass
    time.sleep(max(0, start + 0.005 * (n + 1) - time.monotonic()))
`;
/** Prints the number of each packet, and answers none: the mobile node has nothing to say. */
const RECEIVE = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 9))
while True: print(int.from_bytes(s.recv(4), "big"), flush=True)
`;

/** The numbers that came so far. */
function received(log: string): number[] {
  return log.split("\n").filter((line) => /^\d+$/.test(line)).map(Number);
}

/** Restarts the home agent under traffic to a mobile node that is silent. Returns how many packets were lost. */
async function restartUnderTraffic(
  lab: Lab,
  restart: () => Promise<void>,
  receiver: { readonly log: () => string },
): Promise<number> {
  const flows = async (than: number) => {
    await lab.until("packets", LIMIT_MS, () => received(receiver.log()).length > than + 20);
    return received(receiver.log()).length;
  };
  await flows(received(receiver.log()).length);
  await restart();
  await flows(received(receiver.log()).length);
  const numbers = received(receiver.log());
  return numbers.at(-1)! - numbers[0] + 1 - numbers.length;
}

labTest(
  "real daemons: a home agent that is restarted forwards to a silent mobile node at once, without a new registration",
  async (lab) => {
    const { homeAgent, mobileRouter } = await openStage(lab, "");
    mobileRouter.start();
    await mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    const { answer: before } = await homeAgent.ready(LIMIT_MS);
    const receiver = lab.start("mr", "receiver", ["python3", "-u", "-c", RECEIVE]);
    lab.start("cn", "sender", ["python3", "-u", "-c", SEND]);
    const restart = async () => {
      assertEquals((await homeAgent.end("SIGTERM")).code, 0);
      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
    };
    const lost = await restartUnderTraffic(lab, restart, receiver);
    assert(lost < 400, `${lost} packets of 5 ms lost`);
    const { answer: after } = await homeAgent.ready(LIMIT_MS);
    const same = ({ bindings }: typeof before) =>
      bindings.map(({ remainingSeconds: _, ...binding }) => binding);
    assertEquals(same(after), same(before));
    assert(after.bindings[0].remainingSeconds < before.bindings[0].remainingSeconds);
    assert(homeAgent.log().includes("bindings taken over"));
  },
  ["python3"],
);
