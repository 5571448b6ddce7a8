// A full disk, as SQLite reports one: the database may not grow any more.

import { createHash } from "node:crypto";
import type { Db } from "../../src/db/open";

/** From now on what needs a new page fails with SQLITE_FULL; reading goes on. */
export function fillDisk(db: Db): void {
  const row = db.raw.query<{ page_count: number }, []>("pragma page_count").get();
  db.raw.run(`pragma max_page_count = ${row?.page_count ?? 1}`);
}

/** There is room again. */
export function freeDisk(db: Db): void {
  db.raw.run("pragma max_page_count = 1000000");
}

/** JSON of 256 KiB that does not compress to nothing, so that it needs new pages. */
export function largeBody(): string {
  const pieces = Array.from({ length: 4096 }, (_, at) =>
    createHash("sha256").update(`piece ${at}`).digest("hex"),
  );
  return JSON.stringify(pieces.join(""));
}
