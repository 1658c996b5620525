import { assertEquals } from "@std/assert";
import { PAYLOAD_OCTETS, readPacket, writePacket } from "../../../cli/lab/mesh/packet.ts";
import {
  figuresInWindow,
  figuresOf,
  type FlowArrival,
  MeshLine,
  readMeshRecord,
} from "../../../cli/lab/mesh/record.ts";

const arrival = (sequence: number, arrivedMs: number): FlowArrival => (
  { sequence, sentMs: arrivedMs - 1, arrivedMs }
);

Deno.test("a packet says which it is, and one that was changed anywhere is told", () => {
  const packet = { flow: 83, sequence: 70_000, sentMs: 1_795_755_376_149.25 };
  const payload = writePacket(packet);
  assertEquals(readPacket(payload), packet);
  assertEquals(readPacket(payload.subarray(1)), undefined, "shorter");
  assertEquals(readPacket(new Uint8Array([...payload, 0])), undefined, "longer");
  for (let at = 0; at < PAYLOAD_OCTETS; at++) {
    for (const bit of [0, 7]) {
      const changed = payload.slice();
      changed[at] ^= 1 << bit;
      assertEquals(readPacket(changed), undefined, `bit ${bit} of octet ${at}`);
    }
  }
});

Deno.test("packets of neighbouring flows and numbers have other octets", () => {
  const fill = (flow: number, sequence: number) =>
    writePacket({ flow, sequence, sentMs: 0 }).slice(16).toHex();
  const all = [0, 1, 2].flatMap((flow) => [0, 1, 2, 3].map((sequence) => fill(flow, sequence)));
  assertEquals(new Set(all).size, all.length);
});

Deno.test("what the program writes is read, up to the last whole line", () => {
  const text = MeshLine.arrived(0, arrival(0, 10)) + MeshLine.damaged() +
    MeshLine.arrived(1, arrival(0, 11)) +
    MeshLine.misdelivered(1) + MeshLine.sent(0, 2) + MeshLine.sent(1, 5);
  const record = readMeshRecord(`${text}0 1 20.`, 2);
  assertEquals(record, {
    flows: [
      { arrivals: [arrival(0, 10)], misdelivered: 0, sent: 2 },
      { arrivals: [arrival(0, 11)], misdelivered: 1, sent: 5 },
    ],
    damaged: 1,
  });
});

Deno.test("a flow is counted: what is lost, what came twice, what went astray, the longest silence", () => {
  const arrivals = [arrival(0, 0), arrival(1, 50), arrival(3, 170), arrival(3, 170), arrival(4, 200)];
  assertEquals(figuresOf({ arrivals, misdelivered: 1, sent: 5 }), {
    sent: 5,
    lost: 1,
    duplicated: 1,
    misdelivered: 1,
    longestGapMs: 120,
    wholeSinceMs: 169,
  });
  // The last packet is lost: the flow is not whole at the end.
  assertEquals(figuresOf({ arrivals, misdelivered: 0, sent: 6 }).wholeSinceMs, Infinity);
  assertEquals(figuresOf({ arrivals: [], misdelivered: 0, sent: 3 }).lost, 3);
});

Deno.test("a window of a flow: its gap begins with the last arrival before it, and one that ends is silent to the end", () => {
  const arrivals = [[0, 0], [1, 10], [2, 20], [9, 130], [10, 140], [11, 150]].map(([n, ms]) =>
    arrival(n, ms)
  );
  const look = (fromMs: number, toMs: number) => figuresInWindow(arrivals, { fromMs, toMs, goesOnMs: 20 });
  assertEquals(look(25, 155), { gapMs: 110, lost: 6, goesOn: true });
  assertEquals(look(145, 155), { gapMs: 10, lost: 0, goesOn: true });
  assertEquals(look(25, 300), { gapMs: 150, lost: 6, goesOn: false });
  assertEquals(look(200, 300), { gapMs: 150, lost: 0, goesOn: false });
  assertEquals(figuresInWindow([], { fromMs: 0, toMs: 50, goesOnMs: 20 }), {
    gapMs: 50,
    lost: 0,
    goesOn: false,
  });
});
