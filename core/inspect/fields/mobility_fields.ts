import {
  colonOctets,
  flag,
  hex,
  ipv4,
  ipv6,
  longHex,
  ntpTime,
  number,
  octets,
  protocol,
} from "./field_spec.ts";
import { again, text, timestamp } from "./field_spec.ts";
import { derivedMessages, derivedOptions } from "./derived_fields.ts";
import type { Place } from "./field_spec.ts";

/** What every mobility header begins with, RFC 6275 6.1.1. */
export const MOBILITY_HEADER_PLACES: readonly Place[] = [
  protocol("mipv6"),
  ...again(protocol("mip6")),
  number("mip6.proto", 0, 1),
  number("mip6.hlen", 1, 1),
  number("mip6.mhtype", 2, 1),
  hex("mip6.reserved", 3, 1),
  hex("mip6.csum", 4, 2),
];

/** A message: the places of its fixed part, from the start of the mobility header, and where options begin. */
export interface MessagePlaces {
  readonly places: readonly Place[];
  /** Undefined: all of the message is data. */
  readonly optionsAt: number | undefined;
}

const message = (optionsAt: number | undefined, ...places: readonly Place[]): MessagePlaces => ({
  places,
  optionsAt,
});

/** Messages that tshark knows, by MH type. */
const TSHARK_MESSAGES: ReadonlyMap<number, MessagePlaces> = new Map([
  [0, message(8, octets("mip6.binding_refresh_request", 6, 2))],
  [1, message(16, longHex("mip6.hoti.cookie", 8))],
  [2, message(16, longHex("mip6.coti.cookie", 8))],
  [
    3,
    message(
      24,
      number("mip6.hot.nindex", 6, 2),
      longHex("mip6.hot.cookie", 8),
      longHex("mip6.hot.token", 16),
    ),
  ],
  [
    4,
    message(
      24,
      number("mip6.cot.nindex", 6, 2),
      longHex("mip6.cot.cookie", 8),
      longHex("mip6.hot.token", 16),
    ),
  ],
  [
    5,
    message(
      12,
      number("mip6.bu.seqnr", 6, 2),
      flag("mip6.bu.a_flag", 8, 0x80),
      flag("mip6.bu.h_flag", 8, 0x40),
      flag("mip6.bu.l_flag", 8, 0x20),
      flag("mip6.bu.k_flag", 8, 0x10),
      flag("mip6.bu.m_flag", 8, 0x08),
      flag("mip6.nemo.bu.r_flag", 8, 0x04),
      flag("mip6.bu.p_flag", 8, 0x02),
      flag("mip6.bu.f_flag", 8, 0x01),
      flag("mip6.bu.t_flag", 9, 0x80),
      flag("mip6.bu.b_flag", 9, 0x40),
      number("mip6.bu.lifetime", 10, 2),
    ),
  ],
  [
    6,
    message(
      12,
      number("mip6.ba.status", 6, 1),
      flag("mip6.ba.k_flag", 7, 0x80),
      flag("mip6.nemo.ba.r_flag", 7, 0x40),
      flag("mip6.ba.p_flag", 7, 0x20),
      flag("mip6.ba.t_flag", 7, 0x10),
      flag("mip6.ba.b_flag", 7, 0x08),
      number("mip6.ba.seqnr", 8, 2),
      number("mip6.ba.lifetime", 10, 2),
    ),
  ],
  [7, message(24, number("mip6.be.status", 6, 1), ipv6("mip6.be.haddr", 8))],
  [
    8,
    message(
      12,
      number("mip6.fbu.seqnr", 6, 2),
      flag("mip6.fbu.a_flag", 8, 0x80),
      flag("mip6.fbu.h_flag", 8, 0x40),
      flag("mip6.fbu.l_flag", 8, 0x20),
      flag("mip6.fbu.k_flag", 8, 0x10),
      number("mip6.fbu.lifetime", 10, 2),
    ),
  ],
  [
    9,
    message(
      12,
      number("mip6.fback.status", 6, 1),
      flag("mip6.fback.k_flag", 7, 0x80),
      number("mip6.fback.seqnr", 8, 2),
      number("mip6.fback.lifetime", 10, 2),
    ),
  ],
  [10, message(8, octets("mip6.fast_neighbor_advertisement", 6, 2))],
  [11, message(undefined, octets("mip6.em.data", 6))],
  // The addresses follow the count: see mobility_extractor.ts.
  [12, message(8, number("mip6.has.num_addrs", 6, 1), hex("mip6.has.reserved", 7, 1))],
  [
    13,
    message(
      12,
      flag("mip6.hb.u_flag", 7, 0x02),
      flag("mip6.hb.r_flag", 7, 0x01),
      number("mip6.hb.seqnr", 8, 4),
    ),
  ],
  [
    14,
    message(
      10,
      number("mip6.hi.seqnr", 6, 2),
      flag("mip6.hi.s_flag", 8, 0x80),
      flag("mip6.hi.u_flag", 8, 0x40),
      number("mip6.hi.code", 9, 1),
    ),
  ],
  [15, message(10, number("mip6.hack.seqnr", 6, 2), number("mip6.hack.code", 9, 1))],
  // What depends on the B.R. type is in REVOCATION_PLACES.
  [16, message(12, number("mip6.bri_br.type", 6, 1))],
  [
    17,
    message(
      12,
      number("mip6.lri.sequence", 6, 2),
      hex("mip6.lri.reserved", 8, 2),
      hex("mip6.lri.lifetime", 10, 2),
    ),
  ],
  [
    18,
    message(
      12,
      number("mip6.lra.sequence", 6, 2),
      flag("mip6.lri.unsolicited", 8, 0x80),
      hex("mip6.lra.reserved", 8, 1, 0x7f),
      number("mip6.lra.status", 9, 1),
      hex("mip6.lra.lifetime", 10, 2),
    ),
  ],
]);

