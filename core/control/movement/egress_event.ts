import type { IpAddress } from "../../wire/address.ts";

/** EtherTypes of what an egress interface hands to its machine. */
export const EtherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** What can happen to an egress interface. */
export type EgressEvent =
  /** The interface as the kernel has it now; `hardwareAddress` is six octets, `mtu` in octets. */
  | {
    readonly kind: "link";
    readonly up: boolean;
    readonly carrier: boolean;
    readonly mtu: number;
    readonly hardwareAddress: Uint8Array;
  }
  /** There is no such interface (any more). */
  | { readonly kind: "linkGone" }
  /** A whole network layer packet: ICMPv6 133..137, ARP, or UDP to port 68. Anything may stand in it. */
  | {
    readonly kind: "frame";
    readonly etherType: number;
    readonly sourceHardwareAddress: Uint8Array;
    readonly payload: Uint8Array;
  }
  /** An address that the machine had added can be used, or somebody else on the link has it (RFC 4862 5.4). */
  | { readonly kind: "addressReady"; readonly address: IpAddress }
  | { readonly kind: "addressDuplicate"; readonly address: IpAddress }
  /** The care-of address is now this one; undefined: not one of this interface. */
  | { readonly kind: "chosen"; readonly address: IpAddress | undefined }
  /**
   * The home agent defends the home address on this link no longer: it is an address like others (RFC 6275 section
   * 11.5.5). `detectDuplicates`: no binding stood, so another node may have taken it meanwhile.
   */
  | { readonly kind: "home"; readonly detectDuplicates: boolean }
  /** The home agent does not answer by this address, though the link stands: look whether the router is there. */
  | { readonly kind: "doubt" }
  | { readonly kind: "deadline" }
  /** Leave the interface as it was found. */
  | { readonly kind: "stop" };
