import { adviseCapability, check, EAGAIN, EINTR, ENOBUFS, lastErrno, SystemError } from "./errno.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import {
  decodeNetlinkMessages,
  decodeNetlinkResult,
  encodeNetlinkMessage,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "./netlink_message.ts";
import type { NetlinkBody } from "./netlink_ip.ts";

// <sys/socket.h>, <linux/netlink.h>
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
/** struct sockaddr_nl: u16 family, u16 pad, u32 port id (0 is the kernel), u32 groups. */
const SOCKADDR_NL_OCTETS = 12;

/** The kernel puts at most 32 KiB into one datagram of a dump. */
const RECEIVE_BUFFER_OCTETS = 64 * 1024;

/** How often to begin a dump again that a change interrupted, before taking it as it is. */
const DUMP_ATTEMPTS = 5;

/** One request that the message type names, for the text of an error. */
export interface NetlinkRequest extends NetlinkBody {
  /** RTM_... of <linux/rtnetlink.h>, or the like. */
  readonly type: number;
  /** Its name: "RTM_NEWROUTE". */
  readonly call: string;
  /** What it is for, as the end of "Cannot ...": "add the route ::/0". */
  readonly attempt: string;
  /** NLM_F_CREATE, NLM_F_EXCL. */
  readonly flags?: number;
  /** What to do when the kernel refuses, where that is known. */
  readonly advise?: (errno: number) => string | undefined;
}

/**
 * A netlink socket, of the routing family (rtnetlink(7)) unless another is named. The kernel answers a request before the call that sends it
 * returns, so that requests are synchronous though the socket does not block.
 */
export class NetlinkSocket {
  readonly fileDescriptor: number;
  readonly #buffer = new Uint8Array(RECEIVE_BUFFER_OCTETS);
  readonly #from = new Uint8Array(SOCKADDR_NL_OCTETS);
  readonly #fromLength = new Uint32Array(1);
  #sequence = 0;

