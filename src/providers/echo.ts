// The built-in stand-in for a model: answers its prompt, needs no key and reaches nothing.
// Named in every answer, so that nobody takes it for a model.

import { answerJson } from "./echo-sample";
import type { ModelAnswer, ModelCall } from "./model";

/** The fixed id of the provider that exists from the start. */
export const ECHO_PROVIDER_ID = "echo";

/** Answers with the prompt itself, or an object of the form that is asked for; always the same. */
export const answerEcho = (call: ModelCall): ModelAnswer => ({
  text: call.outputSchema === undefined ? call.prompt : answerJson(call.prompt, call.outputSchema),
  finishReason: "stop",
  usage: null,
  cost: null,
  requestId: null,
  provider: "echo",
  model: "echo",
});
