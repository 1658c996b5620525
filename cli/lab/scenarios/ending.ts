import { readCapture, type SeenPacket } from "../capture.ts";
import type { Step } from "../scenario.ts";
import { snapshotDifference, takeSnapshot } from "../snapshot.ts";
import type { Stage } from "./stage.ts";
import { ACCESS_IPV4, FIRST_MOBILE_NODE, HOME_AGENT_IPV4 } from "./topology.ts";

const DEREGISTRATION_LIMIT_MS = 5000;
const BINDING_UPDATE = 5;
const BINDING_ACKNOWLEDGEMENT = 6;
/** Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792). */
const ICMPV4_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const ICMPV6_PARAMETER_PROBLEM = 4;

export const deregister: Step = {
  title: "Stop the mobile nodes: they de-register",
  async run({ checks, homeAgent, mobileNode, secondMobileNode }) {
    const ends = await Promise.all([mobileNode.end("SIGTERM"), secondMobileNode.end("SIGTERM")]);
    checks.atMost(
      "de-registration and end",
      Math.max(...ends.map(({ tookMs }) => tookMs)),
      DEREGISTRATION_LIMIT_MS,
      "ms",
    );
    checks.equal("mobile nodes: exit status at the end", ends.map(({ code }) => code).join(" "), "0 0");
    const bindings = (await homeAgent.ask())?.bindings;
    checks.equal("bindings left at the home agent", bindings?.length ?? -1, 0, "bindings");
  },
};

export const lookForLeftovers: Step = {
  title: "Stop the home agent, and look for anything left behind",
  async run(stage) {
    const { lab, checks, homeAgent } = stage;
    const { code } = await homeAgent.end("SIGTERM");
    checks.equal("home agent: exit status at the end", code, 0);
    for (const node of ["ha", "mn", "mn2"]) {
      const left = snapshotDifference(stage.remembered(node), await takeSnapshot(lab.network, node));
      checks.equal(`left behind in ${node} at the end`, left.join(", ") || "nothing", "nothing");
    }
  },
};

export const readTheWire: Step = {
  title: "Read with tshark what was on the wire",
  async run(stage) {
    const read = async (node: "ha" | "mn") => {
      const capture = stage.captures.get(node);
      if (capture === undefined) throw new Error(`nothing was captured at ${node}`);
      await capture.stop();
      return await readCapture(capture.path, stage.lab.signal);
    };
    const [core, access] = await Promise.all([read("ha"), read("mn")]);
    checkSignalling(stage, core);
    checkData(stage, core);
    checkFaults(stage, [...core, ...access]);
  },
};

function checkSignalling(
  { checks, behindNat, careOfAddresses }: Stage,
  packets: readonly SeenPacket[],
): void {
  const updates = packets.filter(({ mobilityMessage }) => mobilityMessage === BINDING_UPDATE);
  checks.atLeast("Binding Updates seen at the home agent", updates.length, 1, "packets");
  const careOf = new Set(careOfAddresses.values());
  const right = updates.filter((update) =>
    update.tunnel === "udp" && update.destinationPort === 4191 && update.ipv4Destination === HOME_AGENT_IPV4
  );
  checks.equal("Binding Updates in UDP to port 4191", right.length, updates.length, "packets");
  const withCareOf = updates.filter(({ ipv4CareOfAddress }) => careOf.has(ipv4CareOfAddress ?? ""));
  checks.equal("Binding Updates with the IPv4 care-of address", withCareOf.length, updates.length, "packets");
  const fromHere = updates.filter(({ ipv4Source, ipv4CareOfAddress }) =>
    ipv4Source === (behindNat ? ACCESS_IPV4 : ipv4CareOfAddress)
  );
  const source = behindNat ? "NAT's address" : "care-of address";
  checks.equal(`Binding Updates from the ${source}`, fromHere.length, updates.length, "packets");

  const acknowledgements = packets.filter(({ mobilityMessage, status }) =>
    mobilityMessage === BINDING_ACKNOWLEDGEMENT && status !== undefined && status < 128
  );
  checks.atLeast("accepting Binding Acknowledgements seen", acknowledgements.length, 1, "packets");
  const detecting = acknowledgements.filter(({ natRefreshSeconds }) => natRefreshSeconds !== undefined);
  checks.equal(
    "accepting Binding Acknowledgements with NAT detection",
    detecting.length,
    acknowledgements.length,
    "packets",
  );

  const last = new Map(updates.map((update) => [update.ipv6Source, update.lifetime]));
  const removed = [...last.values()].filter((lifetime) => lifetime === 0).length;
  checks.equal("mobile nodes whose last Binding Update has lifetime 0", removed, 2, "mobile nodes");
}

function checkData({ checks, behindNat }: Stage, packets: readonly SeenPacket[]): void {
  const data = packets.filter(({ tunnel, mobilityMessage }) =>
    tunnel !== undefined && mobilityMessage === undefined
  );
  const expected = behindNat ? "udp" : "ipv6InIpv4";
  const count = (some: typeof data) => some.reduce((sum, { packets }) => sum + packets, 0);
  const right = count(data.filter(({ tunnel }) => tunnel === expected));
  checks.atLeast("data packets seen at the home agent", count(data), 4000, "packets");
  checks.equal(`data packets in ${behindNat ? "UDP" : "protocol 41"}`, right, count(data), "packets");

  const firstUpdate = packets.find(({ mobilityMessage }) => mobilityMessage === BINDING_UPDATE);
  const firstData = data.find(({ ipv6Destination }) => ipv6Destination === FIRST_MOBILE_NODE.homeAddress);
  const milliseconds = ((firstData?.time ?? NaN) - (firstUpdate?.time ?? NaN)) * 1000;
  checks.atMost("first Binding Update to first data packet", milliseconds, 1000, "ms");
}

function checkFaults(
  { checks, careOfAddresses, restartsBegin }: Stage,
  packets: readonly SeenPacket[],
): void {
  const malformed = packets.filter((packet) => packet.malformed);
  checks.equal("packets that tshark calls malformed", malformed.length, 0, "packets");
  const hosts = new Set([HOME_AGENT_IPV4, ...careOfAddresses.values()]);
  const errors = packets.filter(({ time, icmpv4Type, icmpv6Type, ipv4Source }) =>
    time < restartsBegin &&
    (icmpv6Type === ICMPV6_PARAMETER_PROBLEM ||
      (icmpv4Type !== undefined && ICMPV4_ERRORS.has(icmpv4Type) && hosts.has(ipv4Source ?? "")))
  );
  checks.equal("ICMP errors while daemons run", errors.length, 0, "packets");
}
