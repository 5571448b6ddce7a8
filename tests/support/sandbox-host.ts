// A server in small: runs code that never ends in a child, for tests that kill it. COMMAND… is what
// starts a child.

import { silentLog } from "../../src/lib/log";
import { createSandbox } from "../../src/sandbox/sandbox";
import { callOf } from "./sandboxes";

const sandbox = createSandbox({ command: process.argv.slice(2), log: silentLog });
await sandbox.runCode(callOf("return 1"));
process.stdout.write("started\n");
await sandbox.runCode(callOf("for (;;);", { deadlineMs: 60_000 }));
