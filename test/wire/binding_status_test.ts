import { assert, assertEquals } from "@std/assert";
import {
  bindingErrorStatusName,
  BindingStatusCode,
  bindingStatusName,
  FIRST_REFUSAL_STATUS,
  ipv4AddressStatusName,
} from "../../core/wire/binding_status.ts";

Deno.test("every status of the registry has its name, every other number says what it means", () => {
  const assigned = [...range(0, 6), ...range(128, 180)];
  const names = new Set<string>();
  for (let status = 0; status <= 255; status++) {
    const name = bindingStatusName(status);
    if (assigned.includes(status)) {
      assert(!name.startsWith("unassigned"), `${status}`);
      names.add(name);
    } else {
      assertEquals(name, status < FIRST_REFUSAL_STATUS ? "unassigned, accepted" : "unassigned, refused");
    }
  }
  assertEquals(names.size, assigned.length);
});

Deno.test("names that the control path goes by", () => {
  assertEquals(bindingStatusName(BindingStatusCode.accepted), "Binding Update accepted");
  assertEquals(
    bindingStatusName(BindingStatusCode.sequenceNumberOutOfWindow),
    "Sequence number out of window",
  );
  assertEquals(bindingStatusName(BindingStatusCode.identificationMismatch), "MIPV6-ID-MISMATCH");
  assertEquals(bindingStatusName(BindingStatusCode.authenticationFailed), "MIPV6-AUTH-FAIL");
  assertEquals(
    bindingStatusName(BindingStatusCode.notHomeAgentForThisMobileNode),
    "Not home agent for this mobile node",
  );
  assertEquals(bindingStatusName(BindingStatusCode.invalidCareOfAddress), "Invalid Care-of Address");
  assertEquals(bindingErrorStatusName(1), "Unknown binding for Home Address destination option");
  assertEquals(bindingErrorStatusName(2), "Unrecognized MH Type value");
  assertEquals(bindingErrorStatusName(3), "unassigned");
  assertEquals(ipv4AddressStatusName(132), "Dynamic IPv4 home address assignment not available");
  assertEquals(ipv4AddressStatusName(134), "unassigned, refused");
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
