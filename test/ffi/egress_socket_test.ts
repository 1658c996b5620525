import { assert, assertEquals } from "@std/assert";
import { EgressSocket } from "../../ffi/egress_socket.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import type { NetworkLayerPacket } from "../../ffi/network_layer_socket.ts";
import { testInsideNamespace, type TestNamespace, until } from "./in_namespace.ts";

const ALL_NODES = new Uint8Array([0x33, 0x33, 0, 0, 0, 1]);
const BROADCAST = new Uint8Array(6).fill(0xff);

function addLink(namespace: TestNamespace): { readonly near: number; readonly far: number } {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  // Quiet: no solicitations of the kernel's own.
  for (const name of ["vx", "vy"]) namespace.run("sysctl", "-qw", `net.ipv6.conf.${name}.addr_gen_mode=1`);
  namespace.ip("link", "set", "vx", "up");
  namespace.ip("link", "set", "vy", "up");
  const netlink = new Netlink();
  const indices = { near: netlink.requireLink("vx").index, far: netlink.requireLink("vy").index };
  netlink.close();
  return indices;
}

/** An IPv6 packet of 48 octets. */
function ipv6(nextHeader: number, firstOctet: number): Uint8Array {
  const packet = new Uint8Array(48);
  packet.set([0x60, 0, 0, 0, 0, 8, nextHeader, 255]);
  packet[40] = firstOctet;
  return packet;
}

/** An IPv4 packet with so many words of options, to a port. */
function ipv4(
  { protocol = 17, port, optionWords = 0, fragment = 0 }: {
    readonly protocol?: number;
    readonly port: number;
    readonly optionWords?: number;
    readonly fragment?: number;
  },
): Uint8Array {
  const headerOctets = 20 + 4 * optionWords;
  const packet = new Uint8Array(headerOctets + 8);
  packet.set([
    0x40 | headerOctets / 4,
    0,
    0,
    packet.length,
    0,
    0,
    fragment >> 8,
    fragment & 0xff,
    64,
    protocol,
  ]);
  packet.set([0, 67, port >> 8, port & 0xff, 0, 8, 0x12, 0x34], headerOctets);
  return packet;
}

testInsideNamespace(
  "an egress socket gives what an interface is configured by, and nothing else",
  (namespace) => {
    const { near, far } = addLink(namespace);
    using sender = new EgressSocket({ interfaceIndex: far });
    using receiver = new EgressSocket({ interfaceIndex: near });
    const cases: readonly (readonly [etherType: number, payload: Uint8Array, isLetThrough: boolean])[] = [
      ...Array.from({ length: 256 }, (_, type) => {
        return [0x86dd, ipv6(58, type), type >= 133 && type <= 137] as const;
      }),
      [0x86dd, ipv6(17, 134), false],
      [0x86dd, new Uint8Array([0x60]), false],
      [0x0806, new Uint8Array(28), true],
      [0x0800, ipv4({ port: 68 }), true],
      [0x0800, ipv4({ port: 68, optionWords: 10 }), true],
      [0x0800, ipv4({ port: 67 }), false],
      [0x0800, ipv4({ port: 68, protocol: 6 }), false],
      [0x0800, ipv4({ port: 68, fragment: 0x2000 }), true],
      [0x0800, ipv4({ port: 68, fragment: 1 }), false],
      [0x0800, new Uint8Array(21).fill(0x45), false],
      [0x88cc, new Uint8Array(60), false],
    ];
    for (const [etherType, payload, isLetThrough] of cases) {
      const fault = sender.send({ etherType, destinationHardwareAddress: BROADCAST, payload });
      assertEquals(fault, undefined);
      const received = receiver.receive();
      const what = `${etherType.toString(16)} ${payload}`;
      assertEquals(received !== undefined, isLetThrough, what);
      if (received === undefined) continue;
      assertEquals([received.etherType, received.interfaceIndex, received.isChecksumMissing], [
        etherType,
        near,
        false,
      ]);
      assertEquals([...received.payload.subarray(0, payload.length)], [...payload]);
      const hardwareAddress = namespace.ipJson("link", "show", "vy")[0].address;
      assertEquals(
        Array.from(received.sourceHardwareAddress, (octet) => octet.toString(16).padStart(2, "0")).join(":"),
        hardwareAddress,
      );
    }
    assertEquals(sender.receive(), undefined, "never what it sent itself");
  },
);

testInsideNamespace("what is for another node is not given, in promiscuous mode either", (namespace) => {
  const { near, far } = addLink(namespace);
  namespace.ip("link", "set", "vx", "promisc", "on");
  using sender = new EgressSocket({ interfaceIndex: far });
  using receiver = new EgressSocket({ interfaceIndex: near });
  const send = (destinationHardwareAddress: Uint8Array) =>
    sender.send({ etherType: 0x0806, destinationHardwareAddress, payload: new Uint8Array(28) });
  send(new Uint8Array([2, 0, 0, 0, 0, 9]));
  assertEquals(receiver.receive(), undefined);
  send(ALL_NODES);
  assert(receiver.receive() !== undefined);
});

testInsideNamespace("a checksum that was left to a network card is taken away", (namespace) => {
  const { near } = addLink(namespace);
  using receiver = new EgressSocket({ interfaceIndex: near });
  namespace.ip("addr", "add", "192.0.2.1/24", "dev", "vy");
  namespace.run(
    "python3",
    "-c",
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"vy")
s.sendto(b"12345678", ("255.255.255.255", 68))`,
  );
  const packet = receiver.receive();
  assert(packet !== undefined);
  assertEquals([...packet.payload.subarray(22, 28)], [0, 68, 0, 16, 0, 0]);
});

testInsideNamespace("an interface that goes down and comes back is heard again", async (namespace) => {
  const { near, far } = addLink(namespace);
  const packets: NetworkLayerPacket[] = [];
  const failures: unknown[] = [];
  await using sender = new NetworkLayerListener(new EgressSocket({ interfaceIndex: far }), {
    onPacket: () => {},
    onFailure: (error) => failures.push(error),
  });
  assert(sender !== undefined);
  const socket = new EgressSocket({ interfaceIndex: near });
  await using listener = new NetworkLayerListener(socket, {
    onPacket: (packet) => packets.push(packet),
    onFailure: (error) => failures.push(error),
  });
  assert(listener !== undefined);
  using other = new EgressSocket({ interfaceIndex: far });
  const send = () =>
    other.send({ etherType: 0x0806, destinationHardwareAddress: BROADCAST, payload: new Uint8Array(28) });
  send();
  await until("the first", () => packets.length === 1);
  namespace.ip("link", "set", "vx", "down");
  assertEquals(
    socket.send({ etherType: 0x0806, destinationHardwareAddress: BROADCAST, payload: new Uint8Array(28) })
      ?.errnoName,
    "ENETDOWN",
  );
  namespace.ip("link", "set", "vx", "up");
  await until("the second", () => {
    if (packets.length < 2) send();
    return packets.length >= 2;
  });
  assertEquals(failures, []);
});

testInsideNamespace("a listener that has closed has let go of its socket", async (namespace) => {
  const { near } = addLink(namespace);
  const socket = new EgressSocket({ interfaceIndex: near });
  const listener = new NetworkLayerListener(socket, { onPacket: () => {}, onFailure: () => {} });
  const held = Deno.readLinkSync(`/proc/self/fd/${socket.fileDescriptor}`);
  await listener.close();
  const open = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // The descriptor of the list itself has gone.
    }
  });
  assertEquals([held.startsWith("socket:"), open.includes(held)], [true, false]);
});
