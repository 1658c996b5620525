import { assert, assertEquals } from "@std/assert";
import { Attachments } from "../../cli/daemon/attachments.ts";
import type { SharedSockets } from "../../cli/daemon/data_path_group.ts";
import type { Log } from "../../cli/daemon/log.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket, sendTo } from "../../ffi/socket.ts";
import { ESP, esp, HOME_ADDRESS, HOME_AGENT, ipv6 } from "../forwarding/packets.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";

const [A, B, C] = ["192.0.2.7", "198.51.100.7", "203.0.113.7"];

function at(address: string, interfaceName = "vx") {
  return { interfaceName, address, prefixLength: 24, gateway: undefined, linkMtu: 1500 };
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
  const told = { onMobilityPacket: quiet, onDiscovery: quiet, log, homeAgentAddress: HOME_AGENT };
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
    go: async (address: string, interfaceName?: string) => {
      await attachments.change(at(address, interfaceName));
      send(address);
    },
    /** Addresses of the sockets: sent by, and only received from. */
    has: () => [sockets.ipv4, sockets.retiring].map((queues) => queues?.[0].outerSource),
    descriptor: () => sockets.ipv4![0].udpFileDescriptor,
    /** Of the address in use. */
    signalling: () => sockets.ipv4![0].signallingFileDescriptor!,
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

testInsideNamespace(
  "SPIs of ours are known at every care-of address, those of before too",
  async (namespace) => {
    const { attachments, errors, go, signalling } = open(namespace);
    // On loopback, where we reach them ourselves.
    for (const address of [A, B]) namespace.ip("addr", "add", `${address}/24`, "dev", "lo");
    const packet = ipv6({
      source: HOME_AGENT,
      destination: HOME_ADDRESS,
      nextHeader: ESP,
      payload: esp(4096),
    });
    /** Does ESP with SPI 4096 come in where signalling does? */
    const isSignalling = (address: string) => {
      const { fileDescriptor } = openUdpSocket({ address, port: 0, receiveBufferOctets: 1 << 16 });
      assertEquals(sendTo(fileDescriptor, packet, address, 4191), undefined);
      closeFileDescriptor(fileDescriptor);
      return receiveFrom(signalling(), new Uint8Array(200)) !== undefined;
    };
    await go(A, "lo");
    assertEquals(isSignalling(A), false);
    attachments.setSpis(new Set([4096]));
    assertEquals(isSignalling(A), true);
    await go(B, "lo");
    assertEquals(isSignalling(B), true);
    attachments.setSpis(new Set([4095]));
    assertEquals(isSignalling(B), false);
    await go(A, "lo");
    assertEquals([isSignalling(A), errors], [false, []]);
    await attachments[Symbol.asyncDispose]();
  },
);

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
