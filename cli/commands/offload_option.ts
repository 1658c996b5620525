import { InvalidArgumentError, Option } from "commander";
import { messageOf } from "../output/fault.ts";
import {
  ALL_OFFLOADS,
  NO_OFFLOADS,
  OFFLOAD_NAMES,
  type Offloads,
  parseOffloads,
} from "../daemon/offloads.ts";

/** `--offload NAMES` and `--no-offload` of the daemons: for tests, and for a kernel whose offloads are broken. */
export function offloadOption(): Option<"--offload <names>", undefined, undefined, Offloads> {
  const names = Object.keys(OFFLOAD_NAMES).join(", ");
  return new Option("--offload <names>", `use only these of the kernel's offloads: ${names}`)
    .argParser((text) => {
      try {
        return parseOffloads(text);
      } catch (error) {
        throw new InvalidArgumentError(messageOf(error));
      }
    });
}

export function noOffloadOption(): Option<"--no-offload"> {
  return new Option("--no-offload", "use none of the kernel's offloads: a packet at a time");
}

/** What the two options say together. */
export function chosenOffloads(option: Offloads | boolean | undefined): Offloads {
  if (option === false) return NO_OFFLOADS;
  return option === undefined || option === true ? ALL_OFFLOADS : option;
}
