import type { CapturedPacket } from "../capture/captured_packet.ts";
import { destinationOptions } from "../inspect/extension_header.ts";
import { icmpv6 } from "../inspect/icmpv6.ts";
import { ipv4Layer } from "../inspect/ipv4.ts";
import { ipv6Layer } from "../inspect/ipv6.ts";
import { mobilityHeader } from "../inspect/mobility_header.ts";
import { type InspectionHelpers, MAXIMUM_LAYERS, NONE } from "../inspect/packet_cursor.ts";
import { Reassembler } from "../inspect/reassembly.ts";
import { nextLayer } from "../inspect/registry.ts";
import { udp } from "../inspect/udp.ts";
import { CASE_RULES } from "./case_rules.ts";
import { EXCHANGE_RULES, ExchangeChecker } from "./exchange_rules.ts";
import { FORMAT_RULES } from "./format_rules.ts";
import { ICMPV6_RULES, IPV4_RULES, UDP_RULES, WHOLE_PACKET_RULES } from "./header_rules.ts";
import { LintView } from "./lint_view.ts";
import type { Finding, PacketRule, RuleText } from "./rule.ts";

/** Every rule that `dsmip decode --lint` holds packets against. */
export const LINT_RULES: readonly RuleText[] = [
  ...WHOLE_PACKET_RULES,
  ...IPV4_RULES,
  ...UDP_RULES,
  ...ICMPV6_RULES,
  ...FORMAT_RULES,
  ...CASE_RULES,
  ...Object.values(EXCHANGE_RULES),
];

/** Holds the packets of one capture against the rules, one after the other, with memory that does not grow. */
export class Linter {
  readonly #view = new LintView();
  readonly #exchanges = new ExchangeChecker();
  readonly #take: (finding: Finding) => void;
  #originMs: number | undefined;
  #packetNumber = 0;

  /** `take` is called with each finding. */
  constructor(take: (finding: Finding) => void, helpers: InspectionHelpers = {}) {
    this.#take = take;
    this.#view.cursor.use({ reassembler: new Reassembler(), ...helpers });
  }

  add({ bytes, number, time, originalLength, linkType }: CapturedPacket): void {
    const view = this.#view;
    const { cursor } = view;
    this.#packetNumber = number;
    view.timeMs = time === undefined ? undefined : time.seconds * 1000 + time.nanoseconds / 1e6;
    this.#originMs ??= view.timeMs;
    view.homeAddressOptions = 0;
    cursor.reassembler?.startPacket(number, time?.seconds);
    cursor.begin(bytes, 0, bytes.length, originalLength, "linkType", linkType);
    for (let layers = 1; layers <= MAXIMUM_LAYERS; layers++) {
      const layer = nextLayer(cursor);
      view.headerOffset = cursor.offset;
      if (layer.carry?.(cursor) !== true) {
        if (layer === icmpv6) this.#apply(ICMPV6_RULES);
        else if (layer === mobilityHeader) this.#mobilityHeader();
        break;
      }
      if (layer === ipv4Layer) this.#apply(IPV4_RULES);
      else if (layer === udp) this.#apply(UDP_RULES);
      else if (layer === ipv6Layer) view.homeAddressOptions = 0;
      else if (layer === destinationOptions && cursor.homeAddressOffset >= view.headerOffset) {
        view.homeAddressOptions++;
      }
    }
    this.#apply(WHOLE_PACKET_RULES);
  }

  #mobilityHeader(): void {
    const view = this.#view;
    if (!view.readMobilityHeader()) return;
    this.#apply(FORMAT_RULES);
    if (view.cursor.sourcePort !== NONE) return;
    this.#apply(CASE_RULES);
    this.#exchanges.check(view, this.#report);
  }

  #apply(rules: readonly PacketRule[]): void {
    for (let index = 0; index < rules.length; index++) {
      const found = rules[index].check(this.#view);
      if (found !== undefined) this.#report(rules[index], found);
    }
  }

  readonly #report = (rule: RuleText, found: string): void => {
    const { timeMs } = this.#view;
    const seconds = timeMs === undefined || this.#originMs === undefined
      ? undefined
      : Math.round((timeMs - this.#originMs) * 1000) / 1e6;
    this.#take({ packetNumber: this.#packetNumber, seconds, rule, found });
  };
}
