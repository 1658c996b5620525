import type { Field } from "../wire/field.ts";
import { flagLetter, type FlagTable, flagTable, isSet } from "./mobility_flags.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";

/**
 * What the line says of a message or an option that is not met in every capture: words of our own, with the names of
 * fields in braces, and {flags} for the letters of those that are set.
 */
export type Words = readonly (string | { readonly key: string })[];

type Fields = Readonly<Record<string, Field<unknown>>>;

/** Longer values are cut: the tree has them whole. */
const MAXIMUM_VALUE_CHARACTERS = 64;

/** Messages by kind: the abbreviation, then what matters. */
export const MESSAGE_WORDS: ReadonlyMap<string, { readonly abbreviation: string; readonly words: Words }> =
  new Map(
    Object.entries({
      fastBindingUpdate: "FBU seq={sequenceNumber}{flags} lifetime={lifetimeSeconds}",
      fastBindingAcknowledgement:
        "FBack status={status} seq={sequenceNumber}{flags} lifetime={lifetimeSeconds}",
      fastNeighborAdvertisement: "FNA",
      homeAgentSwitch: "HAS agents={homeAgentAddresses}",
      heartbeat: "HB seq={sequenceNumber}{flags}",
      handoverInitiate: "HI seq={sequenceNumber}{flags} code={code}",
      handoverAcknowledge: "HAck seq={sequenceNumber}{flags} code={code}",
      bindingRevocationIndication: "BRI seq={sequenceNumber}{flags} trigger={trigger}",
      bindingRevocationAcknowledgement: "BRA status={status} seq={sequenceNumber}{flags}",
      localizedRoutingInitiation: "LRI seq={sequenceNumber} lifetime={lifetimeSeconds}",
      localizedRoutingAcknowledgement:
        "LRA status={status} seq={sequenceNumber}{flags} lifetime={lifetimeSeconds}",
      updateNotification: "UPN seq={sequenceNumber}{flags} reason={reason}",
      updateNotificationAcknowledgement: "UPA status={status} seq={sequenceNumber}",
      flowBindingIndication: "FBI seq={sequenceNumber}{flags} trigger={trigger}",
      flowBindingAcknowledgement: "FBA status={status} seq={sequenceNumber}",
      subscriptionQuery: "SQ seq={sequenceNumber}",
      subscriptionResponse: "SR seq={sequenceNumber}{flags}",
    }).map(([kind, text]) => {
      const [abbreviation] = text.split(" ", 1);
      return [kind, { abbreviation, words: parse(text.slice(abbreviation.length)) }];
    }),
  );

