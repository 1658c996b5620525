/**
 * The system calls of the data path. Every argument is a number of 32 bits or a pointer object that was made
 * once, at the start: such a call allocates nothing, where an address given as a number does, and takes twice
 * the time (measured). Sizes and counts fit 32 bits, also where C has size_t.
 */
const SYMBOLS = {
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  // ssize_t writev(int fd, const struct iovec *iov, int iovcnt);
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, struct timespec *timeout);
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  // int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clockGettime: { name: "clock_gettime", parameters: ["i32", "pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type DataPathCalls = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** Loading this module never fails, so that help works everywhere; the first call does. */
function load(): DataPathCalls {
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch (cause) {
    const refuse = () => {
      throw new Error("Cannot load libc.so.6: dsmip needs Linux, the GNU C library and --allow-ffi", {
        cause,
      });
    };
    return new Proxy({} as DataPathCalls, { get: refuse });
  }
}

export const dataPathCalls: DataPathCalls = load();

// <time.h>, <sys/socket.h>, <asm-generic/errno.h>
export const CLOCK_MONOTONIC = 1;
export const MSG_DONTWAIT = 0x40;
export const EBADF = 9;

/** A pointer to an offset of shared memory, which never moves. Made at the start, and kept. */
export function pointerInto(memory: WebAssembly.Memory, offset: number): Deno.PointerObject {
  return Deno.UnsafePointer.create(memoryBase(memory) + BigInt(offset))!;
}

/** The address of this memory in the process, the same on every thread. */
export function memoryBase(memory: WebAssembly.Memory): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer)));
}
