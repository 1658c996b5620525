import { sealMobilityHeader } from "../control/authentication.ts";
import { NAI_SUBTYPE } from "../control/constants.ts";
import { ntpTimestamp } from "../control/ntp_timestamp.ts";
import type { Hmac } from "../control/settings.ts";
import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import { DSMIPV6_PORT } from "../wire/constants.ts";
import { encodeMobilityHeader } from "../wire/mobility_header.ts";
import type { MobilityMessage } from "../wire/mobility_message.ts";
import { encodeMobilityPacket } from "../wire/mobility_packet.ts";
import type { HomeAgentHost } from "./home_agent_host.ts";
import type { MobileHost } from "./mobile_host.ts";
import type { Attachment, Internet } from "./network.ts";
import { type OuterPacket, type Payload, Signalling } from "./packet.ts";
import { Random } from "./random.ts";
import { EPOCH_UNIX_MS, type Surroundings } from "./surroundings.ts";
import type { HomeAgentStep, Watcher } from "./watcher.ts";

/** What the attacker knows how to do. None of it may change a binding. */
export const DEEDS = [
  "replay an update from its own address",
  "replay an update from another mobile node's address",
  "replay an update from where it came",
  "change an update",
  "forge an update with a key of its own",
  "forge an update without proof",
  "forge a de-registration",
  "send data in a mobile node's name",
  "send noise to the home agent",
  "flood the home agent with forged updates",
  "flood the home agent with replayed updates",
  "flood the home agent with data from many addresses",
  "replay an acknowledgement",
  "forge an acknowledgement",
  "forge a refusal",
  "forge a binding error",
] as const;

export type Deed = typeof DEEDS[number];

const MAXIMUM_CAPTURED = 32;
const FLOOD_MS = 1_500;

/**
 * Sees what comes to and leaves the home agent, sends from any address, knows every identity and SPI, and no
 * key. It replays only updates that this home agent has accepted. One that has not arrived cannot be told from the
 * real one, because nothing proves the outer source (RFC 5555 section 6); one that was refused for its time may
 * be in time later, and one from before a restart is new to a home agent that has lost its state (RFC 4285
 * section 6 keeps nothing but the last timestamp accepted).
 */
export class Attacker implements Watcher, Attachment {
  readonly address: Ipv4Address;
  readonly #homeAgent: HomeAgentHost;
  readonly #mobileNodes: readonly MobileHost[];
  readonly #internet: Internet;
  readonly #surroundings: Surroundings;
  readonly #random: Random;
  readonly #hmac: Hmac;
  #updates: OuterPacket[] = [];
  #answers: OuterPacket[] = [];

  constructor(
    address: Ipv4Address,
    world: Surroundings & {
      homeAgent: HomeAgentHost;
      mobileNodes: readonly MobileHost[];
      internet: Internet;
    },
  ) {
    this.address = address;
    this.#homeAgent = world.homeAgent;
    this.#mobileNodes = world.mobileNodes;
    this.#internet = world.internet;
    this.#surroundings = world;
    this.#random = world.random.fork();
    this.#hmac = world.hmac;
    world.internet.addHost(address, this);
  }

  homeAgentHandled({ accepted, cause }: HomeAgentStep): void {
    if (accepted === undefined || cause?.origin.kind !== "mobileNode") return;
    this.#updates = [...this.#updates, cause].slice(-MAXIMUM_CAPTURED);
  }

  homeAgentSent(packet: OuterPacket): void {
    if (packet.payload.kind === "data") return;
    this.#answers = [...this.#answers, packet].slice(-MAXIMUM_CAPTURED);
  }

  /** Its state is lost, and what it had accepted with it. */
  homeAgentRestarted(): void {
    this.#updates = [];
  }

  /** What the home agent sends back to the attacker's own address is of no use to it. */
  receive(): void {}

