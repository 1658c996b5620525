import { assert, assertEquals } from "@std/assert";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { receive } from "../../ffi/socket.ts";
import { counting, ipv4, ipv6 } from "../forwarding/packets.ts";
import { testInNamespace } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

const ADDRESS = "127.0.0.1";
const OPTIONS = { protocol: 41, address: ADDRESS, receiveBufferOctets: 1 << 20 };

for (const shares of [1, 2, 3, 5]) {
  testInNamespace(`of ${shares} raw sockets, exactly one takes the packets of a source`, (namespace) => {
    const sockets = Array.from(
      { length: shares },
      (_, index) => namespace.enter(() => openRawSocket({ ...OPTIONS, share: { index, of: shares } })),
    );
    const sender = namespace.enter(() => openRawSocket({ ...OPTIONS, protocol: 255 }));
    const sources = Array.from({ length: 40 }, (_, number) => `127.0.${number % 7}.${10 + number}`);
    for (let round = 0; round < 2; round++) {
      for (const source of sources) {
        const packet = ipv4({ source, destination: ADDRESS, payload: ipv6({ payload: counting(round) }) });
        assertEquals(sendTo(sender.fileDescriptor, packet, ADDRESS, 0), undefined);
      }
    }
    const takers = new Map<string, number[]>();
    for (const [index, { fileDescriptor }] of sockets.entries()) {
      let count = 0;
      for (let packet; (packet = receiveFrom(fileDescriptor, new Uint8Array(2000))); count++) {
        assertEquals(packet.bytes.length, 60 + (takers.get(packet.address)?.length ?? 0), "whole, in order");
        takers.set(packet.address, [...takers.get(packet.address) ?? [], index]);
      }
      assert(count > 0, `socket ${index} has a share`);
    }
    for (const source of sources) {
      const [first, second, ...others] = takers.get(source) ?? [];
      assertEquals([first, others], [second, []], source);
    }
    for (const { fileDescriptor } of [...sockets, sender]) closeFileDescriptor(fileDescriptor);
  });
}

for (const shares of [1, 2, 3]) {
  testInNamespace(`of ${shares} raw IPv6 sockets, exactly one takes the packets of a source`, (namespace) => {
    const address = "2001:db8:5::1";
    namespace.ip("addr", "add", `${address}/128`, "dev", "lo", "nodad");
    const options = { protocol: 41, address, bufferOctets: 1 << 20 };
    const sockets = Array.from({ length: shares }, (_, index) => {
      return namespace.enter(() => openRaw6Socket({ ...options, share: { index, of: shares } }));
    });
    const sender = namespace.enter(() => openRaw6Socket({ ...options, protocol: IPPROTO_RAW }));
    const sources = Array.from({ length: 12 }, (_, number) => `2001:db8:6::${number + 1}`);
    const taken = sources.map((source) => {
      // With and without an extension header in front of the inner packet.
      for (const limit of [[], [41, 0, 4, 1, 4, 1, 1, 0]]) {
        const payload = new Uint8Array([...limit, ...ipv6()]);
        const packet = ipv6({
          source,
          destination: address,
          nextHeader: limit.length > 0 ? 60 : 41,
          payload,
        });
        assertEquals(sendRaw6(sender, packet, address), undefined);
      }
      return sockets.flatMap((socket, index) => {
        const takes = [];
        while (receive(socket, new Uint8Array(2000)) !== undefined) takes.push(index);
        return takes;
      });
    });
    for (const [first, second, ...others] of taken) assertEquals([first, others], [second, []]);
    assertEquals(new Set(taken.flat()).size, shares, "each has a share");
    for (const fileDescriptor of [...sockets, sender]) closeFileDescriptor(fileDescriptor);
  });
}
