import { assert, assertEquals } from "@std/assert";
import { CheckList } from "../../../cli/lab/check.ts";
import { Flows } from "../../../cli/lab/handover/flows.ts";
import { SignalCapture } from "../../../cli/lab/handover/signal_capture.ts";
import { HandoverStage } from "../../../cli/lab/handover/stage.ts";
import type { AccessNetwork } from "../../../cli/lab/access/access_network.ts";
import { CORRESPONDENT, HOME, HOME_AGENT_IPV6 } from "../../../cli/lab/access/internet.ts";
import { ACCESS_NETWORKS, MOBILE_ROUTER } from "../../../cli/lab/handover/topology.ts";
import { Lab } from "../../../cli/lab/lab.ts";
import { takeSnapshot } from "../../../cli/lab/snapshot.ts";
import { hostNetwork, rootTest } from "../support.ts";

const { r6a, r4n } = ACCESS_NETWORKS;
const { homeAddress } = MOBILE_ROUTER;
const LIMIT_MS = 15_000;

/** What the hosts have of the home address, as `ip` shows it. */
async function facts(lab: Lab) {
  const show = async (node: string, ...args: string[]) => await lab.network.ip(node, ["-6", ...args]);
  const devices = (text: string) => [...text.matchAll(/ dev (\S+)/g)].map(([, device]) => device);
  const addresses: { ifname: string; addr_info: { local?: string }[] }[] = JSON.parse(
    await lab.network.ip("mr", ["-6", "-json", "address", "show"]),
  );
  return {
    addressOn: addresses.filter(({ addr_info }) => addr_info.some(({ local }) => local === homeAddress))
      .map(({ ifname }) => ifname).toSorted(),
    defaultRoutes: devices(await show("mr", "route", "show", "default")),
    proxies: (await show("ha", "neigh", "show", "proxy")).trim().split("\n").filter((line) => line !== ""),
    wayToNode: devices(await show("ha", "route", "get", homeAddress)),
  };
}

async function goTo(stage: HandoverStage, network: AccessNetwork): Promise<void> {
  await stage.air.detach("eg0");
  await stage.air.attach("eg0", network);
  await stage.registeredIn(network, LIMIT_MS);
}

/** Waits until packets sent from now on arrive, both ways. */
async function flowsAgain(lab: Lab, flows: Flows): Promise<void> {
  const since = Date.now();
  for (const way of ["up", "down"] as const) {
    await lab.until(
      `packets ${way}stream`,
      LIMIT_MS,
      () => flows.arrived(way).some(({ sentMs }) => sentMs > since),
    );
  }
}

const FIELDS = ["ipv6.src", "ipv6.dst", "icmpv6.type", "icmpv6.nd.ns.target_address"];
const MORE_FIELDS = [
  "icmpv6.nd.na.target_address",
  "icmpv6.nd.na.flag.o",
  "icmpv6.nd.na.flag.s",
  "mip6.mhtype",
];
const SOLICITATION = "135";
const ADVERTISEMENT = "136";
const BINDING_ACKNOWLEDGEMENT = "6";

/** What tshark finds in a capture, one row of fields a packet. */
async function readCapture(lab: Lab, path: string): Promise<string[][]> {
  const fields = [...FIELDS, ...MORE_FIELDS].flatMap((field) => ["-e", field]);
  const text = await lab.exec("mr", [
    ...["tshark", "-n", "-r", path, "-Y", "icmpv6 or mipv6", "-T", "fields", ...fields],
  ]);
  return text.split("\n").map((line) => line.split("\t")).filter(({ length }) => length > 1);
}

/** RFC 6275 11.5.5, on the wire. */
function checkReturn(packets: readonly (readonly string[])[]): void {
  const answered = packets.findIndex((packet) =>
    packet[1] === homeAddress && packet[7] === BINDING_ACKNOWLEDGEMENT
  );
  assert(answered > 0, "M-425: a Binding Acknowledgement on the home link");
  const asked = packets.slice(0, answered).filter(([source, , type, target]) =>
    type === SOLICITATION && (source === homeAddress || source === "::" && target === homeAddress)
  );
  assertEquals(asked, [], "M-433: nothing from the home address, nor about it, while it is defended");
  const advertised = packets.filter(([source, , type]) => type === ADVERTISEMENT && source === homeAddress)
    .filter(([, destination]) => destination === "ff02::1");
  assertEquals(advertised[0]?.slice(4, 7), [homeAddress, "1", "0"], "M-437 M-440 M-441");
  assert(packets.indexOf(advertised[0]) > answered, "M-437: after the acknowledgement");
}

