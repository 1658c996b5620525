/**
 * Encapsulates for the nodes of binding_table_stress_test.ts as fast as it can, while the test binds and unbinds them, and
 * judges every packet: where it went, or that it had no binding, has to have been true during the call.
 */
import { addressKey } from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import { KernelView } from "../../wasm/kernel_view.ts";
import * as map from "../../wasm/memory_map.ts";
import { ipv4, ipv6 } from "../forwarding/packets.ts";
import { Random } from "../forwarding/random_packets.ts";
import {
  BEGUN,
  ENOUGH,
  homeAddressOf,
  isEnough,
  outerAddressOf,
  type StressReport,
  type StressStart,
} from "./binding_table_stress.ts";

/** Where no packet of the batch is: in the ring for control, which encapsulation leaves alone. */
const KEY = map.RING;

self.onmessage = ({ data }: MessageEvent<StressStart>) => {
  const { memory, announced, done, nodes, hotNodes } = data;
  const module = instantiateForwarder(memory);
  const kernel = new KernelView(memory);
  const words = new Int32Array(memory.buffer);
  const octets = new Uint8Array(memory.buffer);
  const random = new Random(9);
  const batch = new Array<number>(map.BATCH);
  const since = new Array<number>(map.BATCH);
  const faults: string[] = [];
  let delivered = 0;
  let unbound = 0;
  let held = 0;
  for (let slot = 0; slot < map.BATCH; slot++) place(slot);
  Atomics.store(words, map.COMMAND_DONE / 4, BEGUN);

  while (Atomics.load(words, map.COMMAND_STOP / 4) === 0 && faults.length < 10) {
    // Some new packets each time, the others again.
    for (let change = 0; change < 8; change++) place(random.below(map.BATCH));
    for (let slot = 0; slot < map.BATCH; slot++) since[slot] = Atomics.load(done, batch[slot]);
    if (module.outbound(0, map.BATCH) !== map.BATCH) faults.push("not all packets have been done");
    const wentTo = new Map<number, { address: string; port: number }>();
    for (let index = 0; index < words[map.UDP_SEND_COUNT / 4]; index++) {
      const { address, port, datagrams } = kernel.udpMessage(index);
      for (const { slot } of datagrams) wentTo.set(slot, { address, port });
    }
    for (let slot = 0; slot < map.BATCH; slot++) judge(slot, wentTo.get(slot));
    for (let look = 0; look < 16; look++) hold(random.below(hotNodes));
    if (isEnough({ delivered, unbound, held })) Atomics.store(words, map.COMMAND_DONE / 4, ENOUGH);
  }
  Atomics.store(words, map.COMMAND_DONE / 4, ENOUGH);
  const report: StressReport = { delivered, unbound, held, faults };
  self.postMessage(report);

  function place(slot: number): void {
    const node = random.below(random.chance(50) ? hotNodes : nodes);
    const destination = homeAddressOf(node);
    const payload = Uint8Array.of(slot);
    const isVersion6 = destination.includes(":");
    kernel.placeTunPacket(slot, {
      bytes: isVersion6
        ? ipv6({ destination, payload })
        : ipv4({ source: "198.18.0.9", destination, protocol: 17, payload }),
    });
    batch[slot] = node;
  }

  /** What a reader has found stays as it is until the reader leaves, also where the binding changes meanwhile. */
  function hold(node: number): void {
    octets.set(addressKey(homeAddressOf(node)), KEY);
    module.enterTable();
    const entry = module.lookup(KEY);
    if (entry !== 0) {
      held++;
      const found = octets.slice(entry, entry + map.ENTRY_LINK);
      for (let wait = 0; wait < 200; wait++) Atomics.load(words, map.COMMAND_STOP / 4);
      const isSame = found.every((octet, offset) => octet === octets[entry + offset]);
      const isRight = found.subarray(0, 16).every((octet, offset) => octet === octets[KEY + offset]);
      if (!isSame || !isRight) faults.push(`the entry of node ${node} has changed in a reader's hand`);
    }
    module.leaveTable();
  }

  /** The count of a node is odd while it is bound, with that count as port; all counts since the call began may be true. */
  function judge(slot: number, tunnel: { address: string; port: number } | undefined): void {
    const node = batch[slot];
    const first = since[slot];
    const last = Atomics.load(announced, node);
    const isPossible = (count: number) =>
      tunnel === undefined ? count % 2 === 0 : count % 2 === 1 && (count & 0xffff) === tunnel.port;
    let count = first;
    while (count <= last && !isPossible(count)) count++;
    const isRight = count <= last && (tunnel === undefined || tunnel.address === outerAddressOf(node));
    if (tunnel === undefined) unbound++;
    else delivered++;
    if (!isRight) faults.push(`node ${node}, changes ${first} to ${last}, went to ${Deno.inspect(tunnel)}`);
  }
};
