import { cString } from "./c_string.ts";
import { adviseCapability, check, ENOENT } from "./errno.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { libc } from "./libc.ts";

// <sched.h>, <fcntl.h>
const CLONE_NEWNET = 0x40000000;
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;

/** Where iproute2 keeps the namespaces that have a name. */
const NAMED_NAMESPACES = "/run/netns";

/**
 * Opens a network namespace by the name that `ip netns` gave it, or by a path ("/proc/123/ns/net").
 * @throws SystemError
 */
export function openNetworkNamespace(nameOrPath: string): number {
  const path = nameOrPath.includes("/") ? nameOrPath : `${NAMED_NAMESPACES}/${nameOrPath}`;
  return check(
    libc.open(cString(path), O_RDONLY | O_CLOEXEC),
    "open",
    `open the network namespace ${nameOrPath}`,
    (errno) => errno === ENOENT ? "See `ip netns list`" : adviseCapability("CAP_SYS_ADMIN")(errno),
  );
}

/** Moves the calling thread, and no other, into a network namespace. @throws SystemError */
export function enterNetworkNamespace(fileDescriptor: number): void {
  check(
    libc.setns(fileDescriptor, CLONE_NEWNET),
    "setns",
    "enter a network namespace",
    adviseCapability("CAP_SYS_ADMIN"),
  );
}

/** Moves the calling thread, and no other, into a new and empty network namespace. @throws SystemError */
export function unshareNetworkNamespace(): void {
  check(
    libc.unshare(CLONE_NEWNET),
    "unshare",
    "create a network namespace",
    adviseCapability("CAP_SYS_ADMIN"),
  );
}

/**
 * Runs `action` inside another network namespace and comes back. Descriptors that it opens belong there for
 * ever. `action` must be synchronous: anything asynchronous runs on other threads, which did not move.
 * @throws SystemError, or what `action` throws
 */
export function inNetworkNamespace<Result>(nameOrPath: string, action: () => Result): Result {
  const there = openNetworkNamespace(nameOrPath);
  try {
    const here = openNetworkNamespace("/proc/thread-self/ns/net");
    try {
      enterNetworkNamespace(there);
      try {
        return action();
      } finally {
        enterNetworkNamespace(here);
      }
    } finally {
      closeFileDescriptor(here);
    }
  } finally {
    closeFileDescriptor(there);
  }
}
