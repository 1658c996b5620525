import { check, EAGAIN, lastErrno, SystemError } from "./errno.ts";
import { libc } from "./libc.ts";

// <sys/eventfd.h>
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

/** A non-blocking descriptor that becomes readable when signalled, from any thread: a poll's way to be woken. */
export function openEventFd(): number {
  return check(libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd", "open an event file descriptor");
}

/** Makes the descriptor readable. Safe from any thread that knows its number. */
export function signalEventFd(fileDescriptor: number): void {
  if (libc.write(fileDescriptor, new BigUint64Array([1n]), 8n) >= 0) return;
  const errno = lastErrno();
  // The counter is full: it is readable already.
  if (errno !== EAGAIN) throw new SystemError("write", errno, "signal an event file descriptor");
}

/** Makes the descriptor unreadable again. True when it had been signalled. */
export function clearEventFd(fileDescriptor: number): boolean {
  if (libc.read(fileDescriptor, new BigUint64Array(1), 8n) >= 0) return true;
  const errno = lastErrno();
  if (errno !== EAGAIN) throw new SystemError("read", errno, "clear an event file descriptor");
  return false;
}
