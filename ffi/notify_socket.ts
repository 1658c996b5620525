import { CLOCK_MONOTONIC, dataPathCalls } from "./data_path_calls.ts";
import { check, lastErrno, SystemError } from "./errno.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { AF_UNIX, encodeUnixAddress } from "./unix_address.ts";

// <sys/socket.h>
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends one datagram to a Unix socket, without waiting for room there.
 * @throws RangeError, SystemError: nobody listens, its queue is full
 */
export function sendToUnixSocket(name: string, text: string): void {
  const address = encodeUnixAddress(name);
  const bytes = new TextEncoder().encode(text);
  const fileDescriptor = check(
    libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
    "socket",
    "open a Unix socket",
  );
  try {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const length = BigInt(bytes.length);
    if (libc.sendto(fileDescriptor, bytes, length, flags, address, address.length) < 0) {
      throw new SystemError("sendto", lastErrno(), `send ${bytes.length} octets to ${name}`);
    }
  } finally {
    closeFileDescriptor(fileDescriptor);
  }
}

/** The kernel's monotonic clock in microseconds. */
export function monotonicMicroseconds(): bigint {
  const time = new BigInt64Array(2);
  dataPathCalls.clockGettime(CLOCK_MONOTONIC, Deno.UnsafePointer.of(time));
  return time[0] * 1_000_000n + time[1] / 1000n;
}
