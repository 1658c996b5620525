import { loadLibc } from "./load_libc.ts";

/**
 * The system calls of the data path. Every argument is a number of 32 bits or a pointer object that was made
 * once, at the start: such a call allocates nothing, where an address given as a number does, and takes twice
 * the time (measured). Sizes and counts fit 32 bits, also where C has size_t.
 */
export const dataPathCalls = loadLibc({
  // int epoll_create1(int flags);
  epollCreate: { name: "epoll_create1", parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
  epollControl: { name: "epoll_ctl", parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
  epollWait: { name: "epoll_wait", parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
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
});

export type DataPathCalls = typeof dataPathCalls;

// <time.h>, <sys/epoll.h>, <poll.h>, <sys/socket.h>, <asm-generic/errno.h>
export const CLOCK_MONOTONIC = 1;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 0x001;
export const POLLIN = 0x001;
/** struct epoll_event, and where its data begin: packed on x86-64 only. */
export const EPOLL_EVENT_OCTETS = Deno.build.arch === "x86_64" ? 12 : 16;
export const EPOLL_EVENT_DATA = Deno.build.arch === "x86_64" ? 4 : 8;
export const MSG_DONTWAIT = 0x40;
export const EBADF = 9;

/** A pointer to an offset of shared memory, which never moves. Made at the start, and kept. */
export function pointerInto(memory: WebAssembly.Memory, offset: number): Deno.PointerObject {
  return Deno.UnsafePointer.create(memoryBase(memory) + BigInt(offset))!;
}

/** Pointers to places of shared memory at equal distances. */
export function pointersInto(
  memory: WebAssembly.Memory,
  { start, stride, length }: { readonly start: number; readonly stride: number; readonly length: number },
): Deno.PointerObject[] {
  const first = pointerInto(memory, start);
  return Array.from({ length }, (_, index) => Deno.UnsafePointer.offset(first, index * stride)!);
}

/** The address of this memory in the process, the same on every thread. */
export function memoryBase(memory: WebAssembly.Memory): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer)));
}
