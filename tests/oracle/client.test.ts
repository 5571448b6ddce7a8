// The generated client against a running server on a real port.

import { expect, test } from "bun:test";
import { ADMIN_TOKEN, createTestApp } from "../support/app";
import { tellStory } from "./client";
import { changeDraft, runAndRead, useToken } from "./everyday";

/** Runs a program against a server of its own. */
async function withServer<T>(run: (access: { url: string; token: string }) => Promise<T>) {
  const { app } = await createTestApp();
  app.listen({ port: 0, hostname: "127.0.0.1" });
  try {
    return await run({ url: `http://127.0.0.1:${app.server?.port}`, token: ADMIN_TOKEN });
  } finally {
    await app.stop(true);
  }
}

test("a client that a generator made of the document works with the server", async () => {
  const story = await withServer(tellStory);
  expect(story).toMatchObject({ status: "completed", output: "Hello Ada" });
  expect(story.agentId).toStartWith("agt_");
  expect(story.listed).toEqual([expect.stringMatching(/^exec_/)]);
  expect(story.refused).toMatchObject({ code: "UNAUTHORIZED" });
  expect(story.invalid).toMatchObject({
    code: "VALIDATION_ERROR",
    details: [{ path: "/name", code: "INVALID" }],
  });
});

test("it makes tokens of a scope, and deletes them", async () => {
  expect(await withServer(useToken)).toEqual({
    expiresAt: "2099-01-31T09:30:00.000Z",
    names: expect.arrayContaining(["dashboard"]),
    codes: ["FORBIDDEN", "UNAUTHORIZED"],
    deleted: 204,
  });
});

test("it judges a draft without sending one, changes it by its tag, and copies it once", async () => {
  expect(await withServer(changeDraft)).toEqual({
    valid: true,
    late: "PRECONDITION_FAILED",
    copy: "drafts (copy)",
    same: true,
    replayed: "true",
  });
});

test("it waits for the end of a run, reads it by its tag, and is told that it is over", async () => {
  expect(await withServer(runAndRead)).toEqual({
    output: '{"message":"Hello"}',
    status: "completed",
    unchanged: 304,
    cancelled: "EXECUTION_FINAL",
  });
});
