import { assert, assertEquals } from "@std/assert";
import { Egress } from "../../cli/daemon/egress.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../core/control/movement/egress_event.ts";
import { encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { ipv4, ipv6 } from "../forwarding/packets.ts";
import { testInsideNamespace, TestNamespace, until } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

/** The same programs that a real access network has, in a namespace at the other end of the egress "vx". */

const ALL_ROUTERS = new Uint8Array([0x33, 0x33, 0, 0, 0, 2]);
const BROADCAST = new Uint8Array(6).fill(0xff);
const OWN = new Uint8Array([2, 0, 0, 0, 0, 7]);

interface Access {
  readonly router: TestNamespace;
  readonly folder: string;
  /** Runs until the end of the test. */
  start(program: string, ...args: string[]): void;
  /** Has the machine want this, and waits for a frame for which it holds. */
  exchange(
    action: EgressAction,
    isAnswer: (frame: Extract<EgressEvent, { kind: "frame" }>) => boolean,
  ): Promise<Extract<EgressEvent, { kind: "frame" }>>;
}

function testAccess(name: string, body: (access: Access) => Promise<void>): void {
  testInsideNamespace(name, async (namespace) => {
    const router = new TestNamespace();
    const folder = Deno.makeTempDirSync();
    const children: Deno.ChildProcess[] = [];
    const frames: Extract<EgressEvent, { kind: "frame" }>[] = [];
    let wanted: EgressAction[] = [];
    const log = new RecordingLog();
    namespace.ip(
      "link",
      "add",
      "vx",
      "address",
      "02:00:00:00:00:07",
      "type",
      "veth",
      "peer",
      "vy",
      "netns",
      router.name,
    );
    router.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.vy.accept_dad=0");
    router.ip("link", "set", "vy", "up");
    router.ip("addr", "add", "2001:db8:1::1/64", "dev", "vy", "nodad");
    router.ip("addr", "add", "192.0.2.1/24", "dev", "vy");
    namespace.ip("link", "set", "vx", "up");
    const egress = new Egress({
      interfaceName: "vx",
      position: 0,
      machine: {
        handle: (event) => {
          if (event.kind === "frame") frames.push(event);
          return event.kind === "doubt" ? wanted.splice(0) : [];
        },
        nextDeadline: () => undefined,
      },
      sysctls: new SavedSysctls({ path: `${folder}/sysctls`, log }),
      log,
      onCandidates: () => {},
      onFailure: (error) => {
        throw error;
      },
    });
    try {
      await body({
        router,
        folder,
        start: (program, ...args) => {
          const command = new Deno.Command("ip", {
            args: ["netns", "exec", router.name, program, ...args],
            stdout: "null",
            stderr: "null",
          });
          children.push(command.spawn());
        },
        exchange: async (action, isAnswer) => {
          frames.length = 0;
          let lastMs = -Infinity;
          await until("the answer", () => {
            // The other side may just be starting.
            if (performance.now() - lastMs > 200) {
              lastMs = performance.now();
              wanted = [action];
              egress.tell({ kind: "doubt" });
            }
            return frames.some(isAnswer);
          });
          return frames.find(isAnswer)!;
        },
      });
    } finally {
      await egress.close();
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(children.map((child) => child.status));
      Deno.removeSync(folder, { recursive: true });
      router.remove();
    }
    assertEquals(log.of("warning"), []);
  });
}

testAccess("radvd answers a Router Solicitation, and the machine gets the advertisement", async (access) => {
  const configuration = `${access.folder}/radvd.conf`;
  Deno.writeTextFileSync(
    configuration,
    "interface vy { AdvSendAdvert on; AdvLinkMTU 1400; prefix 2001:db8:1::/64 { AdvValidLifetime 600; AdvPreferredLifetime 300; }; };\n",
  );
  access.start("radvd", "-n", "-m", "none", "-C", configuration, "-p", `${access.folder}/radvd.pid`);
  const [source, destination] = ["::", "ff02::2"];
  const solicitation = encodeIcmpv6Message(
    { kind: "otherIcmp", type: 133, code: 0, data: new Uint8Array(4) },
    { source, destination },
  );
  const frame = await access.exchange({
    kind: "sendFrame",
    etherType: 0x86dd,
    destinationHardwareAddress: ALL_ROUTERS,
    payload: ipv6({ source, destination, nextHeader: 58, hopLimit: 255, payload: solicitation }),
  }, ({ etherType, payload }) => etherType === 0x86dd && payload[40] === 134);
  const { payload, sourceHardwareAddress } = frame;
  assertEquals([payload.length, payload[7]], [40 + (payload[4] << 8 | payload[5]), 255]);
  assertEquals(
    Array.from(sourceHardwareAddress, (octet) => octet.toString(16).padStart(2, "0")).join(":"),
    access.router.ipJson("link", "show", "vy")[0].address,
  );
});

testAccess("a router answers an ARP request", async (access) => {
  const request = new Uint8Array(28);
  request.set([0, 1, 8, 0, 6, 4, 0, 1, ...OWN, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]);
  const reply = await access.exchange(
    { kind: "sendFrame", etherType: 0x0806, destinationHardwareAddress: BROADCAST, payload: request },
    ({ etherType, payload }) => etherType === 0x0806 && payload[7] === 2,
  );
  assertEquals([...reply.payload.subarray(14, 28)], [192, 0, 2, 1, ...OWN, 192, 0, 2, 7]);
  assertEquals([...reply.payload.subarray(8, 14)], [...reply.sourceHardwareAddress]);
});

testAccess("dnsmasq answers a DHCPDISCOVER, and the machine gets the whole offer", async (access) => {
  access.start(
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--port=0",
    "--interface=vy",
    "--bind-interfaces",
    "--no-ping",
    "--dhcp-range=192.0.2.50,192.0.2.60,10m",
    `--dhcp-leasefile=${access.folder}/leases`,
    `--pid-file=${access.folder}/dnsmasq.pid`,
    "--user=root",
  );
  const discover = new Uint8Array(8 + 240 + 4);
  // UDP from 68 to 67 without a checksum; BOOTREQUEST over Ethernet; answer by broadcast; DHCPDISCOVER.
  discover.set([
    0,
    68,
    0,
    67,
    discover.length >> 8,
    discover.length & 0xff,
    0,
    0,
    1,
    1,
    6,
    0,
    1,
    2,
    3,
    4,
    0,
    0,
    0x80,
    0,
  ]);
  discover.set(OWN, 8 + 28);
  discover.set([99, 130, 83, 99, 53, 1, 1, 255], 8 + 236);
  const payload = ipv4({
    source: "0.0.0.0",
    destination: "255.255.255.255",
    protocol: 17,
    payload: discover,
  });
  const { payload: offer } = await access.exchange(
    { kind: "sendFrame", etherType: 0x0800, destinationHardwareAddress: BROADCAST, payload },
    ({ etherType }) => etherType === 0x0800,
  );
  assertEquals([...offer.subarray(20 + 8 + 4, 20 + 8 + 8)], [1, 2, 3, 4], "the transaction");
  assertEquals([...offer.subarray(20 + 8 + 16, 20 + 8 + 19)], [192, 0, 2], "an address");
  const checksum = offer[26] << 8 | offer[27];
  assert(checksum === 0 || sumOfUdp(offer) === 0xffff, "a checksum that is right, or none");
});

/** Of the UDP datagram in an IPv4 packet without options, with its pseudo header: 0xffff where the checksum is right. */
function sumOfUdp(packet: Uint8Array): number {
  const octets = packet.subarray(20);
  let sum = 17 + octets.length;
  for (const bytes of [packet.subarray(12, 20), octets]) {
    for (let at = 0; at < bytes.length; at += 2) sum += bytes[at] << 8 | (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
