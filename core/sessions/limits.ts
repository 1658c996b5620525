/** Our own limits: what a capture can make the session tracker keep. Together they stay below 60 MB. */

/** Mobile nodes; messages of further ones are counted, not followed. */
export const MAXIMUM_MOBILE_NODES = 4_096;
/** Addresses of tunnelled packets whose mobile node has not said anything yet. */
export const MAXIMUM_EARLY_ADDRESSES = 2_048;
/** Entries (exchanges, handovers, mappings, errors) kept of one mobile node, and of all together. */
export const MAXIMUM_ENTRIES_OF_ONE = 1_000;
export const MAXIMUM_ENTRIES = 10_000;
/** Binding Updates of one mobile node that wait for their answer. */
export const MAXIMUM_PENDING = 8;
/** Measured values of one kind and one mobile node; beyond this every second one goes. */
export const MAXIMUM_SAMPLES = 512;
/** Bindings of one mobile node at the same time (RFC 5648). */
export const MAXIMUM_BINDINGS = 16;
/** Prefixes of one message, and different prefix lengths in one capture. */
export const MAXIMUM_PREFIXES = 8;
/** Mobile network prefixes and IPv4 home addresses in one capture. */
export const MAXIMUM_EXTRA_ADDRESSES = 16_384;
/** Handovers of one mobile node whose gaps are measured at the same time. */
export const MAXIMUM_OPEN_HANDOVERS = 4;
/** Mobile nodes whose data are kept for a plot, and points of each of their series. */
export const MAXIMUM_PLOTTED = 8;
export const MAXIMUM_POINTS = 8_192;
