import { assert, assertEquals } from "@std/assert";
import { NO_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { openOuterSockets } from "../../cli/daemon/outer_sockets.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { testInNamespace, until } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
import { ipv4 } from "../forwarding/packets.ts";

const AGENT = "127.0.0.1";
const WORKERS = 3;
const SOURCES = Array.from({ length: 24 }, (_, number) => `127.1.0.${1 + number}`);

testInNamespace(
  "outer sockets: protocols 41 and 4 are shared out by source, and each packet comes to one worker",
  async (namespace) => {
    const sockets = namespace.enter(() =>
      openOuterSockets({
        address: AGENT,
        port: 4191,
        workers: WORKERS,
        offloads: NO_OFFLOADS,
        espEnd: { homeAgentAddress: "2001:db8:100::1", isThe: "destination" },
      })
    );
    const open = () => openRawSocket({ protocol: 255, address: "0.0.0.0", receiveBufferOctets: 1 << 16 });
    const sender = namespace.enter(open).fileDescriptor;
    for (const [protocol, name] of [[41, "rawIpv6FileDescriptor"], [4, "rawIpv4FileDescriptor"]] as const) {
      for (const source of [...SOURCES, ...SOURCES]) {
        const packet = ipv4({ source, destination: AGENT, protocol, payload: new Uint8Array(20) });
        assertEquals(sendTo(sender, packet, AGENT, 0), undefined);
      }
      const received: { readonly queue: number; readonly source: string }[] = [];
      const takeAll = () => {
        for (const [queue, { [name]: descriptor }] of sockets.queues.entries()) {
          assert(descriptor !== undefined);
          for (let packet; (packet = receiveFrom(descriptor, new Uint8Array(100)));) {
            assertEquals(packet.bytes[9], protocol);
            received.push({ queue, source: packet.address });
          }
        }
        return received.length >= 2 * SOURCES.length;
      };
      await until(`all of protocol ${protocol}`, takeAll, 1000);
      assertEquals(received.length, 2 * SOURCES.length, `protocol ${protocol}: twice`);
      for (const source of SOURCES) {
        const queues = received.filter((each) => each.source === source).map(({ queue }) => queue);
        assertEquals(queues, [queues[0], queues[0]], source);
      }
      assertEquals(new Set(received.map(({ queue }) => queue)).size, WORKERS, "each worker has some");
    }
    closeFileDescriptor(sender);
    sockets[Symbol.dispose]();
  },
);