/** Options by kind. */
export const OPTION_WORDS: ReadonlyMap<string, Words> = new Map(
  Object.entries({
    linkLayerAddress: "LLA={linkLayerAddress} {optionCode}",
    fastBindingAuthorizationData: "authorized spi={spi}",
    addressOrPrefix: "address={address}/{prefixLength} {optionCode}",
    contextRequest: "wants=[{requests}]",
    localMobilityAnchorAddress: "LMA={address}",
    linkLocalInterfaceIdentifier: "interface-id={interfaceIdentifier}",
    cgaParametersRequest: "CGA-wanted",
    cgaParameters: "CGA",
    signature: "signature",
    permanentHomeKeygenToken: "home-token",
    careOfTestInitOption: "CoTI",
    careOfTestOption: "CoT token={careOfKeygenToken}",
    dnsUpdate: "DNS={identity}{flags} status={status}",
    experimental: "experimental={data}",
    vendorSpecific: "vendor={vendorId} subtype={subtype}",
    serviceSelection: "service={identifier}",
    homeNetworkPrefix: "HNP={prefix}/{prefixLength}",
    handoffIndicator: "HI={handoffIndicator}",
    accessTechnologyType: "ATT={accessTechnologyType}",
    mobileNodeLinkLayerIdentifier: "MN-LL-id={linkLayerIdentifier}",
    linkLocalAddress: "LLA={linkLocalAddress}",
    timestamp: "timestamp={timestamp}",
    restartCounter: "restarts={restartCounter}",
    greKey: "GRE-key={greKey}",
    ipv4HomeAddressRequest: "HoA4-wanted={homeAddress}/{prefixLength}",
    ipv4HomeAddressReply: "HoA4={homeAddress}/{prefixLength} status={status}",
    ipv4DefaultRouterAddress: "router4={defaultRouterAddress}",
    ipv4DhcpSupportMode: "DHCP4{flags}",
    transientBinding: "transient{flags} lifetime={lifetimeMilliseconds}",
    flowSummary: "FIDs={flowIds}",
    flowIdentification: "FID={flowId} priority={priority} status={status} [{subOptions}]",
    redirectCapability: "redirect-capable",
    redirect: "redirect={address}",
    loadInformation: "load={sessionsInUse}/{maximumSessions} sessions, {usedCapacity} of {maximumCapacity}",
    alternateIpv4CareOfAddress: "AltCoA4={careOfAddress}",
    mobileNodeGroupIdentifier: "group={group}",
    magIpv6Address: "MAG={address}",
    accessNetworkIdentifier: "ANI=[{subOptions}]",
    ipv4TrafficOffloadSelector: "offload{flags} [{selectors}]",
    dynamicMulticastSelector: "multicast-selector{flags} {protocol} records={recordCount}",
    delegatedMobileNetworkPrefix: "DMNP={prefix}/{prefixLength}",
    activeIpv4Subscription: "subscription={protocol}",
    activeIpv6Subscription: "subscription={protocol}",
    qualityOfService: "QoS={operation} request={serviceRequestId} DSCP={codePoint} [{attributes}]",
    lmaUserPlaneAddress: "user-plane={address}",
    multicast: "multicast",
    multicastAcknowledgement: "multicast-ack",
    anchorControlledParameters: "MAG-parameters=[{subOptions}]",
    magMultipathBinding: "BID={bindingId}{flags} ATT={accessTechnologyType} label={label}",
    magIdentifier: "MAG-id={identifier}",
    anchoredPrefix: "anchored={prefix}/{prefixLength}",
    localPrefix: "local={prefix}/{prefixLength}",
    previousMaar: "previous-MAAR={previousMaar} HNP={homeNetworkPrefix}/{prefixLength}",
    servingMaar: "serving-MAAR={servingMaar}",
    dlifLinkLocalAddress: "DLIF={linkLocalAddress}",
    dlifLinkLayerAddress: "DLIF-LL={linkLayerAddress}",
  }).map(([kind, text]) => [kind, parse(` ${text}`)]),
);

function parse(text: string): Words {
  return text.split(/(\{\w+\})/).filter((part) => part !== "")
    .map((part) => part.startsWith("{") ? { key: part.slice(1, -1) } : part);
}

/** Writes the words with the fields that lie in the octets `start` up to `end`. */
export function writeWords(
  { bytes }: PacketCursor,
  out: TextWriter,
  words: Words,
  fields: Fields,
  start: number,
  end: number,
): void {
  for (const word of words) {
    if (typeof word === "string") out.text(word);
    else if (word.key === "flags") writeFlagLetters(out, flagTable(fields), bytes, start);
    else {
      const field = fields[word.key];
      const value = field.print(field.read(bytes, start, end));
      const cut = value.length > MAXIMUM_VALUE_CHARACTERS;
      out.text(cut ? `${value.slice(0, MAXIMUM_VALUE_CHARACTERS)}...` : value);
    }
  }
}

/** " AHK": the letters of the flags that are set. */
export function writeFlagLetters(
  out: TextWriter,
  table: FlagTable,
  bytes: Uint8Array,
  start: number,
): void {
  let separator = " ";
  for (const place of table.places) {
    if (!isSet(place, bytes, start)) continue;
    out.text(separator);
    out.text(flagLetter(place, table, bytes, start));
    separator = "";
  }
}
