// What the bench reads from strace's summary.

import { expect, test } from "bun:test";
import { sumOfCalls } from "../../bench/footprint";

const SUMMARY = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 98.10    0.061204         120       507           fdatasync
  1.90    0.001188          99        12         3 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.062392         120       519         3 total
`;

test("flushes are the calls of fsync and fdatasync, not their time, errors or sum", () => {
  expect(sumOfCalls(SUMMARY)).toBe(519);
  expect(sumOfCalls("")).toBe(0);
});
