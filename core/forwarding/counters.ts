import { DROP_REASON_COUNT, DropReason } from "./drop_reason.ts";

export type DropReasonName = keyof typeof DropReason;

/** Every reason in the order of its number. */
export const DROP_REASON_NAMES: readonly DropReasonName[] = Array.from(
  { length: DROP_REASON_COUNT },
  (_, reason) => DropReason[reason] as DropReasonName,
);

/** What a forwarder has done since it was made. Octets are those of inner packets. */
export interface ForwardingCounters {
  readonly encapsulatedPackets: number;
  readonly encapsulatedOctets: number;
  readonly decapsulatedPackets: number;
  readonly decapsulatedOctets: number;
  /** Mobility messages handed to control. */
  readonly signallingPackets: number;
  /** Packets without a binding that control was told of. */
  readonly unboundReports: number;
  readonly packetTooBigSent: number;
  /** Only the reasons that have occurred. */
  readonly dropped: Readonly<Partial<Record<DropReasonName, number>>>;
}
