import { type Decoded, describeWireError } from "../../core/wire/result.ts";

/** What was decoded; fails the test where there was a fault. */
export function valueOf<Value>(result: Decoded<Value>): Value {
  if (result.ok) return result.value;
  throw new Error(`Cannot decode: ${describeWireError(result.error)}`);
}

/** The fault in one line; fails the test where there was none. */
export function faultOf(result: Decoded<unknown>): string {
  if (!result.ok) return describeWireError(result.error);
  throw new Error("Decoded what should have been a fault");
}
