import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { formatIpv6 } from "../../core/wire/address.ts";
import { EgressSocket } from "../../ffi/egress_socket.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { SilentTunnelTables } from "../../ffi/nft.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { counting, esp, ipv6 } from "../forwarding/packets.ts";
import { testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";
import { receive } from "../../ffi/socket.ts";

const NEAR = "2001:db8:5::1";
const NEAR_OTHER = "2001:db8:5::2";
const FAR = "2001:db8:5::9";
const BUFFER = 1 << 20;
const END = { homeAgentAddress: NEAR, isThe: "destination" } as const;
const OURS = 0x1000_0001;
const FOREIGN = 0x1000_0002;

/** The namespace that we are in has NEAR and NEAR_OTHER on "vx"; the other has FAR on "vy". */
async function withNeighbor(
  namespace: TestNamespace,
  body: (neighbor: TestNamespace) => Promise<void> | void,
): Promise<void> {
  const neighbor = new TestNamespace();
  try {
    namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", neighbor.name);
    neighbor.ip("link", "set", "vy", "up");
    neighbor.ip("addr", "add", `${FAR}/64`, "dev", "vy", "nodad");
    namespace.ip("link", "set", "vx", "up");
    for (const address of [NEAR, NEAR_OTHER]) {
      namespace.ip("addr", "add", `${address}/64`, "dev", "vx", "nodad");
    }
    namespace.run("sysctl", "-qw", "net.ipv6.icmp.ratelimit=0");
    await body(neighbor);
  } finally {
    neighbor.remove();
  }
}

/** The ICMPv6 errors that each packet of mobility_packets.py brings; with SPIs, of its ESP packets. */
async function answers(
  namespace: TestNamespace,
  neighbor: TestNamespace,
  ...spis: readonly number[]
): Promise<Record<string, string[]>> {
  const script = new URL("mobility_packets.py", import.meta.url).pathname;
  const hardwareAddress = namespace.ipJson("link", "show", "vx")[0].address;
  const child = new Deno.Command("ip", {
    args: [
      "netns",
      "exec",
      neighbor.name,
      "/usr/bin/python3",
      script,
      "vy",
      hardwareAddress,
      FAR,
      NEAR,
      NEAR_OTHER,
      ...spis.map(String),
    ],
  });
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

function errorsOnly(all: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(all).filter(([, errors]) => errors.length > 0));
}

testInsideNamespace(
  "mobility headers come in behind any extension headers, and no ICMPv6 error leaves",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      const unaware = errorsOnly(await answers(namespace, neighbor));
      assert("binding update" in unaware, "the kernel by itself answers");
      assert("limit, IPv4 in IPv6" in unaware, "the kernel by itself answers");

      using socket = new MobilitySocket({ address: NEAR, receiveBufferOctets: BUFFER });
      const tables = new SilentTunnelTables({ suffix: "mobility", end: END });
      assertEquals(errorsOnly(await answers(namespace, neighbor)), {
        // Nobody has this port: an honest answer about something else.
        "destination options, UDP": ["1/4"],
      });
      const headers = [];
      for (let packet; (packet = socket.receive());) {
        const { payload } = packet;
        assertEquals([formatIpv6(payload, 8), formatIpv6(payload, 24)], [FAR, NEAR]);
        assertEquals(payload.length, 40 + (payload[4] << 8 | payload[5]), "whole");
        headers.push(payload[6]);
      }
      assertEquals(
        headers,
        [60, 135, 43, 0, 60, 43, 58, 58],
        "home address option, none, routing header, hop-by-hop options; then discovery",
      );
      tables.close();
      assertEquals(errorsOnly(await answers(namespace, neighbor)), unaware, "and afterwards as before");
    });
  },
);

testInsideNamespace(
  "a tunnel's raw sockets get their packets, and no ICMPv6 error leaves",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      const tables = new SilentTunnelTables({ suffix: "mobility", end: END });
      const sockets = [41, 4].map((protocol) =>
        openRaw6Socket({ protocol, address: NEAR, bufferOctets: BUFFER })
      );
      const errors = errorsOnly(await answers(namespace, neighbor));
      assertEquals(Object.keys(errors), ["destination options, UDP"]);
      for (const [index, version] of [6, 4].entries()) {
        const buffer = new Uint8Array(2000);
        for (let count = 0; count < 2; count++) {
          assert(receive(sockets[index], buffer) !== undefined, "plain, and behind the limit");
          assertEquals(buffer[0] >> 4, version, "what follows the outer header");
        }
        assertEquals(receive(sockets[index], buffer), undefined);
        closeFileDescriptor(sockets[index]);
      }
      tables.close();
    });
  },
);

