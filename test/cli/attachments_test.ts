import { assert, assertEquals } from "@std/assert";
import { Attachments } from "../../cli/daemon/attachments.ts";
import type { SharedSockets } from "../../cli/daemon/data_path_group.ts";
import type { Log } from "../../cli/daemon/log.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";

const [A, B, C] = ["192.0.2.7", "198.51.100.7", "203.0.113.7"];

function at(address: string) {
  return { interfaceName: "vx", address, prefixLength: 24, gateway: undefined, linkMtu: 1500 };
}

function addLink(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("link", "set", "vx", "up");
}

/** Attachments, what the data path has of them, and the errors in the log. */
function open(namespace: TestNamespace) {
  addLink(namespace);
  const errors: string[] = [];
  const note = (message: string) => void errors.push(message);
  const quiet = () => {};
  const log: Log = { debug: quiet, info: quiet, warning: note, error: note, report: quiet, close: quiet };
  let sockets: SharedSockets = {};
  const dataPath = { setSockets: (given: SharedSockets) => Promise.resolve(void (sockets = given)) };
  const told = { onMobilityPacket: quiet, onDiscovery: quiet, log };
  const options = { localPort: 4191, workers: 1, offloads: ALL_OFFLOADS, ...told };
  const attachments = new Attachments(dataPath, options);
  const send = (address: string) => {
    const destination = address.replace(/7$/, "8");
    const packet = new Uint8Array(48);
    attachments.send({ kind: "sendSignalling", source: address, destination, destinationPort: 4191, packet });
  };
  return {
    attachments,
    errors,
    send,
    /** A move: the address, and the first message from there. */
    go: async (address: string) => {
      await attachments.change(at(address));
      send(address);
    },
    /** Addresses of the sockets: sent by, and only received from. */
    has: () => [sockets.ipv4, sockets.retiring].map((queues) => queues?.[0].outerSource),
    descriptor: () => sockets.ipv4![0].udpFileDescriptor,
  };
}

testInsideNamespace(
  "going back and forth keeps the sockets, also with no address in between",
  async (namespace) => {
    const { attachments, errors, go, has, descriptor } = open(namespace);
    for (const address of [A, B, C]) namespace.ip("addr", "add", `${address}/24`, "dev", "vx");
    await attachments.change(at(A));
    assertEquals(has(), [undefined, undefined], "the message goes first");
    await go(A);
    const ofA = descriptor();
    await go(B);
    const ofB = descriptor();
    assertEquals(has(), [B, A]);
    await attachments.change(undefined);
    assertEquals(has(), [undefined, B]);
    await go(A);
    assertEquals([...has(), descriptor()], [A, B, ofA]);
    await go(B);
    assertEquals([...has(), descriptor()], [B, A, ofB]);
    // Sockets that are left out are closed: their port is free, and is waited for.
    await go(C);
    await go(A);
    assertEquals([has(), errors], [[A, C], []]);
    await attachments[Symbol.asyncDispose]();
    assertEquals(has(), [undefined, undefined]);
  },
);

testInsideNamespace("an interface that was made again gets new sockets", async (namespace) => {
  const { attachments, errors, go, has } = open(namespace);
  namespace.ip("addr", "add", `${A}/24`, "dev", "vx");
  await go(A);
  namespace.ip("link", "del", "vx");
  addLink(namespace);
  namespace.ip("addr", "add", `${A}/24`, "dev", "vx");
  await go(A);
  assertEquals([has(), errors], [[A, undefined], []]);
  await attachments[Symbol.asyncDispose]();
});

testInsideNamespace("what could not be opened is opened when something is to be sent", async (namespace) => {
  const { attachments, errors, send, has } = open(namespace);
  await attachments.change(at(A));
  assertEquals([has(), errors], [[undefined, undefined], ["care-of address not usable"]]);
  namespace.ip("addr", "add", `${A}/24`, "dev", "vx");
  send(A);
  assertEquals(has(), [A, undefined]);
  assert(errors.length === 1, errors.join());
  await attachments[Symbol.asyncDispose]();
});
