import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { SystemError } from "../../ffi/errno.ts";
import { SilentTunnelTables } from "../../ffi/nft.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { libc } from "../../ffi/libc.ts";
import { openTun } from "../../ffi/tun.ts";
import { formatIpv6 } from "../../core/wire/address.ts";
import { testInNamespace, testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";
import { ipv6 } from "../forwarding/packets.ts";
import { hasProgram } from "../lab/support.ts";
import { receiveFrom } from "./receive_from.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const HOST_ROUTER = "2001:db8:200::1";
const HOST = "2001:db8:200::5";
const FAR = "2001:db8:9::2";
const END = { homeAgentAddress: "2001:db8:100::1", isThe: "destination" } as const;

const listTables = (namespace: TestNamespace) => namespace.run("nft", "list", "tables");

testInsideNamespace("the tables belong to us while open, and go when closed", (namespace) => {
  const tables = new SilentTunnelTables({ suffix: "dsmip-ha", end: END });
  const chain = namespace.run("nft", "list", "chain", "ip", "dsmip_dsmip_ha", "output");
  assertStringIncludes(chain, "type filter hook output priority filter; policy accept;");
  for (const protocol of ["0x29", "0x4"]) {
    const rule = `icmp type destination-unreachable icmp code 2-3 @th,136,8 ${protocol} counter packets 0`;
    assertStringIncludes(chain, rule);
  }
  const fault = assertThrows(
    () => new SilentTunnelTables({ suffix: "dsmip-ha", end: END }),
    SystemError,
    "dsmip_dsmip_ha",
  );
  assertEquals(
    [fault.call, fault.errnoName],
    ["NFT_MSG_NEWTABLE", "EPERM"],
    "nobody else may have the same tables",
  );
  tables.close();
  assertEquals(listTables(namespace), "");
});

testInsideNamespace("IPv4 that comes in or is forwarded passes no chain of ours", (namespace) => {
  const tables = new SilentTunnelTables({ suffix: "x", end: END, tun: interfaceIndexOf("lo") });
  const { nftables } = JSON.parse(namespace.run("nft", "--json", "list", "chains")) as {
    readonly nftables: { readonly chain?: { readonly family: string; readonly hook: string } }[];
  };
  const chains = nftables.flatMap(({ chain }) => chain === undefined ? [] : `${chain.family} ${chain.hook}`);
  assertEquals(chains, ["ip output", "ip6 prerouting", "ip6 output", "ip6 forward"]);
  tables.close();
});

for (const family of ["ip", "ip6"]) {
  testInsideNamespace(
    `where another has a table ${family} of the same name, it is told and left alone, and nothing else is left`,
    (namespace) => {
      const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
      const open = () => new SilentTunnelTables({ suffix: "x", end: END });
      namespace.run("nft", "add", "table", family, "dsmip_x");
      const before = descriptors();
      const fault = assertThrows(
        open,
        SystemError,
        `Cannot load the nftables table ${family} dsmip_x: File exists`,
      );
      assertEquals([fault.call, fault.errnoName], ["NFT_MSG_NEWTABLE", "EEXIST"]);
      assertEquals(namespace.run("nft", "list", "ruleset"), `table ${family} dsmip_x {\n}\n`);
      assertEquals(descriptors(), before);
      namespace.run("nft", "delete", "table", family, "dsmip_x");
      open().close();
    },
  );
}

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
    `the tables silence ICMP errors about protocol ${protocol}, with and without a socket`,
    (namespace) => {
      namespace.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0");
      const answers = (how: typeof TOO_MANY) => answersToTunnelPackets(namespace, protocol, how);
      // "3/3" with the tunnel's module, "3/2" without it.
      const answer = answers(ONE_WITHOUT_SOCKET);
      assertMatch(answer.join(), /^3\/[23]$/, "the kernel by itself answers");
      assert(answers(TOO_MANY).length > 0, "also when the raw socket is full");
      const tables = new SilentTunnelTables({ suffix: "silent", end: END });
      assertEquals(answers(ONE_WITHOUT_SOCKET), []);
      assertEquals(answers(TOO_MANY), []);
      tables.close();
      assertEquals(answers(ONE_WITHOUT_SOCKET), answer);
    },
  );
}

