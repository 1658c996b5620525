import type { FieldSpec, Place } from "./field_spec.ts";
import {
  HOME_ADDRESS_OPTION,
  HOME_AGENT_ADDRESS,
  ICMP_PLACES,
  IPV6_OPTION_LENGTH,
  IPV6_OPTION_TYPE,
  LAYER_PLACES,
  ROUTING_HOME_ADDRESS,
} from "./layer_fields.ts";
import {
  ADDRESS_BY_LENGTH,
  AGENT_SWITCH_ADDRESS,
  INVALID_OPTION_LENGTH,
  MESSAGE_PLACES,
  MOBILITY_HEADER_PLACES,
  OPTION_LENGTH,
  OPTION_PLACES,
  OPTION_TYPE,
  REVOCATION_PLACES,
  UNKNOWN_MESSAGE,
} from "./mobility_fields.ts";
import { NEIGHBOR_PLACES } from "./neighbor_fields.ts";
import { ACCESS_NETWORK_PLACES } from "./access_network.ts";
import { octets } from "./field_spec.ts";

/** What the capture says of a packet, not the packet itself. */
const FRAME_FIELDS: readonly FieldSpec[] = [
  ...(["frame.number", "frame.len", "frame.cap_len"] as const).map((name) => ({
    name,
    kind: "number" as const,
    octets: 4,
    again: false,
  })),
  ...(["frame.time_epoch", "frame.time_relative", "frame.time_delta"] as const).map((name) => ({
    name,
    kind: "time" as const,
    octets: 8,
    again: false,
  })),
];

function* allPlaces(): Iterable<Place> {
  for (const places of LAYER_PLACES.values()) yield* places;
  yield* [IPV6_OPTION_TYPE, IPV6_OPTION_LENGTH, HOME_ADDRESS_OPTION, ROUTING_HOME_ADDRESS];
  for (const messages of ICMP_PLACES.values()) for (const places of messages.values()) yield* places;
  yield HOME_AGENT_ADDRESS;
  yield* NEIGHBOR_PLACES;
  yield* MOBILITY_HEADER_PLACES;
  for (const { places } of MESSAGE_PLACES.values()) yield* places;
  yield* UNKNOWN_MESSAGE.places;
  for (const places of REVOCATION_PLACES.values()) yield* places;
  yield* [AGENT_SWITCH_ADDRESS, OPTION_TYPE, OPTION_LENGTH, INVALID_OPTION_LENGTH];
  for (const { name, places } of OPTION_PLACES.values()) {
    yield { ...octets(name, 0), again: true };
    yield* places;
  }
  for (const { ipv4, ipv6 } of ADDRESS_BY_LENGTH.values()) yield* [ipv4, ipv6];
  yield* ACCESS_NETWORK_PLACES;
}

function collect(): ReadonlyMap<string, FieldSpec> {
  const specs = new Map(FRAME_FIELDS.map((spec) => [spec.name, spec]));
  for (const { field, kind, octets, again } of allPlaces()) {
    if (!specs.has(field)) specs.set(field, { name: field, kind, octets, again });
  }
  return specs;
}

/** Every field that can be asked for, by name; in the order of the headers. */
export const FIELDS: ReadonlyMap<string, FieldSpec> = collect();
