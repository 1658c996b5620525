import type { IpAddress } from "../wire/address.ts";
import type { BindingRevocationIndication } from "../wire/mobility_message.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import { revocationTriggerName } from "../wire/registry_names.ts";
import type { MobileNodeAction, SendPacket, SendSignalling } from "./action.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import { sealMobilityHeader, verifyMobilityHeader } from "./authentication.ts";
import { FIRST_GLOBAL_TRIGGER, RevocationStatus, RevocationTrigger } from "./constants.ts";
import { type BindingUpdateList, REFUSED_RETRY_MS } from "./binding_update_list.ts";
import { report } from "./report.ts";
import type { Now } from "./now.ts";
import { bindingOf, candidateOf, isExchangeState, type MobileNodeState } from "./mobile_node_state.ts";
import type { Hmac, Ipv4HomeAddress, MobileNodeSettings } from "./settings.ts";
import { toHomeAgent } from "./to_home_agent.ts";

/** What a Binding Revocation Indication means for a mobile node. */
type RevocationVerdict =
  /** Not to be trusted, or of no registration of ours: no answer. */
  | { readonly kind: "dropped"; readonly reason: string }
  /** Answered, and nothing else: it is refused, or has been answered before. */
  | { readonly kind: "answered"; readonly status: number; readonly answer: SendPacket | SendSignalling }
  /** The binding is gone; `what`: all of it, or the IPv4 home address only. */
  | {
    readonly kind: "revoked";
    readonly what: "binding" | "ipv4HomeAddress";
    readonly trigger: number;
    readonly answer: SendPacket | SendSignalling;
  };

/** A Binding Update that the home agent has accepted, or may have. */
interface Registration {
  readonly careOfAddress: IpAddress;
  readonly timestamp: bigint;
}

/** Those that say something to a mobile node; the others are for Proxy Mobile IPv6. */
const SUPPORTED: readonly number[] = Object.values(RevocationTrigger);

/**
 * How a mobile node answers Binding Revocation Indications (RFC 5846 sections 6 and 10). An indication is proven by the MN-HA
 * option, and names by its timestamp the Binding Update whose binding it is about: one that was recorded earlier is about a
 * registration that is over.
 */
export class RevocationAnswers {
  readonly #settings: MobileNodeSettings;
  readonly #hmac: Hmac;
  readonly #list: BindingUpdateList;
  readonly #limiter = new AnswerLimiter({ burst: 5, perSecond: 1 });
  #lastTrigger: number | undefined;
  /** The last one that was accepted, which may come again because our answer was lost. */
  #accepted: { readonly registration: Registration; readonly sequenceNumber: number } | undefined;

  constructor(settings: MobileNodeSettings, hmac: Hmac, list: BindingUpdateList) {
    this.#settings = settings;
    this.#hmac = hmac;
    this.#list = list;
  }

  /** Why the last binding was revoked; undefined once there is another. */
  get lastTrigger(): number | undefined {
    return this.#lastTrigger;
  }

  /** There is a binding again. */
  forget(): void {
    this.#lastTrigger = undefined;
  }

