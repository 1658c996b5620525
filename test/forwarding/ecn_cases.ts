import { assertEquals } from "@std/assert";
import {
  AS_HOME_AGENT,
  assertDropped,
  type ForwardingCase,
  NODE_IN_41,
  NODE_IN_UDP,
  receive41,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { bindNode, receive } from "./offload_tools.ts";
import { CORRESPONDENT, HOME_ADDRESS, ipv4, ipv6 } from "./packets.ts";
import { fromNode, toNode, udp } from "./transport_packets.ts";

const NAMES = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"];
const [NOT_ECT, ECT_1, ECT_0, CE] = [0, 1, 2, 3];
const DROP = -1;

/** RFC 6040 figure 4, in its order: inner, then what comes out for outer Not-ECT, ECT(0), ECT(1), CE. */
const FIGURE_4: readonly (readonly [inner: number, outcomes: readonly number[]])[] = [
  [NOT_ECT, [NOT_ECT, NOT_ECT, NOT_ECT, DROP]],
  [ECT_0, [ECT_0, ECT_0, ECT_1, CE]],
  [ECT_1, [ECT_1, ECT_1, ECT_1, CE]],
  [CE, [CE, CE, CE, CE]],
];
const OUTER_ORDER = [NOT_ECT, ECT_0, ECT_1, CE];
/** Inner and outer code points differ, so that a mix-up shows. */
const INNER_DSCP = 0x2e << 2;
const OUTER_DSCP = 0x11 << 2;

function packet(ecn: number): Uint8Array {
  return ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT, trafficClass: INNER_DSCP | ecn });
}

export const ecnCases: readonly ForwardingCase[] = [
  ...FIGURE_4.flatMap(([inner, outcomes]) =>
    outcomes.map((outcome, column): ForwardingCase => {
      const outer = OUTER_ORDER[column];
      const result = outcome === DROP ? "is dropped" : `goes on as ${NAMES[outcome]}, DSCP kept`;
      return {
        name: `RFC 6040 4.2, RFC 5555 4.1.1 D-056: inner ${NAMES[inner]} with outer ${
          NAMES[outer]
        } ${result}`,
        settings: AS_HOME_AGENT,
        run: (forwarder) => {
          const typeOfService = OUTER_DSCP | outer;
          forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
          const inUdp = receiveUdp(forwarder, packet(inner), { typeOfService });
          if (outcome === DROP) assertDropped(forwarder, inUdp, "congestionNotEct");
          else assertEquals(inUdp, { kind: "deliver", bytes: packet(outcome) });
          forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
          const in41 = receive41(forwarder, ipv4({ payload: packet(inner), typeOfService }));
          assertEquals(in41, inUdp);
        },
      };
    })
  ),
  ...FIGURE_4.map(([inner, outcomes]): ForwardingCase => ({
    name: `RFC 6040 4.2: inner ${NAMES[inner]} in IPv4 goes on as in IPv6, and the header's checksum with it`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder);
      const withEcn = (ecn: number, identification: number) =>
        udp({ ...fromNode(4), typeOfService: INNER_DSCP | ecn, identification });
      for (const [column, outcome] of outcomes.entries()) {
        const typeOfService = OUTER_DSCP | OUTER_ORDER[column];
        // Every sum of the header comes up, also those where the one's complement has two zeros.
        for (let identification = 0; identification < 65_536; identification += 257) {
          const [verdict] = receive(forwarder, [withEcn(inner, identification)], { typeOfService });
          if (outcome === DROP) assertEquals(verdict.kind === "drop" && verdict.reason, "congestionNotEct");
          else assertEquals(verdict, { kind: "deliver", bytes: withEcn(outcome, identification) });
        }
      }
    },
  })),
  {
    name: "RFC 1624: an IPv4 header checksum that is wrong stays wrong when the mark changes",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder);
      const withError = (ecn: number, error: number) => {
        const packet = udp({ ...fromNode(4), typeOfService: ecn });
        const view = new DataView(packet.buffer);
        view.setUint16(10, (view.getUint16(10) + error) % 0xffff);
        return packet;
      };
      for (const error of [1, 0x100, 0x8000, 0xfffe]) {
        const [verdict] = receive(forwarder, [withError(ECT_0, error)], { typeOfService: CE });
        assertEquals(verdict, { kind: "deliver", bytes: withError(CE, error) });
      }
    },
  },
  {
    name: "an IPv4 header whose mark does not change keeps its checksum as it stands",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder);
      for (const [inner, outer] of [[CE, CE], [CE, ECT_1], [ECT_0, ECT_0], [ECT_1, NOT_ECT]]) {
        const packet = udp({ ...fromNode(4), typeOfService: inner });
        packet.set([0xff, 0xff], 10);
        const [verdict] = receive(forwarder, [packet], { typeOfService: outer });
        assertEquals(verdict, { kind: "deliver", bytes: packet });
      }
    },
  },
  {
    name: "RFC 6040 4.1, RFC 2983, RFC 5555 4.1.1 D-056: the traffic class is copied to the outer header",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      for (const trafficClass of [0x00, 0x01, 0x02, 0x03, 0x0f, 0x10, 0xb8, 0xff]) {
        for (const binding of [NODE_IN_UDP, NODE_IN_41]) {
          forwarder.setBinding(HOME_ADDRESS, binding, 1472);
          const verdict = send(forwarder, ipv6({ trafficClass }));
          assertEquals(verdict.kind === "send" && verdict.typeOfService, trafficClass);
          bindNode(forwarder, binding);
          const over4 = send(forwarder, udp({ ...toNode(4), typeOfService: trafficClass }));
          assertEquals(over4.kind === "send" && over4.typeOfService, trafficClass);
        }
      }
    },
  },
];
