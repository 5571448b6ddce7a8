// The model stub as its own process, as tests of the binary use it.

import { expect, test } from "bun:test";

test("the stub in its own process holds, counts and releases calls over its control routes", async () => {
  const process = Bun.spawn(["bun", `${import.meta.dir}/../support/model-stub.ts`], {
    stdout: "pipe",
  });
  const reader = process.stdout.getReader();
  const line = Buffer.from((await reader.read()).value ?? []).toString();
  const { port, baseUrl }: { port: number; baseUrl: string } = JSON.parse(line);
  const control = `http://127.0.0.1:${port}/control`;
  const ask = (prompt: string) =>
    fetch(`${baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "Idempotency-Key": prompt },
      body: JSON.stringify({ model: "hold", messages: [{ role: "user", content: prompt }] }),
    });
  const answers = [ask("a"), ask("b"), ask("c")];
  const waited = await (await fetch(`${control}/wait?calls=3&open=3`)).json();
  expect(waited).toMatchObject({ open: 3, peak: 3, calls: [{ number: 1 }, {}, {}] });
  await fetch(`${control}/release?count=1`, { method: "POST" });
  expect(await (await fetch(`${control}/wait?open=2`)).json()).toMatchObject({ open: 2, peak: 3 });
  await fetch(`${control}/release?for=ever`, { method: "POST" });
  answers.push(ask("d"));
  for (const answer of answers) expect(await (await answer).text()).toContain("[DONE]");
  const { calls }: { calls: { prompt: string; headers: Record<string, string> }[] } = JSON.parse(
    await (await fetch(`${control}/calls`)).text(),
  );
  expect(calls.map(({ prompt }) => prompt).toSorted()).toEqual(["a", "b", "c", "d"]);
  for (const call of calls) expect(call.headers["idempotency-key"]).toBe(call.prompt);
  process.kill();
  await process.exited;
});
