import { flag, number, octets, protocol, signed, text } from "./field_spec.ts";
import type { Place } from "./field_spec.ts";

/** Of every sub-option of the Access Network Identifier option (RFC 6757 3.1), from its first octet. */
export const SUB_OPTION_PLACES: readonly Place[] = [
  { ...protocol("mip6.acc_net_id"), kind: "present" },
  number("mip6.acc_net_id.ani", 0, 1),
  number("mip6.acc_net_id.sub_opt_len", 1, 1),
];

/** By sub-option type; the names of a Network-Identifier have lengths of their own and follow. */
export const SUB_OPTION_DATA: ReadonlyMap<number, readonly Place[]> = new Map([
  [1, [flag("mip6.acc_net_id.e_bit", 2, 0x80), number("mip6.acc_net_id.net_name_len", 3, 1)]],
  [2, [
    signed("mip6.acc_net_id.geo.latitude_degrees", 2, 3),
    signed("mip6.acc_net_id.geo.longitude_degrees", 5, 3),
  ]],
  [3, [number("mip6.acc_net_id.op_id.type", 2, 1), octets("mip6.acc_net_id.op_id", 3)]],
]);

export const NETWORK_NAME = text("mip6.acc_net_id.net_name", 0);
export const ACCESS_POINT_NAME_LENGTH = number("mip6.acc_net_id.ap_name_len", 0, 1);
export const ACCESS_POINT_NAME = text("mip6.acc_net_id.ap_name", 0);

export const ACCESS_NETWORK_PLACES: readonly Place[] = [
  ...SUB_OPTION_PLACES,
  ...[...SUB_OPTION_DATA.values()].flat(),
  NETWORK_NAME,
  ACCESS_POINT_NAME_LENGTH,
  ACCESS_POINT_NAME,
];
