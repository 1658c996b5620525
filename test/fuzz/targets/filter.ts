import { CaptureClock } from "../../../core/inspect/fields/capture_clock.ts";
import { compileFilter } from "../../../core/inspect/filter/packet_filter.ts";
import { samplePackets } from "../../inspect/sample_packets.ts";
import { captured } from "../../inspect/show.ts";
import type { FuzzTarget } from "../engine/target.ts";

const FILTERS = [
  "ip.addr == 10.0.0.0/8 and not mip6.ba.status in {0, 1}",
  "mip6 && (udp.port == 4191 || ipv6.addr == 2001:db8::/32)",
  "frame.number >= 1 and frame.time_relative < 1.5",
  'mip6.nai contains "mn1" or frame.len & 0xf',
  "!(icmpv6.type == 134) xor ip.ttl != 64",
  "mip6.csum in {0x10 .. 0x20} and eth.src[0:3] == 02:00:00",
  'ipv6.dst matches "^2001" or tcp.flags.syn == True',
];

const packets = samplePackets().filter((_, index) => index % 8 === 0)
  .map(({ bytes, linkType }) => captured(bytes, { linkType }));

/** Display filters, compiled and held against packets. */
export const filter: FuzzTarget = {
  name: "filter",
  maximumOctets: 512,
  seeds: () => FILTERS.map((text) => new TextEncoder().encode(text)),
  run(input) {
    const compiled = compileFilter(new TextDecoder().decode(input));
    if ("fault" in compiled) {
      const { offset, length } = compiled.fault;
      if (offset < 0 || length < 0) throw new Error(`fault at ${offset}, ${length} long`);
      return;
    }
    const clock = new CaptureClock();
    for (const packet of packets) {
      clock.note(packet);
      compiled.matches(packet, clock);
    }
  },
};