testInsideNamespace(
  "packets leave as they are given, with whatever source and extension headers",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      using receiver = neighbor.enter(() =>
        new MobilitySocket({ address: FAR, receiveBufferOctets: BUFFER })
      );
      const sender = openRaw6Socket({
        protocol: IPPROTO_RAW,
        address: NEAR,
        device: "vx",
        bufferOctets: BUFFER,
      });
      receiver.setSpis(new Set([OURS]));
      for (const [protocol, content] of [[135, counting(16)], [50, esp(OURS)]] as const) {
        const homeAddressOption = [protocol, 2, 1, 2, 0, 0, 201, 16, ...new Array(16).fill(9)];
        const routingHeader = [protocol, 2, 2, 1, 0, 0, 0, 0, ...new Array(16).fill(9)];
        const chains = [[60, homeAddressOption], [43, routingHeader], [protocol, []]] as const;
        for (const [nextHeader, head] of chains) {
          for (const source of [NEAR, "2001:db8:100::100"]) {
            const payload = new Uint8Array([...head, ...content]);
            const packet = ipv6({
              source,
              destination: FAR,
              nextHeader,
              trafficClass: 0xb8,
              hopLimit: 3,
              payload,
            });
            assertEquals(sendRaw6(sender, packet, FAR), undefined);
            let received;
            await until("the packet", () => (received = receiver.receive()) !== undefined);
            assertEquals([...received!.payload], [...packet]);
          }
        }
      }
      // What every link carries (RFC 8200 section 5), as it is.
      namespace.ip("link", "set", "vx", "mtu", "1280");
      const longest = ipv6({ source: NEAR, destination: FAR, nextHeader: 50, payload: esp(OURS, 1280 - 48) });
      assertEquals(sendRaw6(sender, longest, FAR), undefined);
      let received;
      await until("the packet", () => (received = receiver.receive()) !== undefined);
      assertEquals([...received!.payload], [...longest]);
      const fault = sendRaw6(sender, ipv6({ source: NEAR, destination: FAR, payload: counting(1500) }), FAR);
      assertEquals(fault?.errnoName, "EMSGSIZE");
      closeFileDescriptor(sender);
    });
  },
);

testInsideNamespace(
  "packets of one interface alone, where one is named",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      const lo = namespace.ipJson("link", "show", "lo")[0].ifindex;
      using elsewhere = new MobilitySocket({
        address: NEAR,
        interfaceIndex: lo,
        receiveBufferOctets: BUFFER,
      });
      using everywhere = new MobilitySocket({ address: NEAR, receiveBufferOctets: BUFFER });
      neighbor.enter(() => {
        const sender = openRaw6Socket({ protocol: IPPROTO_RAW, address: FAR, bufferOctets: BUFFER });
        sendRaw6(
          sender,
          ipv6({ source: FAR, destination: NEAR, nextHeader: 135, payload: counting(16) }),
          NEAR,
        );
        closeFileDescriptor(sender);
      });
      await until("the packet", () => everywhere.receive() !== undefined);
      assertEquals([elsewhere.receive(), everywhere.receive()], [undefined, undefined]);
    });
  },
);

testInsideNamespace(
  "what is for another node is not given, in promiscuous mode either",
  async (namespace) => {
    await withNeighbor(namespace, (neighbor) => {
      namespace.ip("link", "set", "vx", "promisc", "on");
      using receiver = new MobilitySocket({ address: NEAR, receiveBufferOctets: BUFFER });
      const payload = ipv6({ source: FAR, destination: NEAR, nextHeader: 135, payload: counting(16) });
      const own = namespace.ipJson("link", "show", "vx")[0].address;
      const interfaceIndex = neighbor.ipJson("link", "show", "vy")[0].ifindex;
      using sender = neighbor.enter(() => new EgressSocket({ interfaceIndex }));
      for (const [hardwareAddress, isReceived] of [["02:00:00:00:00:99", false], [own, true]] as const) {
        const destinationHardwareAddress = Uint8Array.from(
          hardwareAddress.split(":"),
          (octet: string) => parseInt(octet, 16),
        );
        assertEquals(sender.send({ etherType: 0x86dd, destinationHardwareAddress, payload }), undefined);
        assertEquals(receiver.receive() !== undefined, isReceived, hardwareAddress);
      }
    });
  },
);

/** Next headers of all that waits, each packet whole and from FAR. */
function receiveAll(socket: MobilitySocket): number[] {
  const headers = [];
  for (let packet; (packet = socket.receive());) {
    const { payload } = packet;
    assertEquals(formatIpv6(payload, 8), FAR);
    assertEquals(payload.length, 40 + (payload[4] << 8 | payload[5]), "whole");
    headers.push(payload[6]);
  }
  return headers;
}

