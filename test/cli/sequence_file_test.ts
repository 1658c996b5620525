import { assertEquals } from "@std/assert";
import { SequenceFile } from "../../cli/esp/sequence_file.ts";
import { associationName, type EspProtection } from "../../core/control/esp/security_association.ts";

const ONE: EspProtection = { spi: 1001, source: "2001:db8:100::100", destination: "2001:db8:100::1" };
const OTHER: EspProtection = {
  spi: 0xffff_fff0,
  source: "2001:db8:100::1",
  destination: "2001:db8:100::100",
};
const [NAME, OTHER_NAME] = [associationName(ONE), associationName(OTHER)];
const NOTHING = { nextToSend: 0, packetsSent: 0, highestReceived: 0 };
const NUMBERS = { nextToSend: 2 ** 33 + 1, packetsSent: 64, highestReceived: 2 ** 40 };

function inFolder(body: (path: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    body(`${folder}/state/run-ha.sock.esp`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function open(path: string, associations: readonly EspProtection[], faults: unknown[] = []) {
  const file = new SequenceFile({ path, onFault: (error) => faults.push(error) });
  const isWhole = file.prepare(associations);
  return { file, isWhole, faults, [Symbol.dispose]: () => file[Symbol.dispose]() };
}

Deno.test("sequence numbers of ESP: what is stored is there after a restart, killed or not", () => {
  inFolder((path) => {
    using first = open(path, [ONE, OTHER]);
    assertEquals([first.isWhole, first.faults], [false, []]);
    assertEquals(first.file.recall(NAME), NOTHING);
    first.file.store(NAME, NUMBERS);
    first.file.store(OTHER_NAME, { highestReceived: 7 });
    first.file.store(OTHER_NAME, { nextToSend: 9 });
    // The first is not closed: it was killed.
    using second = open(path, [OTHER, ONE]);
    assertEquals(second.isWhole, true);
    assertEquals(second.file.recall(NAME), NUMBERS);
    assertEquals(second.file.recall(OTHER_NAME), { ...NOTHING, highestReceived: 7, nextToSend: 9 });
  });
});

Deno.test("sequence numbers of ESP: only the user reads the file, and it does not grow", () => {
  inFolder((path) => {
    using one = open(path, [ONE, OTHER]);
    const { mode, size } = Deno.statSync(path);
    assertEquals(mode! & 0o777, 0o600);
    for (let number = 1; number < 200; number++) one.file.store(NAME, { highestReceived: number });
    assertEquals(Deno.statSync(path).size, size);
    assertEquals(size, 16 + 2 * 64);
  });
});

Deno.test("sequence numbers of ESP: those of an association that was removed come back with it", () => {
  inFolder((path) => {
    using one = open(path, [ONE, OTHER]);
    one.file.store(NAME, NUMBERS);
    one.file.prepare([OTHER]);
    one.file.store(OTHER_NAME, { highestReceived: 3 });
    one.file.prepare([ONE, OTHER]);
    assertEquals(one.file.recall(NAME), NUMBERS);
    assertEquals(one.file.recall(OTHER_NAME).highestReceived, 3);
    assertEquals(one.faults, []);
  });
});

Deno.test("sequence numbers of ESP: a file that cannot be made is told once, and memory serves", () => {
  inFolder((path) => {
    Deno.mkdirSync(`${path}.new/full`, { recursive: true });
    using one = open(path, [ONE]);
    assertEquals([one.isWhole, one.faults.length], [false, 1]);
    one.file.store(NAME, NUMBERS);
    assertEquals(one.file.recall(NAME), NUMBERS);
    assertEquals(one.faults.length, 1);
    // It is tried again when the associations change.
    Deno.removeSync(`${path}.new`, { recursive: true });
    one.file.prepare([ONE]);
    using second = open(path, [ONE]);
    assertEquals(second.file.recall(NAME), NUMBERS);
  });
});

Deno.test("sequence numbers of ESP: a cut off record, another layout, no record", () => {
  inFolder((path) => {
    {
      using one = open(path, [ONE, OTHER]);
      one.file.store(NAME, NUMBERS);
      one.file.store(OTHER_NAME, NUMBERS);
    }
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    {
      using cut = open(path, [ONE, OTHER]);
      assertEquals([cut.file.recall(NAME), cut.file.recall(OTHER_NAME)], [NUMBERS, NOTHING]);
      assertEquals([cut.isWhole, cut.faults], [false, []]);
    }
    Deno.writeFileSync(path, new Uint8Array(300).fill(1));
    using other = open(path, [ONE, OTHER]);
    assertEquals([other.file.recall(NAME), other.faults], [NOTHING, []]);
    assertEquals(other.isWhole, false);
  });
});

Deno.test("sequence numbers of ESP: a file that others can write is not believed, and a link that waits for the next one is not followed", () => {
  inFolder((path) => {
    {
      using one = open(path, [ONE]);
      one.file.store(NAME, NUMBERS);
    }
    Deno.chmodSync(path, 0o666);
    const elsewhere = `${path}.elsewhere`;
    Deno.writeTextFileSync(elsewhere, "of somebody else");
    Deno.symlinkSync(elsewhere, `${path}.new`);
    using again = open(path, [ONE]);
    assertEquals([again.isWhole, again.file.recall(NAME), again.faults], [false, NOTHING, []]);
    assertEquals(Deno.readTextFileSync(elsewhere), "of somebody else");
    assertEquals(Deno.lstatSync(path).mode! & 0o777, 0o600);
  });
});

Deno.test({
  name: "sequence numbers of ESP: nor one of another user (root)",
  ignore: Deno.uid() !== 0,
  fn() {
    inFolder((path) => {
      {
        using one = open(path, [ONE]);
        one.file.store(NAME, NUMBERS);
      }
      Deno.chownSync(path, 65534, 65534);
      using again = open(path, [ONE]);
      assertEquals([again.isWhole, again.file.recall(NAME), again.faults], [false, NOTHING, []]);
      assertEquals(Deno.statSync(path).uid, 0);
    });
  },
});

Deno.test({
  name: "sequence numbers of ESP: a full disk does not stop numbers in a file that is there",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn() {
    const folder = Deno.makeTempDirSync();
    const run = (...args: string[]) =>
      new Deno.Command(args[0], { args: args.slice(1) }).outputSync().success;
    if (!run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder)) return Deno.removeSync(folder);
    try {
      const path = `${folder}/ha.esp`;
      using one = open(path, [ONE, OTHER]);
      using filler = Deno.openSync(`${folder}/filler`, { write: true, create: true });
      try {
        for (;;) filler.writeSync(new Uint8Array(1024));
      } catch {
        // Full.
      }
      one.file.store(NAME, NUMBERS);
      using second = open(path, [ONE]);
      assertEquals(second.file.recall(NAME), NUMBERS);
      second.file.store(NAME, { highestReceived: 5 });
      using third = open(path, [ONE, OTHER]);
      assertEquals(third.file.recall(NAME), { ...NUMBERS, highestReceived: 5 });
      assertEquals([one.faults, second.faults, third.faults], [[], [], []]);
    } finally {
      run("umount", "-l", folder);
      Deno.removeSync(folder);
    }
  },
});

Deno.test("sequence numbers of ESP: what memory knows counts for more than an older file, and a cut off one is made whole", () => {
  inFolder((path) => {
    using one = open(path, [ONE, OTHER]);
    const older = Deno.readFileSync(path);
    one.file.store(NAME, NUMBERS);
    Deno.writeFileSync(path, older.subarray(0, older.length - 1));
    assertEquals(one.file.prepare([ONE]), false);
    assertEquals(one.file.recall(NAME), NUMBERS);
    assertEquals(Deno.statSync(path).size, 16 + 64);
    using second = open(path, [ONE]);
    assertEquals([second.isWhole, second.file.recall(NAME)], [true, NUMBERS]);
  });
});

Deno.test("sequence numbers of ESP: of associations that are not in use any more no more than 65,536 are kept", () => {
  inFolder((path) => {
    {
      using one = open(path, [ONE]);
      one.file.store(NAME, NUMBERS);
    }
    const [start, record] = [Deno.readFileSync(path).subarray(0, 16), Deno.readFileSync(path).subarray(16)];
    const bytes = new Uint8Array(16 + 65_536 * 64);
    bytes.set(start);
    for (let index = 0; index < 65_536; index++) {
      bytes.set(record, 16 + index * 64);
      new DataView(bytes.buffer).setUint32(16 + index * 64, ONE.spi + index);
    }
    Deno.writeFileSync(path, bytes);
    using one = open(path, [ONE, OTHER]);
    assertEquals([one.isWhole, one.faults, one.file.recall(NAME)], [true, [], NUMBERS]);
    assertEquals(Deno.statSync(path).size, bytes.length);
  });
});
