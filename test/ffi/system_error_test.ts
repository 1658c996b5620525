import { constants } from "node:os";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { check, errnoName, SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { unsupportedPlatform } from "../../ffi/load_libc.ts";

Deno.test("errno numbers have their usual names, also where two names share a number", () => {
  assertEquals(errnoName(1), "EPERM");
  assertEquals(errnoName(11), "EAGAIN");
  assertEquals(errnoName(95), "EOPNOTSUPP");
  assertEquals(errnoName(133), "EHWPOISON");
  for (const errno of [0, 41, 58, 134, 4321, -1]) assertEquals(errnoName(errno), `errno ${errno}`);
  const secondNames = ["EWOULDBLOCK", "ENOTSUP"];
  for (const [name, errno] of Object.entries(constants.errno)) {
    if (!secondNames.includes(name)) assertEquals(errnoName(errno), name);
  }
});

Deno.test("a failed call throws what was tried, the kernel's reason and the advice", () => {
  const error = assertThrows(
    () =>
      check(libc.close(-1), "close", "close nothing", (errno) => errno === 9 ? "Open it first" : undefined),
    SystemError,
  );
  assertEquals(error.message, "Cannot close nothing: Bad file descriptor (close: EBADF). Open it first");
  assertEquals([error.call, error.errno, error.errnoName], ["close", 9, "EBADF"]);
});

Deno.test("closing a descriptor twice is an error", () => {
  const fileDescriptor = libc.eventfd(0, 0);
  assert(fileDescriptor >= 0);
  closeFileDescriptor(fileDescriptor);
  assertThrows(() => closeFileDescriptor(fileDescriptor), SystemError, "EBADF");
});

Deno.test("other systems and processors are refused by name", () => {
  assertEquals(unsupportedPlatform("linux", "x86_64"), undefined);
  assertEquals(unsupportedPlatform("linux", "aarch64"), undefined);
  assertStringIncludes(unsupportedPlatform("darwin", "aarch64")!, "darwin");
  assertStringIncludes(unsupportedPlatform("linux", "riscv64")!, "riscv64");
});
