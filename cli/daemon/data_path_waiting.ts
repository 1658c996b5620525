import {
  type DataPathCalls,
  dataPathCalls,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_EVENT_DATA,
  EPOLL_EVENT_OCTETS,
  EPOLLIN,
  pointerInto,
  POLLIN,
} from "../../ffi/data_path_calls.ts";
import { EINTR, errnoName, lastErrno } from "../../ffi/errno.ts";
import * as map from "../../wasm/memory_map.ts";

/** No descriptor at this place. */
export const NONE = -1;
const WAIT_FOR_EVER = -1;
const DO_NOT_WAIT = 0;
/** So many waits at once are judged. */
const WAITS = 16;
/** A place where so many of them found much is busy, and stays so until none does. */
const BUSY_WAITS = 4;

/**
 * Waits for the descriptors of several places at once. epoll_wait() costs a fifth of poll() with six descriptors, which
 * looks at each before and after it sleeps. But a descriptor in an epoll costs something for each packet that comes in or has
 * been sent, whether anybody waits or not, and in poll() for each wait. So busy descriptors, with many packets to a wait,
 * are waited for by poll(), beside the epoll that has the others.
 */
export class Waiting {
  readonly #calls: DataPathCalls = dataPathCalls;
  readonly #words: Int32Array;
  readonly #events: Deno.PointerObject;
  readonly #polls: Deno.PointerObject;
  readonly #epoll: number;
  readonly #places: number;
  /** The descriptor of each place, or NONE. */
  readonly #watched: Int32Array;
  /** What poll() waits for beside the epoll: how many, and their places. */
  #busyCount = 0;
  readonly #busyPlaces = new Int32Array(map.BUSY_DESCRIPTORS);
  #waits = 0;
  /** Of each place: waits of late that found much. */
  readonly #large: Int32Array;
  /** A bit for each place where the last wait found something. */
  found = 0;
  /** Why it cannot go on; empty while it can. */
  fault = "";

  constructor(memory: WebAssembly.Memory, places: number) {
    this.#words = new Int32Array(memory.buffer);
    this.#events = pointerInto(memory, map.EPOLL_EVENTS);
    this.#polls = pointerInto(memory, map.POLLS);
    this.#places = places;
    this.#watched = new Int32Array(places).fill(NONE);
    this.#large = new Int32Array(places);
    this.#epoll = this.#calls.epollCreate(0);
    if (this.#epoll < 0) this.fault = `epoll_create1: ${errnoName(lastErrno())}`;
    this.#setPoll(0, this.#epoll);
  }

  descriptor(place: number): number {
    return this.#watched[place];
  }

  /** Waits until there is something to find; a signal may end it before. */
  wait(): void {
    if (++this.#waits === WAITS) this.#judge();
    this.found = 0;
    if (this.#busyCount > 0) {
      if (this.#calls.poll(this.#polls, 1 + this.#busyCount, WAIT_FOR_EVER) < 0) return this.#fail("poll");
      for (let index = 0; index < this.#busyCount; index++) {
        if (this.#isReady(1 + index)) this.found |= 1 << this.#busyPlaces[index];
      }
      if (!this.#isReady(0)) return;
    }
    const timeout = this.#busyCount > 0 ? DO_NOT_WAIT : WAIT_FOR_EVER;
    const count = this.#calls.epollWait(this.#epoll, this.#events, this.#places, timeout);
    if (count < 0) return this.#fail("epoll_wait");
    for (let index = 0; index < count; index++) this.found |= 1 << this.#words[eventPlace(index)];
  }

  /** Says that this wait found much to do for the descriptor of a place: many packets to receive, or to send. */
  noteLarge(place: number): void {
    if (this.#watched[place] >= 0) this.#large[place]++;
  }

  /**
   * Waits for these descriptors from now on, one for each place or NONE. Where one stays, what was found there is still to be
   * done.
   * @returns the errno with which one of them cannot be waited for, and its place; undefined when all can
   */
  watch(wanted: Int32Array): { readonly errno: number; readonly place: number } | undefined {
    // First all that go: a descriptor may have got another place.
    for (let place = 0; place < this.#places; place++) {
      if (this.#watched[place] === wanted[place]) continue;
      if (this.#isBusy(place)) this.#setPolls(place, false);
      else if (this.#watched[place] !== NONE) this.#control(EPOLL_CTL_DEL, place);
      this.#watched[place] = NONE;
      this.#large[place] = 0;
      this.found &= ~(1 << place);
    }
    for (let place = 0; place < this.#places; place++) {
      if (this.#watched[place] === wanted[place]) continue;
      this.#watched[place] = wanted[place];
      if (this.#control(EPOLL_CTL_ADD, place) < 0) return { errno: lastErrno(), place };
    }
  }

  close(): void {
    this.#calls.close(this.#epoll);
  }

  #judge(): void {
    this.#waits = 0;
    for (let place = 0; place < this.#places; place++) {
      const large = this.#large[place];
      this.#large[place] = 0;
      if (large >= BUSY_WAITS && !this.#isBusy(place) && this.#busyCount < map.BUSY_DESCRIPTORS) {
        this.#setPolls(place, true);
        this.#control(EPOLL_CTL_DEL, place);
      } else if (large === 0 && this.#isBusy(place)) {
        this.#setPolls(place, false);
        if (this.#control(EPOLL_CTL_ADD, place) < 0) this.#fail("epoll_ctl");
      }
    }
  }

  #isBusy(place: number): boolean {
    for (let index = 0; index < this.#busyCount; index++) if (this.#busyPlaces[index] === place) return true;
    return false;
  }

  /** Has poll() wait for the descriptor of a place, or not any more. */
  #setPolls(place: number, isBusy: boolean): void {
    if (isBusy) this.#busyPlaces[this.#busyCount++] = place;
    else this.#busyPlaces[this.#busyPlaces.indexOf(place)] = this.#busyPlaces[--this.#busyCount];
    for (let index = 0; index < this.#busyCount; index++) {
      this.#setPoll(1 + index, this.#watched[this.#busyPlaces[index]]);
    }
  }

  #control(operation: number, place: number): number {
    this.#words[map.EPOLL_EVENTS / 4] = EPOLLIN;
    this.#words[eventPlace(0)] = place;
    return this.#calls.epollControl(this.#epoll, operation, this.#watched[place], this.#events);
  }

  /** struct pollfd: the descriptor, u16 events, u16 found events. */
  #setPoll(index: number, fileDescriptor: number): void {
    const word = (map.POLLS + index * map.POLL_OCTETS) / 4;
    this.#words[word] = fileDescriptor;
    this.#words[word + 1] = POLLIN;
  }

  #isReady(index: number): boolean {
    return this.#words[(map.POLLS + index * map.POLL_OCTETS) / 4 + 1] >>> 16 !== 0;
  }

  #fail(call: string): void {
    const errno = lastErrno();
    if (errno !== EINTR) this.fault = `${call}: ${errnoName(errno)}`;
  }
}

/** The word of an event that says its place. */
function eventPlace(index: number): number {
  return (map.EPOLL_EVENTS + index * EPOLL_EVENT_OCTETS + EPOLL_EVENT_DATA) / 4;
}