  perform(deed: Deed): void {
    const victim = this.#random.pick(this.#mobileNodes);
    switch (deed) {
      case "replay an update from its own address":
        return this.#replay(deed, this.address, this.#port());
      case "replay an update from another mobile node's address": {
        const other = this.#anyUpdate();
        return other && this.#replay(deed, other.source, other.sourcePort);
      }
      case "replay an update from where it came":
        return this.#replay(deed, undefined, undefined);
      case "change an update":
        return this.#change(deed);
      case "forge an update with a key of its own":
        return this.#toHomeAgent(
          deed,
          new Signalling(this.#forgedUpdate(victim, this.#random.octets(32), 60)),
        );
      case "forge an update without proof":
        return this.#toHomeAgent(deed, new Signalling(this.#forgedUpdate(victim, undefined, 60)));
      case "forge a de-registration":
        return this.#toHomeAgent(
          deed,
          new Signalling(this.#forgedUpdate(victim, this.#random.octets(32), 0)),
        );
      case "send data in a mobile node's name":
        return this.#toHomeAgent(deed, this.#dataFrom(victim));
      case "send noise to the home agent":
        return this.#toHomeAgent(deed, new Signalling(this.#random.octets(this.#random.integer(0, 120))));
      case "flood the home agent with forged updates":
        return this.#flood(10, () => {
          this.#toHomeAgent(deed, new Signalling(this.#forgedUpdate(victim, this.#random.octets(32), 60)));
        });
      case "flood the home agent with replayed updates":
        return this.#flood(10, () => this.#replay(deed, this.address, 4191));
      case "flood the home agent with data from many addresses":
        return this.#flood(4, () => {
          const address = `100.64.${this.#random.integer(0, 255)}.${this.#random.integer(1, 254)}`;
          this.#toHomeAgent(deed, this.#dataFrom(victim), address);
        });
      case "replay an acknowledgement":
        return this.#replayAnswer(deed);
      case "forge an acknowledgement":
        return this.#forgeAcknowledgement(deed, 0);
      case "forge a refusal":
        return this.#forgeAcknowledgement(deed, this.#random.pick([128, 129, 133, 135, 144]));
      case "forge a binding error":
        return this.#answer(deed, victim.homeAddress, {
          kind: "bindingError",
          status: 1,
          homeAddress: victim.homeAddress,
          options: [],
        });
    }
  }

  #anyUpdate(): OuterPacket | undefined {
    return this.#updates.length > 0 ? this.#random.pick(this.#updates) : undefined;
  }

  #port(): number {
    return this.#random.integer(1024, 65535);
  }

  #replay(deed: Deed, source: Ipv4Address | undefined, sourcePort: number | undefined): void {
    const captured = this.#anyUpdate();
    if (captured === undefined) return;
    this.#inject({
      ...captured,
      source: source ?? captured.source,
      sourcePort: sourcePort ?? captured.sourcePort,
      origin: { kind: "attacker", deed },
    });
  }

  /** One bit of the mobility header is changed, and the checksum mended. */
  #change(deed: Deed): void {
    const captured = this.#anyUpdate();
    if (captured === undefined || captured.payload.kind !== "signalling") return;
    const decoded = captured.payload.decode();
    if (!decoded.ok) return;
    const mobilityHeader = decoded.value.mobilityHeader.slice();
    const checksumOctets = [4, 5];
    let octet = this.#random.integer(0, mobilityHeader.length - 1);
    while (checksumOctets.includes(octet)) octet = this.#random.integer(0, mobilityHeader.length - 1);
    mobilityHeader[octet] ^= 1 << this.#random.integer(0, 7);
    mobilityHeader.fill(0, 4, 6);
    const { source, destination } = decoded.value;
    const packet = encodeMobilityPacket({ source, destination, mobilityHeader });
    this.#toHomeAgent(deed, new Signalling(packet));
  }

  #forgedUpdate(victim: MobileHost, key: Uint8Array | undefined, lifetimeSeconds: number): Uint8Array {
    const { identity, homeAddress, homeAgentAddress, security } = victim.settings.machine;
    const timestamp = ntpTimestamp(EPOCH_UNIX_MS + this.#surroundings.nowMs, this.#random.fraction());
    const mobilityHeader = sealMobilityHeader(
      {
        kind: "bindingUpdate",
        sequenceNumber: this.#random.integer(0, 0xffff),
        acknowledge: true,
        homeRegistration: true,
        linkLocalCompatibility: false,
        keyManagementMobility: false,
        mapRegistration: false,
        mobileRouter: false,
        proxyRegistration: false,
        forceUdp: false,
        tlvHeader: false,
        overwriteOrBulk: false,
        lifetimeSeconds,
        options: [
          { kind: "ipv4CareOfAddress", careOfAddress: this.address },
          {
            kind: "mobileNodeIdentifier",
            subtype: NAI_SUBTYPE,
            identifier: new TextEncoder().encode(identity),
          },
          { kind: "messageIdentification", timestamp },
        ],
      },
      key && security && { ...security, key },
      { careOfAddress: this.address, homeAddress },
      this.#hmac,
    );
    return encodeMobilityPacket({ source: homeAddress, destination: homeAgentAddress, mobilityHeader });
  }

  #replayAnswer(deed: Deed): void {
    if (this.#answers.length === 0) return;
    this.#inject({ ...this.#random.pick(this.#answers), origin: { kind: "attacker", deed } });
  }

  /** An answer to a captured update that nothing proves, from the home agent's address. */
  #forgeAcknowledgement(deed: Deed, status: number): void {
    const captured = this.#anyUpdate();
    if (captured === undefined || captured.payload.kind !== "signalling") return;
    const decoded = captured.payload.decode();
    if (!decoded.ok || decoded.value.header.message.kind !== "bindingUpdate") return;
    this.#answer(deed, decoded.value.source, {
      kind: "bindingAcknowledgement",
      status,
      keyManagementMobility: false,
      mobileRouter: false,
      proxyRegistration: false,
      tlvHeader: false,
      bulk: false,
      sequenceNumber: decoded.value.header.message.sequenceNumber,
      lifetimeSeconds: status === 0 ? 262140 : 0,
      options: [{ kind: "natDetection", forceUdp: false, refreshSeconds: 0xffff_ffff }],
    });
  }

  /** Sends in the home agent's name to where the home agent last sent something for this home address. */
  #answer(deed: Deed, homeAddress: Ipv6Address, message: MobilityMessage): void {
    const last = this.#answers.findLast(({ payload }) => {
      const decoded = payload.kind === "signalling" ? payload.decode() : undefined;
      return decoded?.ok && decoded.value.destination === homeAddress;
    });
    if (last === undefined) return;
    const packet = encodeMobilityPacket({
      source: this.#homeAgent.settings.machine.address,
      destination: homeAddress,
      mobilityHeader: encodeMobilityHeader(message),
    });
    this.#inject({ ...last, payload: new Signalling(packet), origin: { kind: "attacker", deed } });
  }

  #dataFrom(victim: MobileHost): Payload {
    return {
      kind: "data",
      source: victim.homeAddress,
      destination: this.#homeAgent.settings.machine.address,
      request: true,
      sentAtMs: this.#surroundings.nowMs,
    };
  }

  #toHomeAgent(deed: Deed, payload: Payload, source = this.address): void {
    this.#inject({
      protocol: "udp",
      source,
      sourcePort: this.#port(),
      destination: this.#homeAgent.settings.ipv4Address,
      destinationPort: DSMIPV6_PORT,
      payload,
      origin: { kind: "attacker", deed },
    });
  }

  #flood(intervalMs: number, one: () => void): void {
    for (let afterMs = 0; afterMs < FLOOD_MS; afterMs += intervalMs) {
      this.#surroundings.schedule(afterMs, one);
    }
  }

  #inject(packet: OuterPacket): void {
    const { incarnation } = this.#homeAgent;
    this.#surroundings.schedule(1, () => {
      if (this.#homeAgent.incarnation === incarnation) this.#internet.route(packet);
    });
  }
}
