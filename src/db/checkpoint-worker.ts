// The Worker that copies the log's pages into the database file, on a connection of its own. It
// writes nothing that is not in the log, and changes no data.

import { Database } from "bun:sqlite";

/** What it is asked: to copy what is in the log, or to close its connection for good. */
export type CheckpointRequest = { path: string } | "close";

/** That it has done so, or the code of SQLite's error. */
export interface CheckpointReply {
  error: string | null;
}

declare const self: Worker;

let connection: Database | null = null;

function open(path: string): Database {
  const database = new Database(path, { create: false, readwrite: true, strict: true });
  database.run("pragma busy_timeout = 0");
  // The log is on disk before its pages are copied, and these before it is written anew.
  database.run("pragma synchronous = full");
  return database;
}

function answer(request: CheckpointRequest): void {
  if (request === "close") {
    connection?.close();
    connection = null;
    return;
  }
  connection ??= open(request.path);
  connection.query("pragma wal_checkpoint(passive)").get();
}

self.addEventListener("message", ({ data }: MessageEvent<CheckpointRequest>) => {
  let error: string | null = null;
  try {
    answer(data);
  } catch (thrown) {
    error = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "UNKNOWN";
  }
  const reply: CheckpointReply = { error };
  self.postMessage(reply);
});
