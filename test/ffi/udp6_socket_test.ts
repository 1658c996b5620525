import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { receive } from "../../ffi/socket.ts";
import { encodeSocketAddress6, openUdp6Socket, sendTo6 } from "../../ffi/udp6_socket.ts";

/** Below those that the kernel gives to sockets without one. */
const PORT = 29_860;

Deno.test("a datagram over IPv6 arrives whole, and none is no fault", () => {
  const receiver = openUdp6Socket(PORT, 65536);
  const sender = openUdp6Socket(0, 0);
  try {
    const buffer = new Uint8Array(2048);
    assertEquals(receive(receiver, buffer), undefined);
    sendTo6(sender, new Uint8Array([1, 2, 3]), encodeSocketAddress6("::1", PORT));
    assertEquals(receive(receiver, buffer), 3);
    assertEquals([...buffer.subarray(0, 3)], [1, 2, 3]);
    assertEquals(receive(receiver, buffer), undefined);
    assertThrows(() => openUdp6Socket(PORT, 65536), SystemError, "EADDRINUSE");
  } finally {
    closeFileDescriptor(sender);
    closeFileDescriptor(receiver);
  }
});

Deno.test("an IPv6 socket address has port and address in network order", () => {
  const bytes = encodeSocketAddress6("2001:db8::1", 4191);
  assertEquals([...bytes.subarray(0, 8)], [10, 0, 0x10, 0x5f, 0, 0, 0, 0]);
  assertEquals([bytes[8], bytes[9], bytes[23], bytes.length], [0x20, 0x01, 1, 28]);
  assertThrows(() => encodeSocketAddress6("192.0.2.1", 1), RangeError, "192.0.2.1");
});
