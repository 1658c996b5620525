import { assertEquals, assertStringIncludes } from "@std/assert";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { PacketSocket } from "../../ffi/packet_socket.ts";
import { ethernet, ipv4, join, udp, words } from "../inspect/packet_builder.ts";
import { isRoot, run, until } from "../ffi/in_namespace.ts";
import { readAll } from "../capture/read_all.ts";

/** A namespace with two ends of a link, capturing on one with these arguments. */
class LiveCapture {
  readonly name = `dsmcap-${Deno.pid}`;
  readonly #folder = Deno.makeTempDirSync();
  readonly kept = `${this.#folder}/kept.pcap`;

  constructor() {
    run("ip", "netns", "add", this.name);
    // Nothing but what the test sends.
    run("ip", "netns", "exec", this.name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    this.ip("link", "add", "c0", "type", "veth", "peer", "name", "c1");
    for (const end of ["lo", "c0", "c1"]) this.ip("link", "set", end, "up");
    this.ip("address", "add", "192.0.2.1/24", "dev", "c0");
    this.ip("neighbor", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "c0");
  }

  ip(...args: string[]): string {
    return run("ip", "-n", this.name, ...args);
  }

  start(...args: string[]): Deno.ChildProcess {
    return new Deno.Command("ip", {
      args: ["netns", "exec", this.name, ...dsmipCommand("decode", ...args)],
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
  }

  /** Pings somebody who does not answer, with so many octets. */
  ping(octets: number): void {
    new Deno.Command("ip", {
      args: ["netns", "exec", this.name, "ping", "-c1", "-W0.01", "-s", String(octets), "192.0.2.2"],
      stdout: "null",
    }).outputSync();
  }

  /** Sends a frame as it is. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    inNetworkNamespace(this.name, () => {
      const socket = new PacketSocket("c0", { maximumOctets: 2000, receiveBufferOctets: 65_536 });
      assertEquals(libc.write(socket.fileDescriptor, frame, BigInt(frame.length)), frame.length);
      closeFileDescriptor(socket.fileDescriptor);
    });
  }

  async captures(): Promise<void> {
    await until("the file begins", () => {
      try {
        return Deno.statSync(this.kept).size >= 24;
      } catch {
        return false;
      }
    }, 10_000);
  }

  remove(): void {
    run("ip", "netns", "del", this.name);
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function testLive(name: string, body: (live: LiveCapture) => Promise<void>): void {
  Deno.test({
    name: `${name} (root)`,
    ignore: !isRoot,
    async fn() {
      const live = new LiveCapture();
      try {
        await body(live);
      } finally {
        live.remove();
      }
    },
  });
}

const PACKET = ipv4("192.0.2.1", "192.0.2.2", 17, udp(5000, 5001, new Uint8Array(100)));

const decoder = new TextDecoder();

testLive("decode -i -w -c: what was sent is shown and kept, VLAN tags too, and no more", async (live) => {
  const child = live.start("-i", "c1", "-w", live.kept, "-c", "4");
  await live.captures();
  for (const octets of [56, 0, 1400]) live.ping(octets);
  const tagged = new Uint8Array(ethernet(0x8100, join(words(7, 0x0800), PACKET)));
  for (let round = 0; round < 3; round++) live.send(tagged);
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 0);
  assertEquals(decoder.decode(stderr), `4 packets seen, kept in ${live.kept}\n`);
  const lines = decoder.decode(stdout).trimEnd().split("\n");
  assertEquals(lines.map((line) => /len=\d+.*/.exec(line)?.[0]), [
    "len=56",
    "len=0",
    "len=1400",
    "len=100 [VLAN 7]",
  ]);
  const { packets, fault } = readAll(Deno.readFileSync(live.kept));
  assertEquals(fault, undefined);
  assertEquals(packets[3].bytes, tagged);
  assertEquals(packets.map(({ originalLength, bytes }) => [originalLength, bytes.length]), [
    [98, 98],
    [42, 42],
    [1442, 1442],
    [146, 146],
  ]);
  const seconds = packets[0].time!.seconds;
  assertEquals(Math.abs(seconds - Date.now() / 1000) < 60, true, `${seconds}`);
});

testLive("decode -i: SIGINT ends it with a summary", async (live) => {
  const child = live.start("-i", "c1", "-w", live.kept);
  await live.captures();
  live.ping(56);
  await until("the packet is kept", () => Deno.statSync(live.kept).size > 24);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await child.output();
  assertEquals([code, decoder.decode(stderr)], [0, `1 packet seen, kept in ${live.kept}\n`]);
  assertStringIncludes(decoder.decode(stdout), "192.0.2.1 > 192.0.2.2");
});

testLive("decode -i: no such interface, a name that none can have, a file as well", async (live) => {
  const ended = async (...args: string[]) => {
    const { code, stderr } = await live.start(...args).output();
    return [code, decoder.decode(stderr)] as const;
  };
  const [missing, text] = await ended("-i", "nosuch");
  assertEquals(missing, 1);
  assertStringIncludes(text, "Cannot capture from nosuch: No such device");
  assertStringIncludes((await ended("-i", "a/b"))[1], 'the interface name "a/b"');
  assertEquals((await ended("-i", "c1", "x.pcap"))[0], 2);
  assertEquals((await ended("-w", "y.pcap", "x.pcap"))[0], 2);
  assertEquals((await ended())[0], 2);
});
