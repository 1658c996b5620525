/** The part of @std/assert that the tests use; its npm publication comes without types. */
export function assert(expression: unknown, message?: string): asserts expression;
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
): void;
export function assertEquals<Value>(actual: Value, expected: Value, message?: string): void;
export function assertMatch(actual: string, expected: RegExp, message?: string): void;
export function assertNotEquals<Value>(actual: Value, expected: Value, message?: string): void;
export function assertStringIncludes(actual: string, expected: string, message?: string): void;
export function assertThrows<Fault extends Error = Error>(
  action: () => unknown,
  // deno-lint-ignore no-explicit-any
  kind?: abstract new (...parameters: any[]) => Fault,
  messageIncludes?: string,
  message?: string,
): Fault;
export function assertRejects<Fault extends Error = Error>(
  action: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  kind?: abstract new (...parameters: any[]) => Fault,
  messageIncludes?: string,
  message?: string,
): Promise<Fault>;
