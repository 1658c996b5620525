import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { NONE, Waiting } from "../../cli/daemon/data_path_waiting.ts";
import { EBADF } from "../../ffi/data_path_calls.ts";
import { clearEventFd, openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { createForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { descriptorsInEpolls } from "../ffi/epoll_descriptors.ts";

const PLACES = 6;
/** One place has something in every wait, so that none lasts. */
const ALWAYS = 5;
/** As many waits as are judged at once, and how many of them make a place busy. */
const JUDGED = 16;
const MANY = 4;

/** Event descriptors at places, and what the epoll has of them, as the kernel shows it. */
class WaitingTest implements Disposable {
  readonly waiting = new Waiting(createForwarderMemory(16), PLACES);
  readonly descriptors = Array.from({ length: PLACES }, openEventFd);

  constructor() {
    this.watch(this.descriptors);
    signalEventFd(this.descriptors[ALWAYS]);
  }

  watch(descriptors: readonly number[]) {
    return this.waiting.watch(Int32Array.from(descriptors));
  }

  /** Places that the next wait finds. */
  find(): number[] {
    this.waiting.wait();
    assertEquals(this.waiting.fault, "");
    return Array.from({ length: PLACES }, (_, place) => place).filter((place) => this.isFound(place));
  }

  isFound(place: number): boolean {
    return (this.waiting.found & 1 << place) !== 0;
  }

  /** As many waits as are judged at once, after the first `large` of which these places have had much. */
  judge(large: number, ...places: readonly number[]): void {
    for (let wait = 0; wait < JUDGED; wait++) {
      this.find();
      if (wait < large) { for (const place of places) this.waiting.noteLarge(place); }
    }
  }

  /** Places whose descriptors are in the epoll; those of the others poll() waits for. */
  inEpoll(): number[] {
    const inEpolls = descriptorsInEpolls();
    return [...this.descriptors.keys()].filter((place) => inEpolls.has(this.descriptors[place]));
  }

  [Symbol.dispose](): void {
    this.waiting.close();
    for (const descriptor of this.descriptors) closeFileDescriptor(descriptor);
  }
}

Deno.test("a place that often has much leaves the epoll, and comes back when it has little; it is found all the time", () => {
  using test = new WaitingTest();
  signalEventFd(test.descriptors[2]);
  assertEquals(test.find(), [2, ALWAYS]);
  test.judge(MANY - 1, 2);
  test.judge(0);
  assertEquals(test.inEpoll(), [0, 1, 2, 3, 4, ALWAYS], "too seldom");
  test.judge(MANY, 2);
  assertEquals(test.find(), [2, ALWAYS]);
  assertEquals(test.inEpoll(), [0, 1, 3, 4, ALWAYS]);
  clearEventFd(test.descriptors[2]);
  assertEquals(test.find(), [ALWAYS]);
  test.judge(1, 2);
  assertEquals(test.inEpoll(), [0, 1, 3, 4, ALWAYS], "once is enough to stay");
  test.judge(0);
  test.judge(0);
  assertEquals(test.inEpoll(), [0, 1, 2, 3, 4, ALWAYS]);
  signalEventFd(test.descriptors[2]);
  assertEquals(test.find(), [2, ALWAYS]);
});

Deno.test("there is room for three busy places; the epoll keeps the others, and all are found", () => {
  using test = new WaitingTest();
  for (const descriptor of test.descriptors) signalEventFd(descriptor);
  test.judge(JUDGED, 0, 1, 2, 3, 4);
  test.find();
  assertEquals(test.inEpoll(), [3, 4, ALWAYS]);
  assertEquals(test.find(), [0, 1, 2, 3, 4, ALWAYS]);
});

Deno.test("a busy descriptor that goes is waited for no more, and one that takes its place is", () => {
  using test = new WaitingTest();
  test.judge(JUDGED, 0, 1);
  test.find();
  signalEventFd(test.descriptors[0]);
  signalEventFd(test.descriptors[1]);
  const [zero, , ...others] = test.descriptors;
  test.watch([NONE, zero, ...others]);
  assertEquals(test.find(), [1, ALWAYS]);
  assertEquals(test.inEpoll(), [0, 2, 3, 4, ALWAYS], "descriptor 0, at place 1");
  test.waiting.noteLarge(0);
  test.judge(JUDGED, 0);
  assertEquals(test.find(), [1, ALWAYS], "nobody is at place 0");
});

Deno.test("what was found stays found where the descriptor stays, and is not where it goes", () => {
  using test = new WaitingTest();
  signalEventFd(test.descriptors[0]);
  signalEventFd(test.descriptors[1]);
  assertEquals(test.find(), [0, 1, ALWAYS]);
  test.watch([NONE, ...test.descriptors.slice(1)]);
  assert(!test.isFound(0) && test.isFound(1));
});

Deno.test("a closed descriptor is named with its place", () => {
  using test = new WaitingTest();
  const closed = openEventFd();
  closeFileDescriptor(closed);
  assertEquals(test.watch([...test.descriptors.slice(0, 3), closed, ...test.descriptors.slice(4)]), {
    errno: EBADF,
    place: 3,
  });
});

Deno.test("a busy descriptor that is closed too early is found, so that reading tells", () => {
  using test = new WaitingTest();
  const other = openEventFd();
  test.watch([other, ...test.descriptors.slice(1)]);
  test.judge(JUDGED, 0);
  test.find();
  closeFileDescriptor(other);
  assertEquals(test.find(), [0, ALWAYS]);
  for (let wait = 0; wait < 2 * JUDGED && test.waiting.fault === ""; wait++) test.waiting.wait();
  assertEquals(test.waiting.fault, "epoll_ctl: EBADF", "as soon as it is to go back");
});

Deno.test("property: whatever is busy, a wait finds exactly what is readable", () => {
  const step = fc.record({
    signalled: fc.uniqueArray(fc.nat(ALWAYS - 1)),
    large: fc.uniqueArray(fc.nat(ALWAYS - 1)),
    times: fc.integer({ min: 1, max: 2 * JUDGED }),
    left: fc.uniqueArray(fc.nat(ALWAYS - 1)),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
    using test = new WaitingTest();
    for (const { signalled, large, times, left } of steps) {
      test.watch(test.descriptors.map((descriptor, place) => left.includes(place) ? NONE : descriptor));
      for (const descriptor of test.descriptors.slice(0, ALWAYS)) clearEventFd(descriptor);
      for (const place of signalled) signalEventFd(test.descriptors[place]);
      const expected = [...signalled.filter((place) => !left.includes(place)).toSorted(), ALWAYS];
      for (let time = 0; time < times; time++) {
        assertEquals(test.find(), expected);
        for (const place of large) test.waiting.noteLarge(place);
      }
    }
  }));
});
