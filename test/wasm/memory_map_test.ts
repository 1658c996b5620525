import { assert, assertEquals } from "@std/assert";
import { DROP_REASON_COUNT, DropReason } from "../../core/forwarding/drop_reason.ts";
import { DROP_EXPLANATIONS } from "../../core/forwarding/drop_reason_table.ts";
import {
  MAXIMUM_SEGMENT_HEADERS_OCTETS,
  MAXIMUM_SEGMENTS,
  SIGNALLING_MAXIMUM_OCTETS,
} from "../../core/forwarding/limits.ts";
import * as map from "../../wasm/memory_map.ts";

/** Every area, in the order of the map: where it begins and how long it is. */
const AREAS: readonly (readonly [name: string, start: number, octets: number])[] = [
  ["settings", map.SETTINGS, 64],
  ["command", map.COMMAND, 60],
  ["command done", map.COMMAND_DONE, 4],
  ["clock", map.CLOCK, 16],
  ["Packet Too Big bucket", map.PACKET_TOO_BIG_BUCKET, 16],
  ["unbound report bucket", map.UNBOUND_REPORT_BUCKET, 16],
  ["UDP send count", map.UDP_SEND_COUNT, 4],
  ["raw send count", map.RAW_IPV4_SEND_COUNT, 4],
  ["TUN write count", map.TUN_WRITE_COUNT, 4],
  ["verdict count", map.VERDICT_COUNT, 4],
  ["IPv4 source key", map.IPV4_SOURCE_KEY, 16],
  ["IPv4 destination key", map.IPV4_DESTINATION_KEY, 16],
  ["raw IPv6 send count", map.RAW_IPV6_SEND_COUNT, 4],
  ["cut packets", map.CUT_PACKETS, 4],
  ["table", map.TABLE, 40],
  ["table epoch", map.TABLE_EPOCH, 4],
  ["writer", map.WRITER, 36],
  ["writer key", map.WRITER_KEY, 16],
  ["writer outer address", map.WRITER_OUTER_ADDRESS, 16],
  ["ring head", map.RING_HEAD, 4],
  ["ring tail", map.RING_TAIL, 4],
  ["counters", map.COUNTERS, 96],
  ["drop counters", map.DROP_COUNTERS, 8 * DROP_REASON_COUNT],
  ["fragment header", map.FRAGMENT_HEADER, 60],
  ["event value", map.EVENT_VALUE, 8],
  ["SPI key", map.SPI_KEY, 16],
  ["slot lengths", map.SLOT_LENGTHS, 4 * map.BATCH],
  ["command receive", map.COMMAND_RECEIVE, map.RECEIVE_OCTETS * map.RECEIVE_SOCKETS],
  ["epoll events", map.EPOLL_EVENTS, map.EPOLL_EVENT_MAXIMUM_OCTETS * (2 + map.RECEIVE_SOCKETS)],
  ["polls", map.POLLS, map.POLL_OCTETS * (1 + map.BUSY_DESCRIPTORS)],
  ["outer IPv6 source", map.OUTER_IPV6_SOURCE, 16],
  ["home agent, outer IPv4", map.HOME_AGENT_OUTER_IPV4, 16],
  ["home agent, outer IPv6", map.HOME_AGENT_OUTER_IPV6, 16],
  ["mobile network prefix count", map.MOBILE_NETWORK_PREFIX_COUNT, 4],
  ["mobile network prefixes", map.MOBILE_NETWORK_PREFIXES, 16 * map.MOBILE_NETWORK_PREFIX_OCTETS],
  ["writer IPv6 length counts", map.WRITER_IPV6_LENGTH_COUNTS, 4 * 128],
  ["writer IPv4 length counts", map.WRITER_IPV4_LENGTH_COUNTS, 4 * 32],
  ["verdicts", map.VERDICTS, 4 * map.VERDICT_CAPACITY],
  ["receive vectors", map.RECEIVE_VECTORS, map.VECTOR_OCTETS * map.BATCH],
  ["UDP receive messages", map.UDP_RECEIVE_MESSAGES, map.MESSAGE_OCTETS * map.BATCH],
  ["UDP receive names", map.UDP_RECEIVE_NAMES, map.NAME_OCTETS * map.BATCH],
  ["UDP receive controls", map.UDP_RECEIVE_CONTROLS, map.CONTROL_OCTETS * map.BATCH],
  ["raw receive messages", map.RAW_IPV4_RECEIVE_MESSAGES, map.MESSAGE_OCTETS * map.BATCH],
  ["raw IPv6 receive messages", map.RAW_IPV6_RECEIVE_MESSAGES, map.MESSAGE_OCTETS * map.BATCH],
  ["raw IPv6 receive names", map.RAW_IPV6_RECEIVE_NAMES, map.NAME_IPV6_STRIDE * map.BATCH],
  ["raw IPv6 receive controls", map.RAW_IPV6_RECEIVE_CONTROLS, map.CONTROL_OCTETS * map.BATCH],
  ["send vectors", map.SEND_VECTORS, 2 * map.VECTOR_OCTETS * map.DATAGRAMS],
  ["UDP send messages", map.UDP_SEND_MESSAGES, map.MESSAGE_OCTETS * map.UDP_MESSAGES],
  ["UDP send names", map.UDP_SEND_NAMES, map.NAME_OCTETS * map.UDP_MESSAGES],
  ["UDP send controls", map.UDP_SEND_CONTROLS, map.CONTROL_OCTETS * map.UDP_MESSAGES],
  ["raw send messages", map.RAW_IPV4_SEND_MESSAGES, map.MESSAGE_OCTETS * map.DATAGRAMS],
  ["raw send names", map.RAW_IPV4_SEND_NAMES, map.NAME_OCTETS * map.DATAGRAMS],
  ["raw IPv6 send messages", map.RAW_IPV6_SEND_MESSAGES, map.MESSAGE_OCTETS * map.DATAGRAMS],
  ["raw IPv6 send names", map.RAW_IPV6_SEND_NAMES, map.NAME_IPV6_STRIDE * map.DATAGRAMS],
  ["UDP send notes", map.UDP_SEND_NOTES, 8 * map.UDP_MESSAGES],
  ["raw send notes", map.RAW_IPV4_SEND_NOTES, 8 * map.DATAGRAMS],
  ["raw IPv6 send notes", map.RAW_IPV6_SEND_NOTES, 8 * map.DATAGRAMS],
  ["segment headers", map.SEGMENT_HEADERS, map.SEGMENT_HEADERS_OCTETS],
  ["outer fragments", map.OUTER_FRAGMENTS, map.OUTER_FRAGMENT_STRIDE * map.DATAGRAMS],
  ["TUN write vectors", map.TUN_WRITE_VECTORS, map.TUN_WRITE_VECTORS_OCTETS * map.ALL_TUN_WRITES],
  ["TUN write headers", map.TUN_WRITE_HEADERS, map.TUN_WRITE_HEADER_OCTETS * map.ALL_TUN_WRITES],
  ["TUN write notes", map.TUN_WRITE_NOTES, map.NOTE_OCTETS * map.ALL_TUN_WRITES],
  ["flows", map.FLOWS, map.FLOW_OCTETS * map.FLOW_COUNT],
  ["ring", map.RING, map.RING_RECORDS * map.RECORD_OCTETS],
  ["slots", map.SLOTS, map.BATCH * map.SLOT_STRIDE],
  ["table area", map.TABLE_AREA, 0],
];

