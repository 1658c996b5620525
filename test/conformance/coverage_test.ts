import { assertEquals } from "@std/assert";
import { coverage, expandRows, rowsOf, testedRows } from "./coverage.ts";
import { CHECKLISTS } from "./rows.ts";

/** The checklist with the texts lies beside the repository where there is one. */
const CHECKLIST = new URL("../../../shared/musts.md", import.meta.url);

function checklistText(): string | undefined {
  try {
    return Deno.readTextFileSync(CHECKLIST);
  } catch {
    return undefined;
  }
}

Deno.test("each row of the checklists has a test or a reason, not both, and no test names another row", () => {
  assertEquals(coverage().faults, []);
});

Deno.test("a row that is nowhere, in two places or unknown is a fault", () => {
  const row = (number: number) => ["M", String(number).padStart(3, "0")].join("-");
  const tested = testedRows();
  tested.delete(row(459));
  tested.add(row(7)).add(row(999));
  assertEquals(coverage(tested).faults, [
    `${row(7)} has a test and a reason`,
    `${row(459)} has neither a test nor a reason`,
    `${row(999)} is in no checklist, but has a test`,
  ]);
});

Deno.test("ranges of rows", () => {
  const [letter, word] = ["M", "X"];
  assertEquals(
    expandRows(`${letter}-099-101 ${word}-007`),
    [99, 100, 101].map((n) => `${letter}-${String(n).padStart(3, "0")}`).concat(`${word}-007`),
  );
});

const text = checklistText();
Deno.test({
  name: "the rows are those of the checklist, in their sections",
  ignore: text === undefined,
  fn: () => {
    for (const { letter, sections } of CHECKLISTS) {
      const listed = Object.entries(sections).flatMap(([section, ranges]) =>
        rowsOf({ rfc: 0, letter, sections: { [section]: ranges } }).map((row) => `${row} ${section}`)
      );
      const wanted = [...text!.matchAll(new RegExp(`^\\| (${letter}-\\d{3}) \\| (\\S+) \\|`, "gm"))]
        .map(([, row, section]) => `${row} ${section}`);
      assertEquals(listed.sort(), wanted.sort());
    }
  },
});