  /** @param groups multicast groups to listen to, as the bit mask RTMGRP_* */
  constructor(
    { groups = 0, family = NETLINK_ROUTE, advise }: {
      readonly groups?: number;
      readonly family?: number;
      /** What to do where the kernel does not know the family. */
      readonly advise?: (errno: number) => string | undefined;
    } = {},
  ) {
    this.fileDescriptor = check(
      libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, family),
      "socket",
      "open a netlink socket",
      advise,
    );
    closingOnError(this.fileDescriptor, () => {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
        check(
          libc.setsockopt(this.fileDescriptor, SOL_NETLINK, option, new Int32Array([1]), 4),
          "setsockopt NETLINK_EXT_ACK",
          "ask netlink for the reasons of its errors",
        );
      }
      const address = new Uint8Array(SOCKADDR_NL_OCTETS);
      const view = new DataView(address.buffer);
      view.setUint16(0, AF_NETLINK, true);
      view.setUint32(8, groups, true);
      check(libc.bind(this.fileDescriptor, address, address.length), "bind", "bind a netlink socket");
    });
  }

  close(): void {
    closeFileDescriptor(this.fileDescriptor);
  }

  /** Sends a request and takes the kernel's word for it. @throws SystemError when the kernel refuses */
  request(request: NetlinkRequest): void {
    const sequence = this.#send(request, NLM_F_ACK);
    for (;;) {
      for (const message of this.#receiveAnswer(request)) {
        if (message.sequence !== sequence || message.type !== NLMSG_ERROR) continue;
        this.#checkResult(message, request);
        return;
      }
    }
  }

  /**
   * Sends requests that the kernel takes all or none (nfnetlink): a begin, what is to be done, an end.
   * @throws SystemError when the kernel refuses, about the first request at fault
   */
  batch(requests: readonly NetlinkRequest[]): void {
    const asked = new Map<number, NetlinkRequest>();
    const messages = requests.map((request, index) => {
      // The end is no request of its own: with the last one before it all is done.
      const isLast = index === requests.length - 2;
      const { sequence, bytes } = this.#encode(request, isLast ? NLM_F_ACK : 0);
      asked.set(sequence, request);
      return bytes;
    });
    const [first] = requests;
    this.#sendOctets(concat(messages), first);
    for (;;) {
      for (const message of this.#receiveAnswer(first)) {
        const request = asked.get(message.sequence);
        if (request === undefined || message.type !== NLMSG_ERROR) continue;
        this.#checkResult(message, request);
        return;
      }
    }
  }

  /** Sends a question that has one answer. @throws SystemError when the kernel refuses */
  query(request: NetlinkRequest): NetlinkMessage {
    const sequence = this.#send(request, 0);
    for (;;) {
      for (const message of this.#receiveAnswer(request)) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_ERROR) this.#checkResult(message, request);
        return { ...message, payload: message.payload.slice() };
      }
    }
  }

  /**
   * Everything of one kind. When the table changed meanwhile the dump starts again.
   * @throws SystemError when the kernel refuses
   */
  dump(request: NetlinkRequest): NetlinkMessage[] {
    for (let attempt = 1;; attempt++) {
      const { messages, interrupted } = this.#dumpOnce(request);
      if (!interrupted || attempt === DUMP_ATTEMPTS) return messages;
    }
  }

  #dumpOnce(request: NetlinkRequest): { messages: NetlinkMessage[]; interrupted: boolean } {
    const sequence = this.#send(request, NLM_F_DUMP);
    const messages: NetlinkMessage[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receiveAnswer(request)) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          this.#checkResult(message, request);
          return { messages, interrupted };
        }
        messages.push({ ...message, payload: message.payload.slice() });
      }
    }
  }

  /**
   * The messages of the next waiting datagram, views of a buffer that the next call overwrites.
   * @returns undefined when nothing waits, "overrun" when the kernel had to drop some
   * @throws SystemError
   */
  receive(): NetlinkMessage[] | "overrun" | undefined {
    this.#fromLength[0] = SOCKADDR_NL_OCTETS;
    const length = libc.recvfrom(
      this.fileDescriptor,
      this.#buffer,
      BigInt(RECEIVE_BUFFER_OCTETS),
      0,
      this.#from,
      this.#fromLength,
    );
    if (length < 0) {
      const errno = lastErrno();
      if (errno === EAGAIN || errno === EINTR) return undefined;
      if (errno === ENOBUFS) return "overrun";
      throw new SystemError("recvfrom", errno, "receive from netlink");
    }
    const sender = new DataView(this.#from.buffer).getUint32(4, true);
    return sender === 0 ? decodeNetlinkMessages(this.#buffer.subarray(0, length)) : [];
  }

  #send(request: NetlinkRequest, answer: number): number {
    const { sequence, bytes } = this.#encode(request, answer);
    this.#sendOctets(bytes, request);
    return sequence;
  }

  #encode({ type, flags = 0, body, attributes }: NetlinkRequest, answer: number) {
    const sequence = ++this.#sequence >>> 0;
    const whole = { type, flags: NLM_F_REQUEST | answer | flags, sequence, body, attributes };
    return { sequence, bytes: encodeNetlinkMessage(whole) };
  }

  #sendOctets(bytes: Uint8Array<ArrayBuffer>, { call, attempt }: NetlinkRequest): void {
    const kernel = new Uint8Array(SOCKADDR_NL_OCTETS);
    kernel[0] = AF_NETLINK;
    check(
      libc.sendto(this.fileDescriptor, bytes, BigInt(bytes.length), 0, kernel, kernel.length),
      `sendto ${call}`,
      attempt,
    );
  }

  #receiveAnswer({ call, attempt }: NetlinkRequest): NetlinkMessage[] {
    const messages = this.receive();
    if (messages === undefined) throw new SystemError(call, EAGAIN, attempt, undefined, "no answer came");
    if (messages === "overrun") throw new SystemError(call, ENOBUFS, attempt);
    return messages;
  }

  #checkResult(message: NetlinkMessage, { call, attempt, advise }: NetlinkRequest): void {
    const { errno, text } = decodeNetlinkResult(message);
    if (errno === 0) return;
    throw new SystemError(
      call,
      errno,
      attempt,
      advise?.(errno) ?? adviseCapability("CAP_NET_ADMIN")(errno),
      text,
    );
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
