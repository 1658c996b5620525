import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import { type EgressEvent, EtherType } from "../../../core/control/movement/egress_event.ts";
import { EgressInterface } from "../../../core/control/movement/egress_interface.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import { LINK, routerReply, sentMessages, serverMessage } from "../../control/movement/ipv4_script.ts";
import {
  advertisement,
  hasAlready,
  routerA,
  routerB,
  routerIsThere,
} from "../../control/movement/ipv6_network.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../../control/script.ts";
import { octetsOf } from "../../wire/octets.ts";
import { MachineClock } from "../engine/machine_clock.ts";
import { repair } from "../engine/packets.ts";
import { type FuzzTarget, InputReader, withLength } from "../engine/target.ts";
import { noHmac } from "./registration.ts";

const MOST_EVENTS = 24;
const ETHER_TYPES = [EtherType.ipv6, EtherType.ipv4, EtherType.arp];
const HARDWARE = ["0200000000aa", "0200000000bb", "020000000099", "020000000001"].map(octetsOf);

/**
 * An egress interface: the first octet says how it is configured, then come events: frames (lengths and checksums made
 * right), the link, addresses that are ready or another's, time.
 */
export const egress: FuzzTarget = {
  name: "egress",
  maximumOctets: 2048,
  seeds,
  run(input) {
    const reader = new InputReader(input);
    const clock = newEgress(reader.octet());
    let address: EgressAddress = "fe80::1";
    for (let events = 0; events < MOST_EVENTS && !reader.isAtEnd; events++) {
      const kind = reader.octet() % 10;
      if (kind === 3) clock.pass(reader);
      else {
        for (const action of clock.handle(eventOf(kind, reader, address))) {
          if (action.kind === "addAddress") address = action.address;
        }
      }
    }
  },
};

type EgressAddress = Extract<EgressEvent, { readonly kind: "addressReady" }>["address"];

function newEgress(octet: number) {
  const home = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT, mobileRouter: (octet & 2) !== 0 };
  const machine = new EgressInterface({
    interfaceName: "eg0",
    interfaceIdentifier: (octet & 4) === 0 ? "stable" : "hardware",
    stableSecret: new Uint8Array(16),
    routerProbeMs: (octet & 8) === 0 ? 1000 : 0,
    home: (octet & 1) === 0 ? undefined : home,
  }, { hmac: noHmac, random: () => 0.5 });
  return new MachineClock<EgressEvent, EgressAction>(machine, { kind: "deadline" });
}

function eventOf(kind: number, reader: InputReader, address: EgressAddress): EgressEvent {
  switch (kind) {
    case 1: {
      const octet = reader.octet();
      return {
        ...link,
        up: (octet & 1) === 0,
        carrier: (octet & 2) === 0,
        mtu: (octet & 4) === 0 ? 1500 : 1280,
      };
    }
    case 2:
      return { kind: "linkGone" };
    case 4:
      return { kind: "addressReady", address };
    case 5:
      return { kind: "addressDuplicate", address };
    case 6:
      return { kind: "chosen", address: reader.octet() === 0 ? undefined : address };
    case 7:
      return { kind: "home", detectDuplicates: reader.octet() === 1 };
    case 8:
      return { kind: "doubt" };
    case 9:
      return { kind: "stop" };
    default:
      return {
        kind: "frame",
        etherType: reader.pick(ETHER_TYPES),
        sourceHardwareAddress: reader.pick(HARDWARE),
        payload: repair(reader.octets()),
      };
  }
}

const link = LINK as Extract<EgressEvent, { readonly kind: "link" }>;

function frame(event: EgressEvent): number[] {
  if (event.kind !== "frame") throw new Error(`${event.kind} is no frame`);
  const hardware = HARDWARE.findIndex((each) => each[5] === event.sourceHardwareAddress[5]);
  const type = ETHER_TYPES.findIndex((each) => each === event.etherType);
  return [0, type, Math.max(0, hardware), ...withLength(event.payload)];
}

function seeds(): Uint8Array[] {
  const ipv6 = [
    [...frame(advertisement(routerA)), 4, 6, 1, 3, 15, ...frame(routerIsThere(routerA))],
    [...frame(advertisement(routerA)), ...frame(hasAlready("2001:db8:a::1")), 5, 3, 15],
    [...frame(advertisement(routerA)), ...frame(advertisement(routerB)), 8, 3, 15, 3, 4, 9],
    [...frame(advertisement(routerA, { more: [{ kind: "mtu", mtu: 1400 }] })), 1, 2, 3, 3, 1, 0, 2, 9],
  ];
  return [...ipv6, dhcp()].flatMap((program) =>
    [0, 1].map((octet) => Uint8Array.of(octet, 1, 0, ...program))
  );
}

/** A lease is granted, and used. */
function dhcp(): number[] {
  const node = newEgress(0);
  const [discover] = sentMessages(node.handle(link));
  const offer = serverMessage(discover.message, DhcpMessageType.offer);
  const [request] = sentMessages(node.handle(offer));
  const ack = serverMessage(request.message, DhcpMessageType.ack);
  node.handle(ack);
  return [...frame(offer), ...frame(ack), ...frame(routerReply()), 6, 1, 3, 15, 3, 6, 9];
}
