import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { enterNetworkNamespace, inNetworkNamespace, openNetworkNamespace } from "../../ffi/namespace.ts";

export const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

let count = 0;

/** A network namespace of its own for one test, with loopback up. */
export class TestNamespace {
  readonly name = `dsmffi-${Deno.pid}-${count++}`;

  constructor() {
    run("ip", "netns", "add", this.name);
    this.ip("link", "set", "lo", "up");
  }

  /** Synchronous calls of the test thread, inside. */
  enter<Result>(action: () => Result): Result {
    return inNetworkNamespace(this.name, action);
  }

  /** `ip ...` inside; what it printed. */
  ip(...args: string[]): string {
    return run("ip", "-n", this.name, ...args);
  }

  // deno-lint-ignore no-explicit-any -- the shape is that of iproute2's JSON
  ipJson(...args: string[]): any[] {
    return JSON.parse(this.ip("-json", ...args) || "[]");
  }

  /** Any program inside; what it printed. */
  run(program: string, ...args: string[]): string {
    return run("ip", "netns", "exec", this.name, program, ...args);
  }

  remove(): void {
    run("ip", "netns", "del", this.name);
  }
}

export function run(program: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** A test as root with a namespace that is removed afterwards. */
export function testInNamespace(
  name: string,
  body: (namespace: TestNamespace) => Promise<void> | void,
): void {
  Deno.test({
    name: `${name} (root)`,
    ignore: !isRoot,
    fn: async () => {
      const namespace = new TestNamespace();
      try {
        await body(namespace);
      } finally {
        namespace.remove();
      }
    },
  });
}

/**
 * The same, with the test thread inside for the whole test, across awaits. Only this thread: what Deno does
 * on its own threads stays outside.
 */
export function testInsideNamespace(
  name: string,
  body: (namespace: TestNamespace) => Promise<void> | void,
): void {
  testInNamespace(name, async (namespace) => {
    const outside = openNetworkNamespace("/proc/thread-self/ns/net");
    const inside = openNetworkNamespace(namespace.name);
    enterNetworkNamespace(inside);
    try {
      await body(namespace);
    } finally {
      enterNetworkNamespace(outside);
      closeFileDescriptor(inside);
      closeFileDescriptor(outside);
    }
  });
}

/** Ends a program that may have ended by itself, and waits for it. */
export async function endChild(child: Deno.ChildProcess, signal: Deno.Signal): Promise<void> {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
}

/** Polls for a state. @throws when it has not come within `limitMs` */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 3000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
