import { expect, test } from "bun:test";
import { didYouMean, quoteName, suggestName } from "../../src/pipelines/suggest";

const FIELDS = ["providerId", "userPromptTemplate", "model", "systemPrompt", "temperature"];

test.each([
  ["providerID", "providerId"],
  ["temprature", "temperature"],
  ["modle", "model"],
  ["promptTemplate", "userPromptTemplate"],
  ["schedule", null],
  ["x", null],
  ["p".repeat(100), null],
])("%s is taken for %p", (written, expected) => {
  expect(suggestName(written, FIELDS)).toBe(expected);
});

test("the nearest of several near names is chosen", () => {
  expect(suggestName("summry", ["summary1", "summary"])).toBe("summary");
});

test("without a near name the fallback stands in its place", () => {
  const options = { known: FIELDS, fallback: "Remove it." };
  expect(didYouMean("modle", options)).toBe(' Did you mean "model"?');
  expect(didYouMean("zzzzzz", options)).toBe(" Remove it.");
});

test("a long name is cut when it is quoted", () => {
  expect(quoteName("short")).toBe('"short"');
  expect(quoteName("x".repeat(500)).length).toBeLessThan(70);
});