export const UNKNOWN_MESSAGE: MessagePlaces = message(undefined, octets("mip6.unknown_type_data", 6));

/** All messages by MH type: a new one in core/wire's tables has its names from there. */
export const MESSAGE_PLACES: ReadonlyMap<number, MessagePlaces> = new Map([
  ...TSHARK_MESSAGES,
  ...derivedMessages(TSHARK_MESSAGES).map(([type, places, optionsAt]) =>
    [type, message(optionsAt, ...UNKNOWN_MESSAGE.places, ...places)] as const
  ),
]);

/** RFC 5846 section 5: an indication (1) and an acknowledgement (2). */
export const REVOCATION_PLACES: ReadonlyMap<number, readonly Place[]> = new Map([
  [1, [
    number("mip6.bri_r.trigger", 7, 1),
    number("mip6.bri_seqnr", 8, 2),
    flag("mip6.bri_ip", 10, 0x80),
    flag("mip6.bri_iv", 10, 0x40),
    flag("mip6.bri_ig", 10, 0x20),
    hex("mip6.bri_res", 10, 2, 0x1fff),
  ]],
  [2, [
    number("mip6.bri_status", 7, 1),
    number("mip6.bri_seqnr", 8, 2),
    flag("mip6.bri_ap", 10, 0x80),
    flag("mip6.bri_av", 10, 0x40),
    flag("mip6.bri_ag", 10, 0x20),
    hex("mip6.bri_res", 10, 2, 0x1fff),
  ]],
]);

/** A mobility option: its own name, the lengths its data can have, and the places, from the start of the data. */
export interface OptionPlaces {
  readonly name: string;
  readonly lengths: readonly number[] | { readonly atLeast: number };
  readonly places: readonly Place[];
}

const option = (
  name: string,
  lengths: number | readonly number[] | { readonly atLeast: number },
  ...places: readonly Place[]
): OptionPlaces => ({
  name: `mip6.options.${name}`,
  lengths: typeof lengths === "number" ? [lengths] : lengths,
  places,
});
const atLeast = (octetCount: number) => ({ atLeast: octetCount });

const prefixPlaces = [number("mip6.nemo.mnp.pfl", 1, 1), ipv6("mip6.nemo.mnp.mnp", 2)];

