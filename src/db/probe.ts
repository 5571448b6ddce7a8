// Whether the database takes writes at all.

import type { Db } from "./open";

/** Changes the file by one number that nothing reads, so that the commit has to reach the disk. */
export function touch(db: Db): void {
  const row = db.raw
    .query<{ version: number }, []>("select user_version as version from pragma_user_version")
    .get();
  db.raw.run(`pragma user_version = ${((row?.version ?? 0) + 1) % 1_000_000}`);
}