Deno.test("no two areas of the memory overlap, and all are aligned to 4 octets", () => {
  let end = 0;
  for (const [name, start, octets] of AREAS) {
    assert(start >= end, `${name} begins at ${start}, before ${end}`);
    assertEquals(start % 4, 0, name);
    end = start + octets;
  }
});

Deno.test("what control and Worker write lies on different cache lines", () => {
  const line = (offset: number) => Math.floor(offset / map.CACHE_LINE_OCTETS);
  const byControl = [map.COMMAND, map.WRITER, map.RING_TAIL].map(line);
  const byWorker = [
    map.COMMAND_DONE,
    map.CLOCK,
    map.UDP_SEND_COUNT,
    map.TABLE_EPOCH,
    map.RING_HEAD,
    map.COUNTERS,
  ]
    .map(line);
  for (const one of byControl) assert(!byWorker.includes(one), `line ${one}`);
});

Deno.test("slots begin on different sets of the cache, and have room for every header in front", () => {
  const setOf = (slot: number) => (map.SLOTS + map.HEADROOM + slot * map.SLOT_STRIDE) / 64 % 64;
  assertEquals(new Set(Array.from({ length: map.BATCH }, (_, slot) => setOf(slot))).size, 64);
  assert(Number.isInteger(setOf(0)));
  assert(map.HEADROOM >= 48);
});

Deno.test("the lists have room for the most segments that one packet may have, and their headers", () => {
  assertEquals(map.DATAGRAMS, MAXIMUM_SEGMENTS);
  assertEquals(map.SEGMENT_HEADERS_OCTETS, MAXIMUM_SEGMENT_HEADERS_OCTETS);
  assertEquals(map.SEGMENT_HEADERS % 8, 0);
});

Deno.test("the longest mobility message fits into a record of the ring", () => {
  assert(map.RECORD_DATA + SIGNALLING_MAXIMUM_OCTETS <= map.RECORD_OCTETS);
  assertEquals(map.RING_RECORDS & map.RING_RECORDS - 1, 0);
});

Deno.test("every drop reason has its number, its counter and its explanation", () => {
  const names = Object.keys(DropReason).filter((name) => !/^\d+$/.test(name));
  assertEquals(names.length, DROP_REASON_COUNT);
  assertEquals(names, Object.keys(DROP_EXPLANATIONS));
  names.forEach((name, number) => assertEquals(DropReason[number], name));
});