/** Options that tshark knows, by their type. */
const TSHARK_OPTIONS: ReadonlyMap<number, OptionPlaces> = new Map([
  [0, option("pad1", 0)],
  [1, option("padn", atLeast(0), octets("mip6.padn", 0))],
  [2, option("bra", 2, number("mip6.bra.interval", 0, 2))],
  [3, option("acoa", 16, ipv6("mip6.acoa.acoa", 0))],
  [4, option("ni", 4, number("mip6.ni.hni", 0, 2), number("mip6.ni.cni", 2, 2))],
  [5, option("bad_auth", atLeast(0), octets("mip6.bad.auth", 0))],
  [6, option("mnp", 18, ...prefixPlaces)],
  [7, option("mhlla", atLeast(1), number("mip6.lla.optcode", 0, 1), colonOctets("mip6.lla", 1))],
  [8, option("mnid", atLeast(1), number("mip6.mnid.subtype", 0, 1), text("mip6.mnid.identifier", 1))],
  [
    9,
    option(
      "auth",
      atLeast(5),
      number("mip6.auth.subtype", 0, 1),
      number("mip6.auth.mobility_spi", 1, 4),
      octets("mip6.auth.auth_data", 5),
    ),
  ],
  [10, option("mseg_id", 8, ntpTime("mip6.mseg_id.timestamp", 0))],
  [11, option("cgapr", 0)],
  [12, option("cgar", atLeast(0), octets("mip6.cgar.cga_par", 0))],
  [13, option("sign", atLeast(0), octets("mip6.sign.sign", 0))],
  [14, option("phkt", atLeast(0), octets("mip6.phkt.phkt", 0))],
  [15, option("coti", 0)],
  [16, option("cot", 8, octets("mip6.mocot.co_keygen_tok", 0))],
  [
    17,
    option(
      "dnsu",
      atLeast(2),
      number("mip6.dnsu.status", 0, 1),
      flag("mip6.dnsu.flag.r", 1, 0x80),
      octets("mip6.dnsu.mn_id", 2),
    ),
  ],
  [18, option("em", atLeast(0), octets("mip6.em.data", 0))],
  [
    19,
    option(
      "vsm",
      atLeast(5),
      number("mip6.vsm.vendorId", 0, 4),
      number("mip6.vsm.subtype", 4, 1),
      octets("mip6.vsm.data", 5),
    ),
  ],
  [20, option("ssm", atLeast(1), text("mip6.ss.identifier", 0))],
  [21, option("badff", atLeast(4), number("mip6.badff.spi", 0, 4), octets("mip6.badff.auth", 4))],
  [22, option("hnp", 18, ...prefixPlaces)],
  [23, option("hi", 2, number("mip6.hi.reserved", 0, 1), number("mip6.hi", 1, 1))],
  [24, option("att", 2, number("mip6.att.reserved", 0, 1), number("mip6.att", 1, 1))],
  [25, option("mnlli", atLeast(3), number("mip6.mnlli.reserved", 0, 2), octets("mip6.mnlli.lli", 2))],
  [26, option("lla", 16, ipv6("mip6.lila_lla", 0))],
  [27, option("ts", 8, timestamp("mip6.timestamp_tmp", 0))],
  [28, option("rc", 4, number("mip6.rc", 0, 4))],
  [
    29,
    option(
      "ipv4ha",
      6,
      number("mip6.ipv4ha.preflen", 0, 1, 0xfc),
      flag("mip6.ipv4ha.p_flag", 0, 0x02),
      ipv4("mip6.ipv4ha.ha", 2),
    ),
  ],
  [
    30,
    option(
      "ipv4aa",
      6,
      number("mip6.ipv4aa.sts", 0, 1),
      number("mip6.ipv4ha.preflen", 1, 1, 0xfc),
      ipv4("mip6.ipv4ha.ha", 2),
    ),
  ],
  [
    31,
    option(
      "natd",
      6,
      flag("mip6.natd.f_flag", 0, 0x80),
      number("mip6.natd.reserved", 0, 2, 0x7fff),
      number("mip6.natd.refresh_t", 2, 4),
    ),
  ],
  [32, option("ipv4coa", 6, number("mip6.ipv4coa.reserved", 0, 2), ipv4("mip6.ipv4coa.addr", 2))],
  [33, option("grek", [2, 6], number("mip6.ipv4dra.reserved", 0, 2), number("mip6.gre_key", 2, 4))],
  [
    34,
    option(
      "mhipv6ap",
      18,
      number("mip6.mhipv6ap.opt_code", 0, 1),
      number("mip6.mhipv6ap.len", 1, 1),
      ipv6("mip6.mhipv6ap.ipv6_address", 2),
    ),
  ],
  // The care-of address behind it is of the version that its length says: see mobility_extractor.ts.
  [
    35,
    option(
      "bi",
      [4, 8, 20],
      number("mip6.bi.bid", 0, 2),
      number("mip6.bi.status", 2, 1),
      flag("mip6.bi.h_flag", 3, 0x80),
    ),
  ],
  [
    36,
    option(
      "ipv4hareq",
      6,
      number("mip6.ipv4ha.preflen", 0, 1, 0xfc),
      hex("mip6.ipv4ha.reserved", 1, 1),
      ipv4("mip6.ipv4ha.ha", 2),
    ),
  ],
  [
    37,
    option(
      "ipv4harep",
      6,
      number("mip6.ipv4aa.sts", 0, 1),
      number("mip6.ipv4ha.preflen", 1, 1, 0xfc),
      ipv4("mip6.ipv4ha.ha", 2),
    ),
  ],
  [38, option("ipv4dra", 6, number("mip6.ipv4dra.reserved", 0, 2), ipv4("mip6.ipv4dra.dra", 2))],
  [
    39,
    option("ipv4dsm", 2, number("mip6.ipv4dsm.reserved", 0, 2, 0xfffe), flag("mip6.ipv4dsm.s_flag", 1, 0x01)),
  ],
  [
    40,
    option(
      "cr",
      atLeast(4),
      number("mip6.cr.reserved", 0, 2),
      number("mip6.cr.req_type", 2, 1),
      number("mip6.cr.req_length", 3, 1),
    ),
  ],
  [41, option("lmaa", [6, 18], number("mip6.lmaa.opt_code", 0, 1), number("mip6.lmaa.reserved", 1, 1))],
  [46, option("recap", 2, hex("mip6.recap.reserved", 0, 2))],
  [
    47,
    option(
      "redir",
      [6, 18],
      flag("mip6.redir.k", 0, 0x80),
      flag("mip6.redir.n", 0, 0x40),
      hex("mip6.redir.reserved", 0, 2, 0x3fff),
    ),
  ],
  [
    48,
    option(
      "load_inf",
      18,
      number("mip6.load_inf.priority", 0, 2),
      number("mip6.load_inf.sessions_in_use", 2, 4),
      number("mip6.load_inf.maximum_sessions", 6, 4),
      number("mip6.load_inf.used_capacity", 10, 4),
      number("mip6.load_inf.maximum_capacity", 14, 4),
    ),
  ],
  [49, option("alt_ip4", 4, ipv4("mip6.alt_ip4", 0))],
  [
    50,
    option(
      "mng",
      6,
      number("mip6.mng.sub_type", 0, 1),
      number("mip6.mng.reserved", 1, 1),
      number("mip6.mng.mng_id", 2, 4),
    ),
  ],
  [
    51,
    option(
      "mag_ipv6",
      18,
      hex("mip6.mag_ipv6.reserved", 0, 1),
      number("mip6.mag_ipv6.address_length", 1, 1),
      ipv6("mip6.mag_ipv6.address", 2),
    ),
  ],
  // Its sub-options: see access_network.ts.
  [52, option("acc_net_id", atLeast(0))],
  [
    55,
    option(
      "dmnp",
      [6, 18],
      flag("mip6.dmnp.v_flag", 0, 0x80),
      number("mip6.dmnp.reserved", 0, 1, 0x7f),
      number("mip6.dmnp.prefix_len", 1, 1),
    ),
  ],
]);

