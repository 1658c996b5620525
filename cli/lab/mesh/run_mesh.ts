import { isIpv4 } from "../../../core/wire/address.ts";
import { SystemError } from "../../../ffi/errno.ts";
import { inNetworkNamespace } from "../../../ffi/namespace.ts";
import { POLLIN, PollSet } from "../../../ffi/poll.ts";
import { receive } from "../../../ffi/socket.ts";
import { encodeSocketAddress6, openUdp6Socket, sendTo6 } from "../../../ffi/udp6_socket.ts";
import { clockMs } from "../clock.ts";
import { readPacket, writePacket } from "./packet.ts";
import type { FlowEnd, MeshPlan } from "./plan.ts";
import { MeshLine } from "./record.ts";

/** Enough for a program that gets no processor time for a second: what it misses is not the network's fault. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/** One direction, as it is sent. */
interface Sending {
  readonly socket: number;
  readonly to: Uint8Array<ArrayBuffer>;
  sequence: number;
  dueMs: number;
}

/**
 * Sends and receives all flows of a plan with sockets in all their namespaces, in one process, and writes a line for each
 * packet that arrives (see MeshLine). Flow n of N sends at n/N of the interval. SIGUSR2 ends the sending; receiving ends
 * with the process.
 */
export async function runMesh(plan: MeshPlan, write: (text: string) => void): Promise<never> {
  const sockets = openSockets(plan);
  const startMs = clockMs();
  const sendings = plan.flows.map(({ from, to }, index): Sending => ({
    socket: sockets.get(key(from))!,
    to: encodeSocketAddress6(mapped(to.address), to.port),
    sequence: 0,
    dueMs: startMs + plan.intervalMs * index / plan.flows.length,
  }));
  let isSending = true;
  Deno.addSignalListener("SIGUSR2", () => {
    if (isSending) write(sendings.map(({ sequence }, flow) => MeshLine.sent(flow, sequence)).join(""));
    isSending = false;
  });
  const ends = [...sockets];
  const poll = new PollSet(ends.map(([, fileDescriptor]) => ({ fileDescriptor, events: POLLIN })));
  const ours = plan.flows.map(({ to }) => key(to));
  const buffer = new Uint8Array(65536);
  while (true) {
    const nextMs = isSending ? Math.min(...sendings.map(({ dueMs }) => dueMs)) : Infinity;
    // After the end of the sending it looks up from time to time, because a signal ends no wait.
    const waitMs = Math.min(Math.max(0, Math.ceil(nextMs - clockMs())), 1000);
    const ready = await poll.waitAsync(waitMs);
    const arrivedMs = clockMs();
    let lines = "";
    if (ready > 0) {
      for (const [index, [end, socket]] of ends.entries()) {
        if (poll.returnedEvents(index) === 0) continue;
        for (let octets = receive(socket, buffer); octets !== undefined; octets = receive(socket, buffer)) {
          lines += lineOf(buffer.subarray(0, octets), end, arrivedMs, ours);
        }
      }
    }
    if (lines !== "") write(lines);
    if (isSending) sendings.forEach((sending, flow) => sendDue(sending, flow, plan.intervalMs));
  }
}

function lineOf(payload: Uint8Array, end: string, arrivedMs: number, ours: readonly string[]): string {
  const packet = readPacket(payload);
  if (packet === undefined || packet.flow >= ours.length) return MeshLine.damaged();
  if (ours[packet.flow] !== end) return MeshLine.misdelivered(packet.flow);
  return MeshLine.arrived(packet.flow, { ...packet, arrivedMs });
}

/** Sends what is due. After a pause of the process the packets of the pause are sent at once: none is left out. */
function sendDue(sending: Sending, flow: number, intervalMs: number): void {
  const nowMs = clockMs();
  for (; sending.dueMs <= nowMs; sending.dueMs += intervalMs) {
    const { socket, to, sequence } = sending;
    try {
      sendTo6(socket, writePacket({ flow, sequence, sentMs: nowMs }), to);
    } catch (error) {
      // A full queue, or no route just now: a packet that never was is not lost.
      if (!(error instanceof SystemError)) throw error;
      continue;
    }
    sending.sequence++;
  }
}

function openSockets({ flows }: MeshPlan): Map<string, number> {
  const ends = new Map(flows.flatMap(({ from, to }) => [from, to]).map((end) => [key(end), end]));
  return new Map(
    [...ends].map(([name, { namespace, port }]) => [
      name,
      inNetworkNamespace(namespace, () => openUdp6Socket(port, RECEIVE_BUFFER_OCTETS)),
    ]),
  );
}

function key({ namespace, port }: FlowEnd): string {
  return `${namespace}:${port}`;
}

/** An IPv4 address as an IPv6 socket takes it (RFC 4291 section 2.5.5.2). */
function mapped(address: string): string {
  return isIpv4(address) ? `::ffff:${address}` : address;
}