  /** The trigger tells when to come back: at once, or as slowly as after a refusal. */
  receive(packet: MobilityPacket, indication: BindingRevocationIndication, now: Now): MobileNodeAction[] {
    const { state, grants } = this.#list;
    const verdict = this.#judge(packet, indication, state, grants.ipv4HomeAddress);
    if (verdict.kind === "dropped") return [report("debug", `dropped: ${verdict.reason}`, {})];
    const { answer } = verdict;
    if (verdict.kind === "answered") {
      // Whoever has recorded an indication can send it again, and again.
      if (!this.#limiter.allow("", now.monotonicMs)) return [];
      return [answer, report("debug", "revocation answered", { status: verdict.status })];
    }
    const { trigger, what } = verdict;
    const told = report("warning", "the home agent has revoked the binding", {
      trigger,
      name: describeTrigger(trigger),
      what: what === "binding" ? "all of it" : "the IPv4 home address",
    });
    if (what === "ipv4HomeAddress") return [answer, told, ...grants.loseIpv4()];
    this.#lastTrigger = trigger;
    if (state.kind === "deregistering") return [answer, told, ...this.#list.finish()];
    const waitMs = isWelcomeBack(trigger) ? 0 : REFUSED_RETRY_MS;
    return [answer, told, ...this.#list.revoked(now.monotonicMs + waitMs)];
  }

  /** @param ipv4HomeAddress the one that the home agent forwards to us */
  #judge(
    packet: MobilityPacket,
    indication: BindingRevocationIndication,
    state: MobileNodeState,
    ipv4HomeAddress: Ipv4HomeAddress | undefined,
  ): RevocationVerdict {
    const registration = registrationsOf(state).find((one) => this.#isProven(packet, indication, one));
    if (registration === undefined) return this.#answerAgain(packet, indication);
    const status = statusFor(indication, ipv4HomeAddress);
    const answer = this.#answer(indication, status, registration);
    if (status !== RevocationStatus.success) return { kind: "answered", status, answer };
    const { trigger, sequenceNumber } = indication;
    this.#accepted = { registration, sequenceNumber };
    const what = indication.ipv4HomeAddressOnly ? "ipv4HomeAddress" : "binding";
    return { kind: "revoked", what, trigger, answer };
  }

  /** One that was accepted before is answered as it was then; of all others section 10 wants no answer. */
  #answerAgain(packet: MobilityPacket, indication: BindingRevocationIndication): RevocationVerdict {
    const before = this.#accepted;
    const isTheSame = before?.sequenceNumber === indication.sequenceNumber &&
      this.#isProven(packet, indication, before.registration);
    if (!isTheSame) {
      return { kind: "dropped", reason: "revocation without proof of origin, or of no registration" };
    }
    const status = RevocationStatus.success;
    return { kind: "answered", status, answer: this.#answer(indication, status, before.registration) };
  }

  #isProven(
    { mobilityHeader, header }: MobilityPacket,
    { options }: BindingRevocationIndication,
    { careOfAddress, timestamp }: Registration,
  ): boolean {
    const { security, homeAddress } = this.#settings;
    if (security === undefined) return true;
    const addresses = { careOfAddress, homeAddress };
    return findOption(options, "messageIdentification")?.timestamp === timestamp &&
      verifyMobilityHeader(mobilityHeader, header, security, addresses, this.#hmac);
  }

  /** Section 6.1.2. */
  #answer(
    { sequenceNumber, proxyBinding, ipv4HomeAddressOnly, global, options }: BindingRevocationIndication,
    status: number,
    { careOfAddress }: Registration,
  ): SendPacket | SendSignalling {
    const { security, homeAddress } = this.#settings;
    const identification: MobilityOption | undefined = findOption(options, "messageIdentification");
    const mobilityHeader = sealMobilityHeader(
      {
        kind: "bindingRevocationAcknowledgement",
        revocationType: 2,
        status,
        sequenceNumber,
        proxyBinding,
        ipv4HomeAddressOnly,
        global,
        options: identification === undefined ? [] : [identification],
      },
      security,
      { careOfAddress, homeAddress },
      this.#hmac,
    );
    // The proof is of the registration that is over; what goes out leaves from where the node is now.
    const from = candidateOf(this.#list.state)?.address ?? careOfAddress;
    return toHomeAgent(mobilityHeader, from, this.#settings);
  }
}

/** For a log and the status. */
export function describeTrigger(trigger: number): string {
  return revocationTriggerName(trigger) ?? "unassigned";
}

/** Does the home agent say by this trigger that the mobile node may come back at once? */
function isWelcomeBack(trigger: number): boolean {
  return trigger === RevocationTrigger.outOfSync || trigger === RevocationTrigger.accessNetwork;
}

function statusFor(
  { trigger, proxyBinding, global, ipv4HomeAddressOnly, options }: BindingRevocationIndication,
  ipv4HomeAddress: Ipv4HomeAddress | undefined,
): number {
  if (proxyBinding) return RevocationStatus.proxyBindingNotSupported;
  if (global || (trigger >= FIRST_GLOBAL_TRIGGER && trigger < 250)) {
    return RevocationStatus.functionNotSupported;
  }
  if (!SUPPORTED.includes(trigger)) return RevocationStatus.triggerNotSupported;
  if (!ipv4HomeAddressOnly) return RevocationStatus.success;
  const named = findOption(options, "ipv4HomeAddress");
  if (named === undefined) return RevocationStatus.ipv4HomeAddressRequired;
  return named.homeAddress === ipv4HomeAddress?.address
    ? RevocationStatus.success
    : RevocationStatus.bindingDoesNotExist;
}

function registrationsOf(state: MobileNodeState): Registration[] {
  const binding = bindingOf(state);
  const sent = isExchangeState(state) ? state.exchange.sent : [];
  return [...(binding === undefined ? [] : [binding]), ...sent];
}