/** All options by their type: a new one in core/wire's tables has its names from there. */
export const OPTION_PLACES: ReadonlyMap<number, OptionPlaces> = new Map([
  ...TSHARK_OPTIONS,
  ...derivedOptions(TSHARK_OPTIONS),
]);

/** Addresses whose version the option's length tells: by option type, where they begin. */
export const ADDRESS_BY_LENGTH: ReadonlyMap<
  number,
  { readonly at: number; readonly ipv4: Place; readonly ipv6: Place }
> = new Map([
  [35, { at: 4, ipv4: ipv4("mip6.bi.coa_ipv4", 4), ipv6: ipv6("mip6.bi.coa_ipv6", 4) }],
  [41, { at: 2, ipv4: ipv4("mip6.lmaa.ipv4", 2), ipv6: ipv6("mip6.lmaa.ipv6", 2) }],
  [47, { at: 2, ipv4: ipv4("mip6.redir.addr_r2lma_ipv4", 2), ipv6: ipv6("mip6.redir.addr_r2lma_ipv6", 2) }],
  [55, { at: 2, ipv4: ipv4("mip6.dmnp.dmnp_ipv4", 2), ipv6: ipv6("mip6.dmnp.dmnp_ipv6", 2) }],
]);

/** Fields of any option, and of what is wrong with one. */
export const OPTION_TYPE = number("mip6.mobility_opt", 0, 1);
export const OPTION_LENGTH = number("mip6.mobility_opt.len", 1, 1);
export const AGENT_SWITCH_ADDRESS = ipv6("mip6.has.address", 0);
export const INVALID_OPTION_LENGTH: Place = { ...protocol("mip6.opt.len.invalid"), kind: "present" };
