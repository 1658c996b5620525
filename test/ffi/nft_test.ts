import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { SystemError } from "../../ffi/errno.ts";
import { SilentTunnelTable } from "../../ffi/nft.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { testInNamespace, testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

const tables = (namespace: TestNamespace) => namespace.run("nft", "list", "tables");

testInsideNamespace("the table belongs to us while open, and goes when closed", (namespace) => {
  const table = new SilentTunnelTable("dsmip-ha");
  const chain = namespace.run("nft", "list", "chain", "inet", "dsmip_dsmip_ha", "output");
  assertStringIncludes(chain, "type filter hook output priority filter; policy accept;");
  for (const protocol of ["0x29", "0x4"]) {
    const rule = `icmp type destination-unreachable icmp code 2-3 @th,136,8 ${protocol} counter packets 0`;
    assertStringIncludes(chain, rule);
  }
  const fault = assertThrows(() => new SilentTunnelTable("dsmip-ha"), SystemError, "dsmip_dsmip_ha");
  assertEquals(
    [fault.call, fault.errnoName],
    ["NFT_MSG_NEWTABLE", "EPERM"],
    "nobody else may have the same table",
  );
  table.close();
  assertEquals(tables(namespace), "");
});

testInsideNamespace("a table of the same name that another has loaded is left alone", (namespace) => {
  namespace.run("nft", "add", "table", "inet", "dsmip_x");
  const fault = assertThrows(() => new SilentTunnelTable("x"), SystemError, "dsmip_x");
  assertEquals([fault.call, fault.errnoName], ["NFT_MSG_NEWTABLE", "EEXIST"]);
  assertStringIncludes(tables(namespace), "table inet dsmip_x");
});

/** What an ICMP listener hears back after packets of this protocol were sent: type and code of each. */
function answersToTunnelPackets(
  namespace: TestNamespace,
  protocol: number,
  { bindSink, count }: { readonly bindSink: boolean; readonly count: number },
): string[] {
  return namespace.enter(() => {
    const receiveBufferOctets = 1 << 20;
    const address = "127.0.0.1";
    const icmp = openRawSocket({ protocol: 1, address, receiveBufferOctets });
    const sender = openRawSocket({ protocol, address: "127.0.0.2", receiveBufferOctets });
    const sink = bindSink
      ? openRawSocket({ protocol, address: "127.0.0.3", receiveBufferOctets: 2048 })
      : undefined;
    const header = [0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, protocol, 0, 0, 127, 0, 0, 1, 127, 0, 0, 3];
    for (let index = 0; index < count; index++) {
      sendTo(
        sender.fileDescriptor,
        new Uint8Array([...header, 0x60, ...new Array(1200).fill(0)]),
        "127.0.0.3",
        0,
      );
    }
    const answers = [];
    new PollSet([{ fileDescriptor: icmp.fileDescriptor, events: POLLIN }]).wait(50);
    for (let packet; (packet = receiveFrom(icmp.fileDescriptor, new Uint8Array(2048)));) {
      answers.push(`${packet.bytes[20]}/${packet.bytes[21]}`);
    }
    for (const socket of [icmp, sender, sink]) if (socket) closeFileDescriptor(socket.fileDescriptor);
    return answers;
  });
}

const ONE_WITHOUT_SOCKET = { bindSink: false, count: 1 };
const TOO_MANY = { bindSink: true, count: 20 };

for (const protocol of [41, 4]) {
  testInsideNamespace(
    `the table silences ICMP errors about protocol ${protocol}, with and without a socket`,
    (namespace) => {
      namespace.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0");
      const answers = (how: typeof TOO_MANY) => answersToTunnelPackets(namespace, protocol, how);
      // "3/3" with the tunnel's module, "3/2" without it.
      const answer = answers(ONE_WITHOUT_SOCKET);
      assertMatch(answer.join(), /^3\/[23]$/, "the kernel by itself answers");
      assert(answers(TOO_MANY).length > 0, "also when the raw socket is full");
      const table = new SilentTunnelTable("silent");
      assertEquals(answers(ONE_WITHOUT_SOCKET), []);
      assertEquals(answers(TOO_MANY), []);
      table.close();
      assertEquals(answers(ONE_WITHOUT_SOCKET), answer);
    },
  );
}

testInNamespace("the table is gone after kill -9 of its process", async (namespace) => {
  const script = `
    const { SilentTunnelTable } = await import(${JSON.stringify(import.meta.resolve("../../ffi/nft.ts"))});
    globalThis.table = new SilentTunnelTable("killed");
    console.log("open");
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace.name, Deno.execPath(), "eval", "--no-lock", script],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "open\n");
  assertStringIncludes(tables(namespace), "dsmip_killed");
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await until("the table is gone", () => tables(namespace) === "");
});
