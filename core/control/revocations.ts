import type { IpAddress, Ipv6Address } from "../wire/address.ts";
import { FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import type { BindingRevocationAcknowledgement } from "../wire/mobility_message.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import { revocationStatusName } from "../wire/registry_names.ts";
import type { HomeAgentAction } from "./action.ts";
import { sealMobilityHeader, verifyMobilityHeader } from "./authentication.ts";
import type { RegisteredBinding } from "./binding_cache.ts";
import {
  INITIAL_REVOCATION_TIMEOUT_MS,
  MAX_REVOCATION_TIMEOUT_MS,
  REVOCATION_RETRANSMISSIONS,
  RevocationTrigger,
} from "./constants.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { Now } from "./now.ts";
import { report } from "./report.ts";
import {
  associationsOf,
  type Hmac,
  type HomeAgentSettings,
  type MobileNodeEntry,
  type MobilitySecurityAssociation,
} from "./settings.ts";
import { sendAlong, type SignallingPath } from "./signalling_path.ts";

/** Indications that wait for an answer; our own limit. Of more mobile nodes the bindings go without a word. */
const MAXIMUM_OUTSTANDING = 16_384;

interface Outstanding {
  readonly identity: string;
  readonly sequenceNumber: number;
  readonly careOfAddress: IpAddress | undefined;
  /** That of the update that the binding came from. */
  readonly timestamp: bigint | undefined;
  /** A copy of our own: the configuration may have forgotten the key. Overwritten at the end. */
  readonly security: MobilitySecurityAssociation | undefined;
  readonly send: HomeAgentAction;
  readonly timeoutMs: number;
  readonly retransmissionsLeft: number;
}

/**
 * What a home agent tells mobile nodes whose bindings it has revoked (RFC 5846 section 7), until they answer. The binding
 * itself is gone at once: waiting for the answer, as the section does, would leave a stolen key its traffic.
 *
 * What proves an indication is what proves Binding Updates (section 6.1): the MN-HA option, over the care-of address of the
 * binding. Against replay it carries the timestamp of the update that the binding came from, as an acknowledgement would: it
 * counts for that registration only. (Under ESP, one that comes after a later message is not taken.)
 */
export class Revocations {
  readonly #settings: HomeAgentSettings;
  readonly #hmac: Hmac;
  readonly #outstanding = new Map<Ipv6Address, Outstanding>();
  readonly #deadlines = new DeadlineQueue();
  readonly #refused = new Set<string>();
  #lastSequenceNumber: number;

  constructor(
    settings: HomeAgentSettings,
    { hmac, random }: { readonly hmac: Hmac; readonly random: () => number },
  ) {
    this.#settings = settings;
    this.#hmac = hmac;
    this.#lastSequenceNumber = Math.floor(random() * 0x10000);
  }

  /** A binding of this identity was revoked by name: there is to be no other before the configuration is loaded again. */
  refuse(identity: string): void {
    this.#refused.add(identity);
  }

  refuses(identity: string): boolean {
    return this.#refused.has(identity);
  }

  /**
   * Another configuration: nobody is refused any more. Security associations go with their mobile node, so that it has been told
   * once, and is not told again in the clear.
   */
  mobileNodesChanged(
    had: ReadonlyMap<Ipv6Address, MobileNodeEntry>,
    has: ReadonlyMap<Ipv6Address, MobileNodeEntry>,
  ): void {
    this.#refused.clear();
    for (const [homeAddress, { identity, requiresEsp }] of had) {
      if (requiresEsp && has.get(homeAddress)?.identity !== identity) this.cancel(homeAddress);
    }
  }

  /** @param node what the configuration had of the mobile node */
  start(binding: RegisteredBinding, node: MobileNodeEntry | undefined, now: Now): HomeAgentAction[] {
    const { homeAddress, identity, careOfAddress, timestamp } = binding;
    const told = report("info", "binding revoked", { homeAddress, identity });
    if (this.#outstanding.size >= MAXIMUM_OUTSTANDING) return [told];
    this.cancel(homeAddress);
    // One after the other: no two that are outstanding are the same (section 5.1).
    this.#lastSequenceNumber = (this.#lastSequenceNumber + 1) & 0xffff;
    const held = associationsOf(node ?? { security: undefined }).find(({ spi }) => spi === binding.spi);
    const security = held === undefined ? undefined : { ...held, key: held.key.slice() };
    const send = this.#indication(binding, this.#lastSequenceNumber, security);
    this.#wait(homeAddress, {
      identity,
      sequenceNumber: this.#lastSequenceNumber,
      careOfAddress,
      timestamp,
      security,
      send,
      timeoutMs: INITIAL_REVOCATION_TIMEOUT_MS,
      retransmissionsLeft: REVOCATION_RETRANSMISSIONS,
    }, now);
    return [told, send];
  }

  /** The mobile node has registered again: there is nothing to tell any more. */
  cancel(homeAddress: Ipv6Address): void {
    this.#outstanding.get(homeAddress)?.security?.key.fill(0);
    this.#outstanding.delete(homeAddress);
    this.#deadlines.cancel(homeAddress);
  }

  /** Section 6.2.2. */
  receive(packet: MobilityPacket, { status, sequenceNumber, options }: BindingRevocationAcknowledgement) {
    const homeAddress = packet.homeAddressOption ?? packet.source;
    const dropped = (reason: string) => [report("debug", `dropped: ${reason}`, { homeAddress })];
    const waiting = this.#outstanding.get(homeAddress);
    if (waiting?.sequenceNumber !== sequenceNumber) return dropped("answer to no revocation");
    const { identity, security, careOfAddress, timestamp } = waiting;
    if (security !== undefined) {
      const addresses = { careOfAddress, homeAddress };
      const isFresh = findOption(options, "messageIdentification")?.timestamp === timestamp;
      const { mobilityHeader, header } = packet;
      if (!isFresh || !verifyMobilityHeader(mobilityHeader, header, security, addresses, this.#hmac)) {
        return dropped("answer to a revocation without proof of origin");
      }
    }
    this.cancel(homeAddress);
    const details = { homeAddress, identity, status, name: revocationStatusName(status) ?? "unassigned" };
    return status < FIRST_REFUSAL_STATUS
      ? [report("info", "the mobile node knows that its binding is revoked", details)]
      : [report("warning", "the mobile node does not take the revocation", details)];
  }

  /** Section 6.3. */
  passTime(now: Now): HomeAgentAction[] {
    const actions: HomeAgentAction[] = [];
    for (;;) {
      const homeAddress = this.#deadlines.takeDue(now.monotonicMs);
      if (homeAddress === undefined) return actions;
      const waiting = this.#outstanding.get(homeAddress)!;
      if (waiting.retransmissionsLeft === 0) {
        const { identity } = waiting;
        this.cancel(homeAddress);
        actions.push(
          report("info", "the mobile node does not answer the revocation", { homeAddress, identity }),
        );
        continue;
      }
      actions.push(waiting.send);
      const timeoutMs = Math.min(waiting.timeoutMs * 2, MAX_REVOCATION_TIMEOUT_MS);
      const retransmissionsLeft = waiting.retransmissionsLeft - 1;
      this.#wait(homeAddress, { ...waiting, timeoutMs, retransmissionsLeft }, now);
    }
  }

  nextDeadline(): number | undefined {
    return this.#deadlines.next();
  }

  #wait(homeAddress: Ipv6Address, waiting: Outstanding, { monotonicMs }: Now): void {
    this.#outstanding.set(homeAddress, waiting);
    this.#deadlines.schedule(homeAddress, monotonicMs + waiting.timeoutMs);
  }

  #indication(
    { homeAddress, careOfAddress, timestamp, path, tunnel }: RegisteredBinding,
    sequenceNumber: number,
    security: MobilitySecurityAssociation | undefined,
  ): HomeAgentAction {
    const options: MobilityOption[] = timestamp === undefined
      ? []
      : [{ kind: "messageIdentification", timestamp }];
    const mobilityHeader = sealMobilityHeader(
      {
        kind: "bindingRevocationIndication",
        revocationType: 1,
        trigger: RevocationTrigger.administrative,
        sequenceNumber,
        proxyBinding: false,
        ipv4HomeAddressOnly: false,
        global: false,
        options,
      },
      security,
      { careOfAddress, homeAddress },
      this.#hmac,
    );
    // Natively to the care-of address, behind a type 2 routing header; in UDP to where updates come from (section 4).
    const way: SignallingPath = path.kind === "udp" ? path : { kind: "ipv6", address: tunnel.address };
    return sendAlong(way, { source: this.#settings.address, destination: homeAddress, mobilityHeader });
  }
}
