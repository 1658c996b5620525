import { decode } from "../../../cli/commands/decode_packets.ts";
import { Failure } from "../../../cli/output/fault.ts";
import type { FuzzTarget } from "../engine/target.ts";

const CAPTURES = new URL("../captures/", import.meta.url);
const FORMS = [{}, { verbose: true }, { format: "json" }, { hexDump: true }] as const;

/** Capture files, read as `dsmip decode` does; the first octet says how they are shown. */
export const capture: FuzzTarget = {
  name: "capture",
  maximumOctets: 8192,
  seeds: () =>
    [...Deno.readDirSync(CAPTURES)].map(({ name }) => name).sort()
      .map((name, index) => Uint8Array.of(index, ...Deno.readFileSync(new URL(name, CAPTURES)))),
  run(input) {
    let rest: Uint8Array | undefined = input.subarray(1);
    const source = {
      readSync(buffer: Uint8Array): number | null {
        if (rest === undefined) return null;
        const octets = rest.length;
        buffer.set(rest);
        rest = undefined;
        return octets;
      },
    };
    const form = FORMS[(input[0] ?? 0) % FORMS.length];
    try {
      decode(source, { writeSync: (bytes) => bytes.length }, { name: "input", ...form });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  },
};
