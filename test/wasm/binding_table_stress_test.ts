/**
 * Bindings are added, changed and removed while packets flow, and every packet is judged. In the suite for some seconds;
 * longer with BINDING_STRESS_SECONDS, and with more nodes with BINDING_STRESS_NODES.
 */
import { assert, assertEquals } from "@std/assert";
import * as map from "../../wasm/memory_map.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT } from "../forwarding/case_tools.ts";
import { Random } from "../forwarding/random_packets.ts";
import {
  ENOUGH,
  homeAddressOf,
  isEnough,
  LIMIT_MS,
  outerAddressOf,
  type StressReport,
  type StressStart,
} from "./binding_table_stress.ts";

const SECONDS = Number(Deno.env.get("BINDING_STRESS_SECONDS") ?? 3);
const NODES = Number(Deno.env.get("BINDING_STRESS_NODES") ?? 1_000_000);
const HOT_NODES = 64;

Deno.test(`binding table: no packet of ${NODES} nodes goes astray while bindings change`, async () => {
  const forwarder = new WasmForwarder(AS_HOME_AGENT, { maximumBindings: NODES });
  const words = new Int32Array(forwarder.memory.buffer);
  const announced = new Uint32Array(new SharedArrayBuffer(4 * NODES));
  const done = new Uint32Array(new SharedArrayBuffer(4 * NODES));
  const random = new Random(8);
  let most = 0;

  const bind = (node: number) => {
    // The next odd count: the port that the node is bound to.
    const count = done[node] + 1 + done[node] % 2;
    Atomics.store(announced, node, count);
    const tunnel = { encapsulation: "udp", address: outerAddressOf(node), port: count & 0xffff } as const;
    forwarder.setBinding(homeAddressOf(node), tunnel, 1472);
    Atomics.store(done, node, count);
  };
  const unbind = (node: number) => {
    const count = done[node] + 2 - done[node] % 2;
    Atomics.store(announced, node, count);
    forwarder.removeBinding(homeAddressOf(node));
    Atomics.store(done, node, count);
  };
  for (let node = 0; node < NODES; node++) bind(node);

  const worker = new Worker(new URL("./binding_table_stress_worker.ts", import.meta.url), { type: "module" });
  const report = new Promise<StressReport>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  const start: StressStart = { memory: forwarder.memory, announced, done, nodes: NODES, hotNodes: HOT_NODES };
  worker.postMessage(start);
  while (Atomics.load(words, map.COMMAND_DONE / 4) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const startMs = performance.now();
  let changes = 0;
  const isOver = () => changes > 50_000 && Atomics.load(words, map.COMMAND_DONE / 4) === ENOUGH;
  // Longer where the machine is busy.
  for (
    let ms = 0;
    ms < 1000 * SECONDS || !isOver() && ms < LIMIT_MS;
    ms = performance.now() - startMs
  ) {
    for (let repeat = 0; repeat < 1000; repeat++, changes++) {
      const node = random.below(random.chance(50) ? HOT_NODES : NODES);
      if (random.chance(30)) unbind(node);
      else bind(node);
    }
    most = Math.max(most, words[map.WRITER_LIVE / 4]);
  }
  Atomics.store(words, map.COMMAND_STOP / 4, 1);
  const { delivered, unbound, held, faults } = await report;
  worker.terminate();
  assertEquals(faults, []);
  const figures = Deno.inspect({ changes, delivered, unbound, held, most });
  if (SECONDS > 3) console.log(figures);
  assert(
    changes > 50_000 && isEnough({ delivered, unbound, held }) && most > NODES / 2,
    figures,
  );
});
