// The generated client against a running server on a real port.

import { expect, test } from "bun:test";
import { ADMIN_TOKEN, createTestApp } from "../support/app";
import { tellStory } from "./client";

test("a client that a generator made of the document works with the server", async () => {
  const { app } = await createTestApp();
  app.listen({ port: 0, hostname: "127.0.0.1" });
  try {
    const url = `http://127.0.0.1:${app.server?.port}`;
    const story = await tellStory({ url, token: ADMIN_TOKEN });
    expect(story).toMatchObject({ status: "completed", output: "Hello Ada" });
    expect(story.agentId).toStartWith("agt_");
    expect(story.listed).toEqual([expect.stringMatching(/^exec_/)]);
    expect(story.refused).toMatchObject({ code: "UNAUTHORIZED" });
    expect(story.invalid).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "/name", code: "INVALID" }],
    });
  } finally {
    await app.stop(true);
  }
});
