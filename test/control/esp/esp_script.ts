import { ESP_ALGORITHMS } from "../../../cli/esp/algorithms.ts";
import { espCipher } from "../../../cli/esp/cipher.ts";
import type { HomeAgentAction, MobileNodeAction } from "../../../core/control/action.ts";
import { EspGate } from "../../../core/control/esp/esp_gate.ts";
import type { SecurityAssociation } from "../../../core/control/esp/security_association.ts";
import { SecurityAssociations } from "../../../core/control/esp/security_associations.ts";
import type { SequenceMemory, SequenceNumbers } from "../../../core/control/esp/sequence_memory.ts";
import type { SignallingEvent } from "../../../core/control/event.ts";
import type { OuterSource } from "../../../core/control/outer_source.ts";
import type { HomeAgent } from "../../../core/control/home_agent.ts";
import type { MobileNode } from "../../../core/control/mobile_node.ts";
import type { Now } from "../../../core/control/now.ts";
import { at, HOME_ADDRESS, HOME_AGENT, newHomeAgent, newMobileNode } from "../script.ts";

/** Words for tests of the state machines under ESP. */

const NOTHING: SequenceNumbers = { nextToSend: 0, packetsSent: 0, highestReceived: 0 };

/** A memory that outlasts whom it is given to. */
export function memory(): SequenceMemory & { readonly numbers: ReadonlyMap<string, SequenceNumbers> } {
  const numbers = new Map<string, SequenceNumbers>();
  const recall = (name: string) => numbers.get(name) ?? NOTHING;
  return {
    numbers,
    recall,
    store: (name, some) => void numbers.set(name, { ...recall(name), ...some }),
  };
}

/** From the mobile node to the home agent, by AES-GCM-128, with anything changed. */
export function toHomeAgent(
  { algorithm = "aes-gcm-16", ...changes }: Partial<SecurityAssociation> & { readonly algorithm?: string } =
    {},
): SecurityAssociation {
  const { [algorithm]: one } = Object.fromEntries(ESP_ALGORITHMS);
  const key = (octets = 0) => Uint8Array.from({ length: octets }, (_, index) => index + (changes.spi ?? 1));
  const cipher = espCipher({
    algorithm: one,
    encryptionKey: key(one.encryptionKeyOctets[0]),
    integrityKey: key(one.integrityKeyOctets[0]),
  });
  return {
    spi: 1001,
    source: HOME_ADDRESS,
    destination: HOME_AGENT,
    cipher,
    extendedNumbers: false,
    ...changes,
  };
}

/** And back. */
export function toMobileNode(changes: Parameters<typeof toHomeAgent>[0] = {}): SecurityAssociation {
  return toHomeAgent({ spi: 1002, source: HOME_AGENT, destination: HOME_ADDRESS, ...changes });
}

export const BOTH = [toHomeAgent(), toMobileNode()];

export function associationsOf(
  ownAddress: string,
  list: readonly SecurityAssociation[] = BOTH,
  kept: SequenceMemory = memory(),
  now: Now = at(0),
): SecurityAssociations {
  const associations = new SecurityAssociations(ownAddress, kept);
  associations.replace(list, now.unixMs);
  return associations;
}

export function gateOf(
  ownAddress: string,
  list: readonly SecurityAssociation[] = BOTH,
  kept: SequenceMemory = memory(),
  now: Now = at(0),
): EspGate {
  const associations = associationsOf(ownAddress, list, kept, now);
  const peer = ownAddress === HOME_AGENT ? HOME_ADDRESS : HOME_AGENT;
  return new EspGate({ ownAddress, associations, protects: (address) => address === peer });
}

/** A mobile node and its home agent, each behind its gate, that trust ESP alone. */
export interface Ends {
  readonly mobileNode: MobileNode;
  readonly homeAgent: HomeAgent;
  readonly mobileGate: EspGate;
  readonly homeGate: EspGate;
}

export function ends(changes: Partial<Ends> = {}): Ends {
  return {
    mobileNode: newMobileNode({ security: undefined, requiresEsp: true }),
    homeAgent: newHomeAgent({
      mobileNodes: [{
        identity: "mn1@example.org",
        homeAddress: HOME_ADDRESS,
        security: undefined,
        requiresEsp: true,
        mobileNetworkPrefixes: [],
      }],
    }),
    mobileGate: gateOf(HOME_ADDRESS),
    homeGate: gateOf(HOME_AGENT),
    ...changes,
  };
}

type Action = MobileNodeAction | HomeAgentAction;

/** The packets among the actions, as they go out. */
export function outgoing(gate: EspGate, actions: readonly Action[], now: Now): Uint8Array[] {
  return actions.flatMap((action) => {
    if (action.kind !== "sendPacket" && action.kind !== "sendSignalling") return [];
    const protectedAction = gate.protect(action, now);
    return protectedAction.kind === "report" ? [] : [protectedAction.packet];
  });
}

/** What the state machine is told of a packet; undefined where the gate drops it. */
export function incoming(
  gate: EspGate,
  packet: Uint8Array,
  outer: OuterSource | undefined,
  now: Now,
): SignallingEvent | undefined {
  const received = gate.open(packet, now);
  return received.kind === "signalling"
    ? { kind: "signalling", outer, packet: received.packet, protection: received.protection }
    : undefined;
}

/** What the home agent does with a packet that comes in. */
export function toAgent(
  { homeAgent, homeGate }: Ends,
  packet: Uint8Array,
  now: Now,
  outer?: OuterSource,
): HomeAgentAction[] {
  const event = incoming(homeGate, packet, outer, now);
  return event === undefined ? [] : homeAgent.handle(event, now);
}

/** What the mobile node does with a packet that comes in. */
export function toNode(
  { mobileNode, mobileGate }: Ends,
  packet: Uint8Array,
  now: Now,
  outer?: OuterSource,
): MobileNodeAction[] {
  const event = incoming(mobileGate, packet, outer, now);
  return event === undefined ? [] : mobileNode.handle(event, now);
}
