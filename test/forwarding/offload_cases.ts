import type { ForwardingCase } from "./case_tools.ts";
import { checksumCases } from "./checksum_cases.ts";
import { messageCases } from "./message_cases.ts";
import { outerFragmentCases } from "./outer_fragment_cases.ts";
import { segmentFragmentCases } from "./segment_fragment_cases.ts";
import { segmentTooBigCases } from "./segment_too_big_cases.ts";
import { segmentationCases } from "./segmentation_cases.ts";
import { tcpMergingCases } from "./tcp_merging_cases.ts";
import { udpMergingCases } from "./udp_merging_cases.ts";

/** Correct under offload: what the kernel leaves to us, or takes from us, is what it would have done itself. */
export const OUTBOUND_OFFLOAD_CASES: readonly ForwardingCase[] = [
  ...checksumCases,
  ...segmentationCases,
  ...segmentTooBigCases,
  ...segmentFragmentCases,
  ...outerFragmentCases,
  ...messageCases,
];

export const INBOUND_OFFLOAD_CASES: readonly ForwardingCase[] = [...tcpMergingCases, ...udpMergingCases];
