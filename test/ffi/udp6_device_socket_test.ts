import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { type Udp6Datagram, Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { run, testInNamespace, until } from "./in_namespace.ts";

const PORT = 547;
const GROUP = "ff02::1:2";
/** Of the interface "own". */
const OWN = "2001:db8:9::1";
const NEAR = "2001:db8::1";
const FAR = "2001:db8::2";
const OPTIONS = { port: PORT, receiveBufferOctets: 65_536 };

/** The next datagram. */
async function next(socket: Udp6DeviceSocket): Promise<Udp6Datagram> {
  let datagram: Udp6Datagram | undefined;
  await until("a datagram", () => (datagram = socket.receive()) !== undefined);
  return datagram!;
}

testInNamespace("a UDP socket of one device takes what comes by that device only", async (namespace) => {
  const other = `${namespace.name}-far`;
  run("ip", "netns", "add", other);
  try {
    namespace.ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", other);
    namespace.ip("link", "add", "own", "type", "veth", "peer", "name", "ownpeer");
    for (const link of ["near", "own", "ownpeer"]) namespace.ip("link", "set", link, "up");
    namespace.ip("address", "add", `${OWN}/128`, "dev", "own", "nodad");
    namespace.ip("address", "add", `${NEAR}/64`, "dev", "near", "nodad");
    run("ip", "-n", other, "link", "set", "far", "up");
    run("ip", "-n", other, "address", "add", `${FAR}/64`, "dev", "far", "nodad");
    run("ip", "-n", other, "route", "add", `${OWN}/128`, "via", NEAR);

    using opened = new DisposableStack();
    const open = (address: string, device: string) =>
      opened.use(namespace.enter(() => new Udp6DeviceSocket({ ...OPTIONS, address, device })));
    // One address and port, for two devices; and a group beside them.
    const byNear = open(OWN, "near");
    const byOwn = open(OWN, "own");
    const group = open(GROUP, "near");
    const sender = opened.use(
      inNetworkNamespace(
        other,
        () => new Udp6DeviceSocket({ ...OPTIONS, port: 546, address: FAR, device: "far" }),
      ),
    );
    assertEquals(byNear.receive(), undefined);

    sender.send(new Uint8Array([1, 2, 3]), OWN, PORT);
    assertEquals(await next(byNear), { source: FAR, sourcePort: 546, payload: new Uint8Array([1, 2, 3]) });
    sender.send(new Uint8Array([4]), GROUP, PORT);
    assertEquals((await next(group)).payload, new Uint8Array([4]));
    assertEquals([byNear.receive(), byOwn.receive()], [undefined, undefined]);

    // Back from an address of another interface, by the device.
    assertEquals(byNear.send(new Uint8Array([5]), FAR, 546), undefined);
    assertEquals((await next(sender)).source, OWN);
    // From the host itself it came by no device of theirs.
    const local = open(NEAR, "near");
    local.send(new Uint8Array([6]), OWN, PORT);
    assertEquals(byOwn.receive(), undefined);
    assertEquals(byOwn.send(new Uint8Array([7]), FAR, 546)?.message.includes("unreachable"), true);
  } finally {
    run("ip", "netns", "del", other);
  }
});

testInNamespace("a UDP socket of one device: faults say what to do", (namespace) => {
  const open = (address: string, device: string) => () =>
    namespace.enter(() => new Udp6DeviceSocket({ ...OPTIONS, address, device }));
  assertThrows(open(OWN, "lo"), SystemError, "No interface of this host has the address");
  assertThrows(open("::1", "none0"), SystemError, "none0");
  assertThrows(open(GROUP, "none0"), SystemError, "none0");
});
