import type { BindingStatus } from "../../../core/control/binding_cache.ts";
import type { Colours } from "../../output/colours.ts";
import { formatTable } from "../../output/table.ts";
import { HOME_AGENT, MOBILE_NODE } from "./topology.ts";
import { isEsp, isReadable, type SeenPacket } from "./wire.ts";

const BINDING_UPDATE = 5;

/** What each of them knew of the same exchanges. */
export interface Views {
  readonly withoutKeys: readonly SeenPacket[];
  readonly withKeys: readonly SeenPacket[];
  /** As the home agent said behind the NAT. */
  readonly binding: BindingStatus | undefined;
}

/** The view of the wire beside that of the home agent, and why a kernel's IPsec has neither. */
export function formatViews({ withoutKeys, withKeys, binding }: Views, colours: Colours): string {
  const update = updateBehindNat(withKeys);
  const hidden = withoutKeys.find(isEsp);
  const careOfAddress = update?.ipv4CareOfAddress ?? "-";
  const agent = binding === undefined ? "-" : `${binding.careOfAddress}:${binding.port}`;
  const rows = [
    ["the wire, without keys (tshark)", ...counts(withoutKeys), hidden?.outerSource ?? "-", "-", "-"],
    [
      "the wire, with keys (dsmip decode --esp-sa)",
      ...counts(withKeys),
      update?.outerSource ?? "-",
      careOfAddress,
      isTranslated(update) ? "found" : "not found",
    ],
    [
      "the home agent (dsmip ha bindings)",
      "-",
      "-",
      agent,
      "-",
      binding?.natDetected === true ? "found" : "not found",
    ],
  ];
  const titles = ["seen by", "ESP packets", "readable", "outer source", "care-of address inside", "NAT"];
  const columns = titles.map((title, index) =>
    ({ title, align: index === 1 || index === 2 ? "right" : "left" }) as const
  );
  return "What is seen of the signalling; the last columns are of the first Binding Update behind the NAT\n" +
    formatTable(columns, rows, colours) +
    `\nWhere a kernel's IPsec opens the Binding Update, the outer header is gone by then: from ${MOBILE_NODE.homeAddress} to ${HOME_AGENT.ipv6Address},\n` +
    `care-of address ${careOfAddress}, and nothing to compare that with. Here, the program that opens it has kept ${
      update?.outerSource ?? "-"
    } beside it.\n`;
}

/** The first one that came over IPv4. */
export function updateBehindNat(seen: readonly SeenPacket[]): SeenPacket | undefined {
  return seen.find(({ mobilityMessage, ipv4CareOfAddress }) =>
    mobilityMessage === BINDING_UPDATE && ipv4CareOfAddress !== undefined
  );
}

/** RFC 5555 section 4.2: the outer source is not the care-of address that the mobile node knows. */
export function isTranslated(update: SeenPacket | undefined): boolean {
  return update !== undefined && update.outerSource.split(":")[0] !== update.ipv4CareOfAddress;
}

function counts(seen: readonly SeenPacket[]): string[] {
  return [seen.filter(isEsp), seen.filter(isReadable)].map(({ length }) => String(length));
}
