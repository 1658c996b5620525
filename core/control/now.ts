/** The instant at which an event is handled. Time is always an argument in core. */
export interface Now {
  /** Milliseconds of a clock that never jumps; every deadline is on this clock. */
  readonly monotonicMs: number;
  /**
   * Milliseconds since 1970, from the wall clock. For the timestamp of RFC 4285 section 6 it is not set back while a home agent
   * runs: it would take no timestamp until the clock had caught up. For keys that begin and end it is what the clock says now.
   */
  readonly unixMs: number;
}
