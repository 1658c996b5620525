/**
 * What a packet costs in the forwarder, without system calls: `deno task bench`. Every iteration is a batch of 64
 * packets of 1400 octets, so a packet costs a 64th of the time shown; the plain forwarder stands beside.
 */
import type { Encapsulation } from "../core/control/tunnel.ts";
import type { Forwarder } from "../core/forwarding/forwarder.ts";
import { PlainForwarder } from "../core/forwarding/plain_forwarder.ts";
import { formatIpv6, parseIpv4, parseIpv6 } from "../core/wire/address.ts";
import { onesComplementSum } from "../core/wire/checksum.ts";
import * as map from "../wasm/memory_map.ts";
import { adviseHugePages } from "../ffi/huge_pages.ts";
import { packetAt } from "../wasm/kernel_view.ts";
import { WasmForwarder } from "../wasm/wasm_forwarder.ts";

const SETTINGS = { role: "homeAgent", homeAgentAddress: "2001:db8:100::1" } as const;
const CORRESPONDENT = "2001:db8:ffff::9";
const NODE = { address: "198.51.100.7", port: 40_000 };
const PACKET_OCTETS = 1400;

function homeAddress(number: number): string {
  const octets = parseIpv6("2001:db8:100:1::")!;
  new DataView(octets.buffer).setUint32(12, number);
  return formatIpv6(octets);
}

function packet(source: string, destination: string): Uint8Array {
  const bytes = new Uint8Array(PACKET_OCTETS);
  bytes.set([0x60, 0, 0, 0, (PACKET_OCTETS - 40) >> 8, (PACKET_OCTETS - 40) & 0xff, 17, 64]);
  bytes.set(parseIpv6(source)!, 8);
  bytes.set(parseIpv6(destination)!, 24);
  return bytes;
}

function ipv4Packet(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length);
  bytes.set([0x45, 0, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0, 64, 41]);
  bytes.set(parseIpv4(NODE.address)!, 12);
  bytes.set(payload, 20);
  return bytes;
}

/** So many bindings; the first 64 are those that the batch is for. */
function bind(forwarder: Forwarder, bindings: number, encapsulation: Encapsulation): void {
  const tunnel = { encapsulation, address: NODE.address, port: encapsulation === "udp" ? NODE.port : 0 };
  for (let number = 0; number < bindings; number++) {
    forwarder.setBinding(homeAddress(number), tunnel, 1472);
  }
}

function batch(bindings: number, direction: "out" | "in"): Uint8Array[] {
  return Array.from({ length: map.BATCH }, (_, slot) => {
    const node = homeAddress(slot % bindings);
    return direction === "out" ? packet(CORRESPONDENT, node) : packet(node, CORRESPONDENT);
  });
}

function received(packets: readonly Uint8Array[], encapsulation: Encapsulation) {
  return packets.map((inner) => ({
    bytes: encapsulation === "udp" ? inner : ipv4Packet(inner),
    source: NODE,
    typeOfService: 0,
  }));
}

for (const encapsulation of ["udp", "ipv6InIpv4"] as const) {
  const group = `encapsulate 64 packets, ${encapsulation}`;
  for (const bindings of [1, 1000, 100_000]) {
    const wasm = new WasmForwarder(SETTINGS, { maximumBindings: bindings });
    bind(wasm, bindings, encapsulation);
    wasm.placeOutbound(batch(bindings, "out").map((bytes) => ({ bytes })));
    Deno.bench(
      `WASM, ${encapsulation}, ${bindings} bindings`,
      { group },
      () => void wasm.module.outbound(0, map.BATCH),
    );
  }
  const plain = new PlainForwarder(SETTINGS, 0n);
  bind(plain, 1000, encapsulation);
  const packets = batch(1000, "out").map((bytes) => ({ bytes }));
  Deno.bench(`plain, ${encapsulation}, 1000 bindings`, { group }, () => void plain.outbound(packets, 0));
}

for (const encapsulation of ["udp", "ipv6InIpv4"] as const) {
  const group = `decapsulate 64 packets, ${encapsulation}`;
  for (const bindings of [1, 1000, 100_000]) {
    const wasm = new WasmForwarder(SETTINGS, { maximumBindings: bindings });
    bind(wasm, bindings, encapsulation);
    wasm.placeInbound(encapsulation, received(batch(bindings, "in"), encapsulation));
    const { module } = wasm;
    Deno.bench(
      `WASM, ${encapsulation} in, ${bindings} bindings`,
      { group },
      encapsulation === "udp"
        ? () => void module.inboundUdp(map.BATCH, 1)
        : () => void module.inboundRawIpv4(map.BATCH, 1),
    );
  }
  const plain = new PlainForwarder(SETTINGS, 0n);
  bind(plain, 1000, encapsulation);
  const datagrams = received(batch(1000, "in"), encapsulation);
  Deno.bench(`plain, ${encapsulation} in, 1000 bindings`, { group }, () => {
    plain.inbound(encapsulation, datagrams, 0);
  });
}

/** Keys all over the table, so that the caches hold no more than they would in a busy home agent. */
const KEYS = 4096;
for (const bindings of [1, 1000, 100_000, 1_000_000]) {
  const { module, memory, bindings: writer } = new WasmForwarder(SETTINGS, { maximumBindings: bindings });
  const bytes = new Uint8Array(memory.buffer);
  const tunnel = { encapsulation: "udp", ...NODE } as const;
  for (let number = 0; number < bindings; number++) writer.set(homeAddress(number), tunnel, 1472);
  for (let key = 0; key < KEYS; key++) {
    const number = Math.imul(key, 0x9e3779b1) >>> 0;
    bytes.set(parseIpv6(homeAddress(number % bindings))!, map.SLOTS + 16 * key);
  }
  let next = 0;
  Deno.bench(`WASM, ${bindings} bindings`, { group: "64 lookups of different addresses" }, () => {
    for (let count = 0; count < 64; count++) module.lookup(map.SLOTS + 16 * (next++ & KEYS - 1));
  });
}

/** The same as the data path does it: a batch looks ahead, and the daemon has its memory in large pages. */
for (const bindings of [1000, 1_000_000]) {
  const wasm = new WasmForwarder(SETTINGS, { maximumBindings: bindings });
  adviseHugePages(wasm.memory);
  bind(wasm, bindings, "udp");
  wasm.placeOutbound(batch(bindings, "out").map((bytes) => ({ bytes })));
  const bytes = new Uint8Array(wasm.memory.buffer);
  const destinations = Array.from({ length: KEYS }, (_, key) => {
    return parseIpv6(homeAddress((Math.imul(key, 0x9e3779b1) >>> 0) % bindings))!;
  });
  let next = 0;
  Deno.bench(`WASM, ${bindings} bindings`, { group: "encapsulate 64 packets to different addresses" }, () => {
    for (let slot = 0; slot < map.BATCH; slot++) {
      bytes.set(destinations[next++ & KEYS - 1], packetAt(slot) + 24);
    }
    wasm.module.outbound(0, map.BATCH);
  });
}

for (const octets of [64, 250, 1400, 65_535]) {
  const group = `checksum of ${octets} octets`;
  const { module, memory } = new WasmForwarder(SETTINGS);
  new Uint8Array(memory.buffer).fill(0xa5, map.SLOTS, map.SLOTS + octets);
  const bytes = new Uint8Array(octets).fill(0xa5);
  Deno.bench(`WASM, ${octets} octets`, { group }, () => void module.checksum(map.SLOTS, octets));
  Deno.bench(`plain, ${octets} octets`, { group }, () => void onesComplementSum(bytes, 0, octets));
}
