import { coverage } from "./coverage.ts";

/** `deno task conformance`: how the rows of the checklists stand; exit status 1 where one is nowhere or in two places. */
const { counts, faults } = coverage();
console.log(["", "rows", "tested", "reasoned"].map((word) => word.padStart(9)).join(""));
for (const { rfc, rows, tested, reasoned } of counts) {
  console.log(
    [`RFC ${rfc}`, rows, tested, reasoned].map((cell) => String(cell).padStart(9)).join(""),
  );
}
for (const fault of faults) console.error(fault);
Deno.exit(faults.length === 0 ? 0 : 1);
