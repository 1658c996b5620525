import { assert, assertEquals } from "@std/assert";
import { LinkType } from "../../../core/capture/link_type.ts";
import { CaptureClock } from "../../../core/inspect/fields/capture_clock.ts";
import { compileFilter, PacketFilter } from "../../../core/inspect/filter/packet_filter.ts";
import { bindingUpdate, ipv4, ipv6, mobility, udp } from "../packet_builder.ts";
import { captured } from "../show.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const UPDATE = ipv4(
  "10.0.0.42",
  "203.0.113.1",
  17,
  udp(4191, 4191, ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, bindingUpdate({ sequenceNumber: 7 })))),
);

function selects(filter: string, bytes = UPDATE): boolean {
  const compiled = compileFilter(filter);
  assert(compiled instanceof PacketFilter, JSON.stringify(compiled));
  const clock = new CaptureClock();
  const packet = captured(bytes, { linkType: LinkType.raw });
  clock.note(packet);
  return compiled.matches(packet, clock);
}

Deno.test("a filter asks whether a field is there, and how it compares", () => {
  assert(selects("mip6"));
  assert(selects("mipv6 and udp.port == 4191"));
  assert(selects("mip6.bu.seqnr == 7"));
  assert(!selects("mip6.bu.seqnr != 7"));
  assert(!selects("mip6.ba.seqnr"));
  assert(!selects("mip6.ba.seqnr != 7"), "a field that is not there has no value that differs");
  assert(selects("not mip6.ba.seqnr == 7"));
  assert(selects("ipv6.addr == 2001:db8:100::/64"));
  assert(selects("ip.addr in {192.0.2.0/24, 10.0.0.40..10.0.0.50}"));
  assert(!selects("ip.addr in {192.0.2.0/24}"));
  assert(selects("tcp or udp and ip"), "and binds more than or");
});

const MISTAKES: readonly (readonly [filter: string, place: string, reason: string])[] = [
  ["", "", "the filter is empty"],
  ["mip6.bu.seqn == 7", "mip6.bu.seqn", "there is no field mip6.bu.seqn"],
  ["udp.port ==", "", "a value is missing here"],
  ["udp.port == x", "x", '"x" is not a number'],
  ["udp.port == 65536", "65536", "65536 is too big for udp.port, which is 65535 at most"],
  ["ip.src == 10.0.0", "10.0.0", "10.0.0 is not an IPv4 address"],
  ["ip.src == 10.0.0.0/33", "10.0.0.0/33", "a prefix length is a number from 0 to 32"],
  ["ipv6.src == 10.0.0.1", "10.0.0.1", "10.0.0.1 is not an IPv6 address"],
  ["udp and (ip", "", ") is missing here"],
  ["udp ip", "ip", 'ip was not expected here, only "and", "or" or the end'],
  ["and udp", "and", "there is no field and"],
  ["udp # ip", "#", '"#" means nothing here'],
  ['mip6.mnid.identifier == "abc', '"', "the string that begins here has no end"],
  ['mip6.mnid.identifier matches "("', '"("', "this is not a regular expression"],
  ["udp.port contains 1", "1", "udp.port is not text: contains has nothing to look into"],
  ["udp.port in 1", "1", "{ is missing here"],
  ["udp == 1", "1", "udp has no value to compare, only ask whether it is there"],
  ["ip.src == ipv6.src", "ipv6.src", "ip.src and ipv6.src are of different kinds"],
];

for (const [filter, place, reason] of MISTAKES) {
  Deno.test(`the filter ${JSON.stringify(filter)}: ${reason}`, () => {
    const compiled = compileFilter(filter);
    assert("fault" in compiled);
    const { offset, length } = compiled.fault;
    assertEquals([filter.slice(offset, offset + length), compiled.fault.reason], [place, reason]);
  });
}

Deno.test("any text at all is a filter or a mistake, never an exception", () => {
  const pieces = [
    "(",
    ")",
    "{",
    "}",
    "!",
    "udp",
    "==",
    "in",
    "..",
    '"',
    "1",
    "/",
    ",",
    "not",
    "and",
    "mip6.lla",
    "\\",
  ];
  for (let round = 0; round < 20_000; round++) {
    let rest = round * 7919;
    let text = "";
    for (let count = rest % 9; count >= 0; count--) {
      rest = (rest * 31 + 17) % 1_000_003;
      text += pieces[rest % pieces.length] + (rest % 3 === 0 ? " " : "");
    }
    compileFilter(text);
  }
  const deep = compileFilter("(".repeat(100_000));
  assert("fault" in deep);
});
