/**
 * Drives the data path's loop, in a Worker, with packets both ways, and prints for each run how much the heap of its thread has
 * grown: a line of JSON, { fault, grownOctets }. A program of its own, since V8 takes the size of the young generation, where
 * nothing may be collected meanwhile, from the command line only.
 *
 * data_path_allocation_program.ts PACKETS_EACH_WAY RUNS
 */
import { writeSockets } from "../../cli/daemon/data_path_sockets.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { memoryBase } from "../../ffi/data_path_calls.ts";
import { openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { sendTo } from "../../ffi/socket.ts";
import { BindingTableWriter } from "../../wasm/binding_table.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import { createForwarderMemory, openForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { until } from "../ffi/in_namespace.ts";
import { CORRESPONDENT, counting, HOME_ADDRESS, HOME_AGENT, ipv6 } from "../forwarding/packets.ts";
import { AGENT_TUN, AGENT_V4, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";

const [packetsEachWay, runs] = Deno.args.map(Number);

using network = new DataPathNetwork(ALL_OFFLOADS.tun);
const tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
const udp = network.udp(network.agent, 4191, { receiveMerged: true });
const node = network.udp(network.node, 40_000);
const application = network.application(network.agent, HOME_AGENT, 9);
const memory = createForwarderMemory(16);
const module = instantiateForwarder(memory);
const settings = { role: "homeAgent", homeAgentAddress: HOME_AGENT } as const;
const base = memoryBase(memory);
openForwarderMemory(module, {
  memory,
  settings,
  maximumBindings: 16,
  base,
  seed: 1n,
  hasTunHeader: tun.offloads.header,
  offloads: (tun.offloads.tcp ? map.OFFLOAD_TUN_TCP : 0) | (tun.offloads.udp ? map.OFFLOAD_TUN_UDP : 0),
});
const tunnel = { encapsulation: "udp", address: NODE_V4, port: 40_000 } as const;
new BindingTableWriter(module, memory).set(HOME_ADDRESS, tunnel, 1472);
const words = new Int32Array(memory.buffer);
writeSockets(memory, {
  ipv4: {
    udpFileDescriptor: udp.fileDescriptor,
    rawIpv6FileDescriptor: -1,
    outerSource: AGENT_V4,
    canSegment: udp.canSegment,
  },
});
const event = openEventFd();
const worker = new Worker(new URL("./data_path_allocation_worker.ts", import.meta.url), {
  type: "module",
});

/** One run of the loop, with so many packets each way. */
const run = async (packets: number): Promise<{ fault: string; grownOctets: number }> => {
  const inner = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT });
  const data = counting(100);
  const before = readCounters(memory);
  words[map.COMMAND_STOP / 4] = 0;
  worker.postMessage({ memory, tunFileDescriptor: tun.fileDescriptor, eventFileDescriptor: event });
  await until("the packets have passed", () => {
    for (let count = 0; count < 200; count++) {
      application.send(data, HOME_ADDRESS, 9);
      sendTo(node.fileDescriptor, inner, AGENT_V4, 4191);
    }
    const { encapsulatedPackets, decapsulatedPackets } = readCounters(memory);
    return encapsulatedPackets - before.encapsulatedPackets >= packets &&
      decapsulatedPackets - before.decapsulatedPackets >= packets;
  }, 20_000);
  const end = new Promise<{ fault: string; grownOctets: number }>((resolve, reject) => {
    worker.onmessage = (message) => resolve(message.data);
    worker.onerror = (error) => reject(new Error(error.message));
  });
  words[map.COMMAND_STOP / 4] = 1;
  signalEventFd(event);
  return await end;
};
// The first runs are for the compiler.
for (let warming = 0; warming < 3; warming++) await run(packetsEachWay / 8);
for (let count = 0; count < runs; count++) console.log(JSON.stringify(await run(packetsEachWay)));
worker.terminate();
closeFileDescriptor(event);
