import type { DataGap, Encapsulation } from "./data_flow.ts";
import type { Summary } from "./samples.ts";

/** What `dsmip decode --sessions` tells of a capture. All times are seconds since the first packet. */

/** A Binding Update and what became of it. */
export interface Exchange {
  readonly seconds: number;
  /** Number of the packet in the capture. */
  readonly packet: number;
  readonly sequenceNumber: number;
  /** Asked for; 0 is a de-registration. */
  readonly lifetimeSeconds: number;
  readonly careOfAddress: string;
  readonly forceUdp: boolean;
  /** The one before asked for the same and had no answer yet. */
  readonly retransmission: boolean;
  answer: Answer | null;
}

/** The Binding Acknowledgement. */
export interface Answer {
  readonly seconds: number;
  readonly packet: number;
  readonly sequenceNumber: number;
  readonly accepted: boolean;
  readonly status: number;
  readonly statusName: string;
  /** Granted. */
  readonly lifetimeSeconds: number;
  readonly roundTripMs: number;
}

/** A time at which the mobile node was to be reached somewhere. */
export interface CareOfPeriod {
  readonly careOfAddress: string;
  encapsulation: Encapsulation;
  /** When the first Binding Update left from there, and when it was accepted. */
  readonly fromSeconds: number;
  readonly acceptedSeconds: number;
  /** When the next one was accepted or a de-registration was; null at the end of the capture. */
  toSeconds: number | null;
}

/** Where a NAT has put the mobile node. */
export interface NatMapping {
  readonly fromSeconds: number;
  readonly address: string;
  /** null in protocol 41. */
  readonly port: number | null;
  readonly careOfAddress: string;
}

/** Binding Errors or Binding Refresh Requests that came one after the other. */
export interface Notice {
  readonly kind: "bindingError" | "bindingRefreshRequest";
  readonly fromSeconds: number;
  toSeconds: number;
  count: number;
  /** Of a Binding Error. */
  readonly status: number | null;
  readonly statusName: string | null;
}

/** A change of care-of address or of encapsulation. */
export interface Handover {
  /** The first Binding Update from the new care-of address. */
  readonly seconds: number;
  readonly from: { readonly careOfAddress: string; readonly encapsulation: Encapsulation };
  readonly to: { readonly careOfAddress: string; readonly encapsulation: Encapsulation };
  /** Binding Updates that it took. */
  readonly updates: number;
  /** From the first Binding Update to the acknowledgement that accepts; null without one. */
  readonly signallingMs: number | null;
  /** The largest silence of the data around it; null without data on both sides of it. */
  readonly gapFromMobileNode: (DataGap & { readonly gapMs: number }) | null;
  readonly gapToMobileNode: (DataGap & { readonly gapMs: number }) | null;
}

export interface DataTotal {
  readonly encapsulation: Encapsulation;
  readonly direction: "fromMobileNode" | "toMobileNode";
  readonly packets: number;
  /** With all outer headers. */
  readonly octets: number;
  readonly overheadOctets: number;
  /** Of the octets that would travel without a tunnel. */
  readonly overheadPercent: number;
}

export interface Registrations {
  readonly updates: number;
  readonly accepted: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly retransmissions: number;
  /** The same Binding Update seen again: duplicated on the way, or captured twice. */
  readonly duplicates: number;
  readonly deregistrations: number;
  readonly unmatchedAcknowledgements: number;
  /** Updates whose sequence number was not one more than the last, retransmissions included. */
  readonly sequenceJumps: number;
  readonly roundTripMs: Summary | null;
  readonly refusals: readonly {
    readonly status: number;
    readonly statusName: string;
    readonly count: number;
    readonly firstSeconds: number;
    readonly lastSeconds: number;
  }[];
}

export interface MobileNodeReport {
  readonly homeAddress: string;
  readonly ipv4HomeAddresses: readonly string[];
  readonly prefixes: readonly string[];
  readonly identity: string | null;
  readonly homeAgent: string | null;
  readonly registrations: Registrations;
  readonly exchanges: readonly Exchange[];
  readonly careOfAddresses: readonly CareOfPeriod[];
  readonly nat: {
    /** null where nothing in the capture says it. */
    readonly detected: boolean | null;
    readonly mappings: readonly NatMapping[];
    /** Of the NAT detection option; null: none, or no keepalive wanted. 0: the default of the mobile node. */
    readonly refreshSeconds: number | null;
  };
  /** Seconds between the accepted updates that only refresh: the keepalive where there is a NAT. */
  readonly refreshIntervalSeconds: Summary | null;
  readonly bindingErrors: number;
  readonly refreshRequests: number;
  readonly notices: readonly Notice[];
  readonly handovers: readonly Handover[];
  readonly data: readonly DataTotal[];
  /** Binding Updates to correspondents (route optimization) and their acknowledgements. */
  readonly correspondents: { readonly updates: number; readonly acknowledgements: number };
  /** Exchanges, handovers, mappings and notices that were counted and not kept. */
  readonly entriesNotKept: number;
}