testInsideNamespace(
  "what a host in the mobile network sends from the mobile router's own address does not get into the tunnel",
  async (namespace) => {
    const host = new TestNamespace();
    const tun = openTun({ name: "tunmn" });
    try {
      namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", host.name);
      for (const device of ["vx", "tunmn"]) namespace.ip("link", "set", device, "up");
      host.ip("link", "set", "vy", "up");
      namespace.ip("addr", "add", `${HOST_ROUTER}/64`, "dev", "vx", "nodad");
      namespace.ip("addr", "add", `${HOME_ADDRESS}/128`, "dev", "tunmn", "nodad");
      namespace.ip("-6", "route", "add", `${FAR}/128`, "dev", "tunmn");
      namespace.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
      for (const address of [HOST, HOME_ADDRESS]) {
        host.ip("addr", "add", `${address}/64`, "dev", "vy", "nodad");
      }
      host.ip("-6", "route", "add", "default", "via", HOST_ROUTER);
      const buffer = new Uint8Array(2048);
      /** Sources of what has come to the TUN device for the far end. */
      const heard = (): string[] => {
        const sources = [];
        for (let octets; (octets = libc.read(tun.fileDescriptor, buffer, 2048n)) > 0;) {
          if (octets >= 40n && formatIpv6(buffer, 24) === FAR) sources.push(formatIpv6(buffer, 8));
        }
        return sources;
      };
      const passed = async (...sources: string[]) => {
        host.enter(() => {
          for (const source of sources) {
            const socket = openRaw6Socket({ protocol: IPPROTO_RAW, address: source, bufferOctets: 1 << 16 });
            assertEquals(sendRaw6(socket, ipv6({ source, destination: FAR }), FAR), undefined);
            closeFileDescriptor(socket);
          }
        });
        const all: string[] = [];
        await until("the last", () => all.push(...heard()) > 0 && all.includes(HOST));
        return all;
      };
      assertEquals(
        await passed(HOME_ADDRESS, HOST),
        [HOME_ADDRESS, HOST],
        "the kernel by itself forwards it",
      );
      const tables = new SilentTunnelTables({ suffix: "own", end: END, tun: interfaceIndexOf("tunmn") });
      assertEquals(await passed(HOME_ADDRESS, HOST), [HOST]);
      tables.close();
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
      host.remove();
    }
  },
);

testInNamespace("the tables are gone after kill -9 of their process", async (namespace) => {
  const script = `
    const { SilentTunnelTables } = await import(${JSON.stringify(import.meta.resolve("../../ffi/nft.ts"))});
    globalThis.tables = new SilentTunnelTables({ suffix: "killed", end: ${JSON.stringify(END)} });
    console.log("open");
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace.name, Deno.execPath(), "eval", "--no-lock", script],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "open\n");
  assertStringIncludes(listTables(namespace), "dsmip_killed");
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await until("the tables are gone", () => listTables(namespace) === "");
});

if (hasProgram("nft")) {
  testInNamespace("SPIs that are not ours any more are the kernel's again", (namespace) => {
    const tables = namespace.enter(() => new SilentTunnelTables({ suffix: "spis", end: END }));
    try {
      const shown = () => {
        const text = namespace.run("nft", "--json", "list", "set", "ip6", "dsmip_spis", "spis");
        const { nftables } = JSON.parse(text) as {
          readonly nftables: { readonly set?: { elem?: number[] } }[];
        };
        return new Set(nftables.flatMap(({ set }) => set?.elem ?? []));
      };
      for (const spis of [[300, 70_000], [70_000, 0xffff_fff0], []]) {
        tables.setSpis(new Set(spis));
        assertEquals(shown(), new Set(spis));
      }
    } finally {
      tables.close();
    }
  });
}