testInsideNamespace(
  "ESP of our SPIs comes in behind any extension headers and no ICMPv6 error leaves; other ESP stays the kernel's",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      const kernel = openRaw6Socket({ protocol: 50, address: NEAR, bufferOctets: BUFFER });
      const answersToEsp = async () => errorsOnly(await answers(namespace, neighbor, OURS, FOREIGN));
      const heardByKernel = () => {
        const spis = [];
        const buffer = new Uint8Array(2000);
        while (receive(kernel, buffer) !== undefined) spis.push(new DataView(buffer.buffer).getUint32(0));
        return new Set(spis);
      };
      using socket = new MobilitySocket({ address: NEAR, receiveBufferOctets: BUFFER });
      const tables = new SilentTunnelTables({ suffix: "mobility", end: END });
      const setSpis = (spis: ReadonlySet<number>) => {
        socket.setSpis(spis);
        tables.setSpis(spis);
      };
      // Without SPIs, all of it is the kernel's. One with Mobile IPv6 and IPsec answers nothing.
      const unaware = await answersToEsp();
      assertEquals([receiveAll(socket), heardByKernel()], [[], new Set([OURS, FOREIGN])]);
      setSpis(new Set([OURS, OURS + 2]));
      const foreign = Object.entries(unaware)
        .filter(([name]) => name.startsWith("foreign") || name.includes("another"));
      assertEquals(await answersToEsp(), Object.fromEntries(foreign));
      assertEquals(receiveAll(socket), [50, 60, 43, 0]);
      assertEquals(heardByKernel(), new Set([FOREIGN]), "though it lies between ours");
      setSpis(new Set([FOREIGN]));
      neighbor.enter(() => [FOREIGN, OURS].forEach((spi) => sendEsp(spi, NEAR)));
      await until("what is foreign now", () => heardByKernel().has(OURS));
      assertEquals([receiveAll(socket), heardByKernel()], [[50], new Set()]);
      tables.close();
      closeFileDescriptor(kernel);
    });
  },
);

/** From FAR. */
function sendEsp(spi: number, destination: string): void {
  const sender = openRaw6Socket({ protocol: IPPROTO_RAW, address: FAR, bufferOctets: BUFFER });
  const packet = ipv6({ source: FAR, destination, nextHeader: 50, payload: esp(spi) });
  assertEquals(sendRaw6(sender, packet, destination), undefined);
  closeFileDescriptor(sender);
}

testInsideNamespace(
  "at a mobile node, ESP of our SPIs is that from the home agent, to whatever address of the host",
  async (namespace) => {
    await withNeighbor(namespace, async (neighbor) => {
      const kernel = openRaw6Socket({ protocol: 50, address: NEAR_OTHER, bufferOctets: BUFFER });
      for (const [homeAgentAddress, isOurs] of [[FAR, true], [NEAR, false]] as const) {
        const tables = new SilentTunnelTables({ suffix: "node", end: { homeAgentAddress, isThe: "source" } });
        tables.setSpis(new Set([OURS]));
        // The last one says that the others have come, too.
        neighbor.enter(() => [OURS, FOREIGN].forEach((spi) => sendEsp(spi, NEAR_OTHER)));
        const heard: number[] = [];
        const buffer = new Uint8Array(2000);
        await until("what is foreign", () => {
          while (receive(kernel, buffer) !== undefined) heard.push(new DataView(buffer.buffer).getUint32(0));
          return heard.includes(FOREIGN);
        });
        assertEquals(heard, isOurs ? [FOREIGN] : [OURS, FOREIGN]);
        tables.close();
      }
      closeFileDescriptor(kernel);
    });
  },
);

testInsideNamespace("thousands of SPIs come and go, and nft prints them as they are", (namespace) => {
  const tables = new SilentTunnelTables({ suffix: "mobility", end: END });
  const elements = () =>
    namespace.run("nft", "-n", "list", "set", "ip6", "dsmip_mobility", "spis").match(/\d+(?=[,\s}])/g)?.map(
      Number,
    );
  const spis = Array.from({ length: 5000 }, (_, index) => 256 + 858_993 * index);
  tables.setSpis(new Set(spis));
  assertEquals(elements()?.filter((spi) => spi >= 256).length, spis.length);
  const kept = [spis[7], 0xffff_ffff];
  tables.setSpis(new Set(kept));
  assertEquals(elements()?.filter((spi) => spi >= 256), kept);
  tables.setSpis(new Set());
  assertEquals(elements()?.filter((spi) => spi >= 256) ?? [], []);
  tables.close();
});

testInsideNamespace("the chains are those that nft would write", (namespace) => {
  const tables = new SilentTunnelTables({ suffix: "mobility", end: END });
  const prerouting = namespace.run("nft", "list", "chain", "ip6", "dsmip_mobility", "prerouting");
  assertStringIncludes(prerouting, "type filter hook prerouting priority -350; policy accept;");
  // The name where the host has a list of protocols.
  assertMatch(prerouting, /meta l4proto (135|mobility-header) fib daddr type local counter packets 0/);
  tables.close();
});
