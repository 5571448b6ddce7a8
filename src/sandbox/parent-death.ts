// Ties the child's life to the server's on Linux: a server that is killed cannot end its children,
// and one that is busy with a user's loop does not see its input end.

import { dlopen } from "bun:ffi";

/** prctl(2). */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** Has the kernel kill this process when its parent ends; false where there is no such call. */
export function dieWithParent(): boolean {
  try {
    const { symbols } = dlopen("libc.so.6", {
      prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    });
    return symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0;
  } catch {
    // Not Linux with glibc: the end of the input ends the child once its run has ended.
    return false;
  }
}
