import {
  DelegationClient,
  type DelegationClientAction,
  type DelegationClientEvent,
} from "../../../core/control/delegation/client.ts";
import {
  DelegationServer,
  type DelegationServerAction,
  type DelegationServerEvent,
} from "../../../core/control/delegation/server.ts";
import type { DelegationWay } from "../../../core/control/delegation/way.ts";
import { decodeDhcpv6 } from "../../../core/wire/dhcpv6.ts";
import { CLIENT_DUID, pool, SERVER_DUID } from "../../control/delegation/script.ts";
import { HOME_ADDRESS, HOME_AGENT, homeAgentSettings } from "../../control/script.ts";
import { MachineClock } from "../engine/machine_clock.ts";
import { type FuzzTarget, InputReader, withLength } from "../engine/target.ts";

const MOST_EVENTS = 24;
const WAYS: readonly (DelegationWay | undefined)[] = ["tunnel", "homeLink", undefined];
const random = () => 0.5;

/** DHCPv6 prefix delegation: the first octet says whether the server or the client gets the messages. */
export const delegation: FuzzTarget = {
  name: "delegation",
  maximumOctets: 2048,
  seeds: () => [conversation("tunnel"), conversation("homeLink")].flat(),
  run(input) {
    const reader = new InputReader(input);
    if ((reader.octet() & 1) === 0) runServer(reader);
    else runClient(reader);
  },
};

function newServer() {
  const settings = { ...homeAgentSettings(), mobileNetworkPool: pool("2001:db8:f00::/56", 64) };
  const server = new DelegationServer(settings, { duid: SERVER_DUID, isBound: () => true });
  return new MachineClock<DelegationServerEvent, DelegationServerAction>(
    server,
    { kind: "deadline" },
    checkSent,
  );
}

function newClient() {
  const settings = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT, duid: CLIENT_DUID, count: 2 };
  const client = new DelegationClient(settings, random);
  return new MachineClock<DelegationClientEvent, DelegationClientAction>(
    client,
    { kind: "deadline" },
    checkSent,
  );
}

function checkSent(action: DelegationServerAction | DelegationClientAction): void {
  if (action.kind !== "send") return;
  const decoded = decodeDhcpv6(action.datagram);
  if (!decoded.ok) {
    throw new Error(`sends what it would not take: ${decoded.error.field} ${decoded.error.reason}`);
  }
}

function runServer(reader: InputReader): void {
  const server = newServer();
  for (let events = 0; events < MOST_EVENTS && !reader.isAtEnd; events++) {
    if ((reader.octet() & 3) === 3) server.pass(reader);
    else {
      const way = reader.pick(WAYS) ?? "tunnel";
      const source = reader.pick([HOME_ADDRESS, "2001:db8:100::101", "2001:db8:5::5"]);
      server.handle({ kind: "received", way, source, datagram: reader.octets() });
    }
  }
}

function runClient(reader: InputReader): void {
  const client = newClient();
  for (let events = 0; events < MOST_EVENTS && !reader.isAtEnd; events++) {
    switch (reader.octet() & 7) {
      case 0:
      case 1:
      case 2: {
        const way = reader.pick(WAYS) ?? "tunnel";
        const source = reader.pick([HOME_AGENT, HOME_ADDRESS]);
        client.handle({ kind: "received", way, source, datagram: reader.octets() });
        break;
      }
      case 3:
        client.pass(reader);
        break;
      case 4:
        client.handle({ kind: "homeAgentForgot" });
        break;
      case 5:
        client.handle({ kind: "stop" });
        break;
      default:
        client.handle({ kind: "reachable", way: reader.pick(WAYS) });
    }
  }
}

/** The programs of server and client: prefixes asked for, granted, renewed and given back. */
function conversation(way: DelegationWay): Uint8Array[] {
  const octet = WAYS.indexOf(way);
  const forServer: number[] = [0];
  const forClient: number[] = [1];
  const server = newServer();
  const client = newClient();
  const play = (event: DelegationClientEvent) => {
    for (const action of client.handle(event)) {
      if (action.kind !== "send") continue;
      forServer.push(0, octet, 0, ...withLength(action.datagram));
      const { datagram } = action;
      for (const answer of server.handle({ kind: "received", way, source: HOME_ADDRESS, datagram })) {
        if (answer.kind !== "send") continue;
        forClient.push(0, octet, 0, ...withLength(answer.datagram));
        play({ kind: "received", way, source: HOME_AGENT, datagram: answer.datagram });
      }
    }
  };
  forClient.push(6, octet);
  play({ kind: "reachable", way });
  forServer.push(3, 15);
  forClient.push(3, 15, 4, 6, octet);
  forClient.push(5);
  play({ kind: "stop" });
  return [Uint8Array.from(forServer), Uint8Array.from(forClient)];
}
