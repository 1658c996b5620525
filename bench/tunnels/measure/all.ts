import type { Measurement } from "../subject.ts";
import { fixed } from "./fixed.ts";
import { floodLarge, floodSmall } from "./flood.ts";
import { roamBoth, roamReceiving } from "./roam.ts";
import { rtt } from "./rtt.ts";
import { tcp } from "./tcp.ts";

/** All but the start, in their order. */
export const MEASUREMENTS: readonly Measurement[] = [
  rtt,
  tcp,
  fixed,
  floodSmall,
  floodLarge,
  roamBoth,
  roamReceiving,
];
