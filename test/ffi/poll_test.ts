import { assert, assertEquals, assertRejects } from "@std/assert";
import { clearEventFd, openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { POLLIN, POLLNVAL, PollSet, ReadableWaiter } from "../../ffi/poll.ts";

Deno.test("an event descriptor is readable from signal to clear", () => {
  const event = openEventFd();
  const pollSet = new PollSet([{ fileDescriptor: event, events: POLLIN }]);
  assertEquals(pollSet.wait(0), 0);
  signalEventFd(event);
  signalEventFd(event);
  assertEquals(pollSet.wait(0), 1);
  assertEquals(pollSet.returnedEvents(0), POLLIN);
  assertEquals(clearEventFd(event), true);
  assertEquals(clearEventFd(event), false);
  assertEquals(pollSet.wait(0), 0);
  closeFileDescriptor(event);
});

Deno.test("a poll set tells which descriptor is ready, skips -1 and names a closed one", () => {
  const first = openEventFd();
  const second = openEventFd();
  signalEventFd(first);
  signalEventFd(second);
  const pollSet = new PollSet([first, second].map((fileDescriptor) => ({ fileDescriptor, events: POLLIN })));
  pollSet.setFileDescriptor(0, -1);
  assertEquals(pollSet.wait(0), 1);
  assertEquals([pollSet.returnedEvents(0), pollSet.returnedEvents(1)], [0, POLLIN]);
  closeFileDescriptor(second);
  assertEquals(pollSet.wait(0), 1);
  assertEquals(pollSet.returnedEvents(1), POLLNVAL);
  closeFileDescriptor(first);
});

Deno.test("waiting leaves the event loop free, and ends when the descriptor becomes readable", async () => {
  const event = openEventFd();
  const waiter = new ReadableWaiter(event);
  setTimeout(() => signalEventFd(event), 5);
  assertEquals(await waiter.wait(5000), "readable");
  clearEventFd(event);
  const begin = performance.now();
  assertEquals(await waiter.wait(20), "timeout");
  assert(performance.now() - begin >= 20);
  await waiter.close();
  closeFileDescriptor(event);
});

Deno.test("cancelling ends a wait that has no time limit, and every later one", async () => {
  const event = openEventFd();
  const waiter = new ReadableWaiter(event);
  const waiting = waiter.wait();
  await assertRejects(() => waiter.wait(), Error, "twice");
  setTimeout(() => waiter.cancel(), 5);
  assertEquals(await waiting, "cancelled");
  assertEquals(await waiter.wait(), "cancelled");
  await waiter.close();
  closeFileDescriptor(event);
});

Deno.test("closing a waiter ends the wait that is under way", async () => {
  const event = openEventFd();
  const waiter = new ReadableWaiter(event);
  const waiting = waiter.wait();
  await waiter.close();
  assertEquals(await waiting, "cancelled");
  closeFileDescriptor(event);
});
