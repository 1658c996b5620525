import { CaptureReader } from "../../core/capture/capture_reader.ts";
import type { CapturedPacket, CaptureFault } from "../../core/capture/captured_packet.ts";

export interface ReadCapture {
  readonly packets: readonly CapturedPacket[];
  readonly fault: CaptureFault | undefined;
}

/** Reads a whole capture in pieces of `pieceOctets`; the packets' bytes are copies. */
export function readAll(file: Uint8Array, pieceOctets = file.length || 1): ReadCapture {
  const reader = new CaptureReader();
  const packets: CapturedPacket[] = [];
  for (let at = 0; at < file.length; at += pieceOctets) {
    reader.push(file.subarray(at, at + pieceOctets));
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      packets.push({ ...packet, bytes: packet.bytes.slice() });
    }
  }
  reader.finish();
  return { packets, fault: reader.fault };
}
