// What SQLite has written to a database's log: the commits that are in it, counted from its bytes.

import { existsSync, readFileSync } from "node:fs";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Commits in the write-ahead log beside `path` (sqlite.org/fileformat2.html, section 4.1): frames of
 * the current salt whose second word, the size of the database after a commit, is not zero.
 */
export function countCommits(path: string): number {
  const file = `${path}-wal`;
  if (!existsSync(file)) return 0;
  const bytes = readFileSync(file);
  if (bytes.length < HEADER_BYTES) return 0;
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(8);
  const salt = bytes.subarray(16, 24);
  let commits = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    if (!bytes.subarray(at + 8, at + 16).equals(salt)) break;
    if (bytes.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
