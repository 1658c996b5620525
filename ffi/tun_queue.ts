import { EINTR, lastErrno } from "./errno.ts";
import { libc } from "./libc.ts";

/** The header of offloads and the largest packet. */
const MAXIMUM_READ_OCTETS = 66 * 1024;

/**
 * Gives what waits in a queue of a TUN device back to the kernel, as if it had come in by the device: the kernel forwards it
 * along the routes of now, where the host is a router. Nobody else may read from the queue meanwhile. What the kernel does
 * not take is lost, and so is what waits beyond `maximumPackets`.
 * @param fileDescriptor of the queue, non-blocking
 * @returns how many packets the kernel took
 */
export function returnQueued(fileDescriptor: number, maximumPackets: number): number {
  const buffer = new Uint8Array(MAXIMUM_READ_OCTETS);
  let returned = 0;
  for (let count = 0; count < maximumPackets; count++) {
    const octets = retried(() => libc.read(fileDescriptor, buffer, BigInt(buffer.length)));
    if (octets <= 0) break;
    if (retried(() => libc.write(fileDescriptor, buffer, BigInt(octets))) === octets) returned++;
  }
  return returned;
}

function retried(call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || lastErrno() !== EINTR) return result;
  }
}
