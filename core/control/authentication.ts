import { type IpAddress, ipv4Octets, type Ipv6Address, ipv6Octets, isIpv4 } from "../wire/address.ts";
import { encodeMobilityHeader, type MobilityHeader } from "../wire/mobility_header.ts";
import type {
  BindingAcknowledgement,
  BindingRevocationAcknowledgement,
  BindingRevocationIndication,
  BindingUpdate,
} from "../wire/mobility_message.ts";
import type { MobilityOption, OptionOf } from "../wire/mobility_option.ts";
import { MN_HA_SUBTYPE } from "./constants.ts";
import type { AuthenticationAlgorithm, Hmac, MobilitySecurityAssociation } from "./settings.ts";

/** The MN-HA mobility message authentication option of RFC 4285 section 5.1. */

const ALGORITHMS: Readonly<Record<AuthenticationAlgorithm, { hash: "sha1" | "sha256"; octets: number }>> = {
  "hmac-sha1-96": { hash: "sha1", octets: 12 },
  "hmac-sha256-128": { hash: "sha256", octets: 16 },
};

/** Type, length, subtype and SPI stand before the authentication data. */
const OPTION_HEAD_OCTETS = 7;
const CHECKSUM_OFFSET = 4;

/** The two addresses that the authenticator covers besides the message. */
export interface AuthenticatedAddresses {
  /**
   * That of the Alternate Care-of Address option or the IPv6 source; or the IPv4 care-of address that the mobile
   * node knows (option 32), covered in IPv4-mapped form. Undefined where the message names none: then the home
   * address stands in, being the packet's IPv6 source.
   */
  readonly careOfAddress: IpAddress | undefined;
  readonly homeAddress: Ipv6Address;
}

/** Messages whose origin is proven: also those of RFC 5846, by the same means (its section 6.1). */
type SealedMessage =
  | BindingUpdate
  | BindingAcknowledgement
  | BindingRevocationIndication
  | BindingRevocationAcknowledgement;

/**
 * Encodes a mobility header whose last option proves its origin, or a plain one without `security`.
 * The checksum is left zero.
 */
export function sealMobilityHeader(
  message: SealedMessage,
  security: MobilitySecurityAssociation | undefined,
  addresses: AuthenticatedAddresses,
  hmac: Hmac,
): Uint8Array {
  if (security === undefined) return encodeMobilityHeader(message);
  const { octets } = ALGORITHMS[security.algorithm];
  const proof: MobilityOption = {
    kind: "messageAuthentication",
    subtype: MN_HA_SUBTYPE,
    spi: security.spi,
    authenticationData: new Uint8Array(octets),
  };
  const bytes = encodeMobilityHeader({ ...message, options: [...message.options, proof] });
  const dataOffset = bytes.length - octets;
  bytes.set(authenticator(bytes.subarray(0, dataOffset), security, addresses, hmac), dataOffset);
  return bytes;
}

/**
 * Does the message's MN-HA option prove that it comes from the holder of the key? False also where the option
 * is absent, not in its place, of another SPI or of another length.
 */
export function verifyMobilityHeader(
  mobilityHeader: Uint8Array,
  header: MobilityHeader,
  security: MobilitySecurityAssociation,
  addresses: AuthenticatedAddresses,
  hmac: Hmac,
): boolean {
  const options = "options" in header.message ? header.message.options : [];
  const index = options.findIndex((option) =>
    option.kind === "messageAuthentication" && option.subtype === MN_HA_SUBTYPE
  );
  if (index < 0) return false;
  const option = options[index] as OptionOf<"messageAuthentication">;
  if (option.spi !== security.spi) return false;
  // The last option, unless an MN-AAA option follows (RFC 4285 section 5).
  if (options.slice(index + 1).some((later) => later.kind !== "messageAuthentication")) return false;
  const dataOffset = header.optionOffsets[index] + OPTION_HEAD_OCTETS;
  const covered = mobilityHeader.subarray(0, dataOffset);
  return equalSecrets(option.authenticationData, authenticator(covered, security, addresses, hmac));
}

/** First (n, HMAC (key, care-of address | home address | mobility header up to the SPI)), its checksum taken as zero. */
function authenticator(
  covered: Uint8Array,
  security: MobilitySecurityAssociation,
  addresses: AuthenticatedAddresses,
  hmac: Hmac,
): Uint8Array {
  const data = new Uint8Array(32 + covered.length);
  data.set(careOfOctets(addresses), 0);
  data.set(ipv6Octets(addresses.homeAddress), 16);
  data.set(covered, 32);
  data.fill(0, 32 + CHECKSUM_OFFSET, 32 + CHECKSUM_OFFSET + 2);
  const { hash, octets } = ALGORITHMS[security.algorithm];
  return hmac(hash, security.key, data).subarray(0, octets);
}

function careOfOctets({ careOfAddress, homeAddress }: AuthenticatedAddresses): Uint8Array {
  if (careOfAddress === undefined) return ipv6Octets(homeAddress);
  if (!isIpv4(careOfAddress)) return ipv6Octets(careOfAddress);
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  mapped.set(ipv4Octets(careOfAddress), 12);
  return mapped;
}

/** Takes as long for a near miss as for a far one. */
function equalSecrets(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one[i] ^ other[i];
  return difference === 0;
}