rootTest(
  "RFC 6275 11.5.5, RFC 3963 5.8: real daemons: a mobile router returns home, is there, leaves again, twice",
  async () => {
    const before = await hostNetwork();
    const lab = await Lab.open(new AbortController().signal);
    const folder = lab.path("out");
    await Deno.mkdir(folder);
    try {
      const stage = await HandoverStage.open(lab, new CheckList(), { delayMs: 0, out: folder });
      const untouched = [await takeSnapshot(lab.network, "mr"), await facts(lab)];
      await stage.startMobileRouter("home", { egresses: ["eg0"] });
      await goTo(stage, r6a);
      const flows = await Flows.start(lab, "home");
      const away = await facts(lab);
      const addressesAway = await takeSnapshot(lab.network, "mr");
      assertEquals(away.addressOn.length, 1);
      assertEquals([away.defaultRoutes, away.wayToNode], [away.addressOn, ["dsmip-ha"]]);
      assertEquals(away.proxies.map((line) => line.split(" ")[0]), [homeAddress]);

      const capture = await SignalCapture.start(lab, "home");
      for (const foreign of [r4n, r6a]) {
        await goTo(stage, HOME);
        const home = await facts(lab);
        assertEquals(home, {
          addressOn: [...away.addressOn, "eg0"].toSorted(),
          defaultRoutes: ["eg0"],
          proxies: [],
          wayToNode: ["home"],
        });
        await flowsAgain(lab, flows);
        const { bindings } = (await stage.homeAgent.ask())!;
        assertEquals(bindings, []);
        // The home agent and the Internet, straight from the home address; and the other way round.
        await lab.exec("mr", ["ping", "-c1", "-W2", "-I", homeAddress, CORRESPONDENT]);
        await lab.exec("mr", ["ping", "-c1", "-W2", HOME_AGENT_IPV6]);
        await lab.exec("cn", ["ping", "-c1", "-W2", homeAddress]);

        if (foreign === r4n) {
          await capture.end();
          checkReturn(await readCapture(lab, capture.path));
        }
        await goTo(stage, foreign);
        await flowsAgain(lab, flows);
        await lab.exec("cn", ["ping", "-c1", "-W2", homeAddress]);
      }
      await lab.until("the same as before", LIMIT_MS, async () => {
        const left = (await takeSnapshot(lab.network, "mr")).symmetricDifference(addressesAway);
        return left.size === 0;
      });
      assertEquals(await facts(lab), away);

      // Home once more, and the end there.
      await goTo(stage, HOME);
      await flows.end();
      await stage.endMobileRouter();
      assertEquals([await takeSnapshot(lab.network, "mr"), await facts(lab)], untouched);
    } finally {
      await lab.close();
    }
    assertEquals(await hostNetwork(), before);
  },
);

rootTest(
  "with two egress interfaces, home comes before all others and the other takes over when it goes; also after kill -9",
  async () => {
    const lab = await Lab.open(new AbortController().signal);
    const folder = lab.path("out");
    await Deno.mkdir(folder);
    try {
      const stage = await HandoverStage.open(lab, new CheckList(), { delayMs: 0, out: folder });
      const untouched = [await takeSnapshot(lab.network, "mr"), await facts(lab)];
      await stage.startMobileRouter("two", { egresses: ["eg0", "eg1"] });
      await stage.air.attach("eg0", r6a);
      await stage.registeredIn(r6a, LIMIT_MS);
      await stage.air.attach("eg1", HOME);
      await stage.registeredIn(HOME, LIMIT_MS);
      const hasDefaultRoute = async () => (await facts(lab)).defaultRoutes.join() === "eg1";
      await lab.until("the default route of the home link", LIMIT_MS, hasDefaultRoute);
      await lab.exec("cn", ["ping", "-c1", "-W2", homeAddress]);
      await stage.switchTo("eg0");
      await stage.registeredIn(r6a, LIMIT_MS);
      await lab.exec("cn", ["ping", "-c1", "-W2", homeAddress]);
      await stage.switchTo("eg1");
      await stage.registeredIn(HOME, LIMIT_MS);
      await stage.air.cut("eg1");
      await stage.registeredIn(r6a, LIMIT_MS);
      const hasLeft = async () => !(await facts(lab)).addressOn.includes("eg1");
      await lab.until("the home address is off the home link", LIMIT_MS, hasLeft);
      // Killed at home, the next one removes what is left, and is at home again.
      await stage.air.attach("eg1", HOME);
      await stage.registeredIn(HOME, LIMIT_MS);
      await lab.until("the default route of the home link", LIMIT_MS, hasDefaultRoute);
      await stage.mobileRouter!.end("SIGKILL");
      assertEquals((await facts(lab)).defaultRoutes, ["eg1"]);
      await stage.startMobileRouter("again", { egresses: ["eg0", "eg1"] });
      await stage.registeredIn(HOME, LIMIT_MS);
      await lab.exec("cn", ["ping", "-c1", "-W2", homeAddress]);
      await stage.endMobileRouter();
      assertEquals([await takeSnapshot(lab.network, "mr"), await facts(lab)], untouched);
    } finally {
      await lab.close();
    }
  },
);
