// Runs first in every sandbox, before a user's code can change a built-in: takes away what would be
// a finer clock or never run, and makes `console`. Text to the program, run by `evaluate.ts`; its
// value is a function of the host's `log`, which says whether it takes more, that gives
// `[run, describe]`. Both answer with one text: how it ended, a colon, and the result's JSON or a
// line about what was thrown.
/* oxlint-disable eslint/no-unused-expressions -- the value of a script is that of its expression */
/* oxlint-disable typescript/unbound-method -- kept to be applied: a user's code may change them */
(function prepare(log) {
  "use strict";
  const MAX_RESULT_CHARS = 1048576;
  const MAX_LINE_CHARS = 65536;
  const MAX_WORDS_CHARS = 500;

  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const { indexOf, slice, charCodeAt } = String.prototype;
  const toText = String;
  const NativeError = Error;
  const NativeInternalError = InternalError;
  const NativePromise = Promise;

  for (const name of ["performance", "queueMicrotask", "SharedArrayBuffer"]) {
    delete globalThis[name];
  }

  const cut = (text, length) => (text.length > length ? apply(slice, text, [0, length]) : text);

  /** The body's line in the first frame of the user's code, " (line 3)"; nothing where it is not known. */
  function lineOf(stack) {
    if (typeof stack !== "string") return "";
    const at = apply(indexOf, stack, ["code:"]);
    let line = 0;
    for (let index = at + 5; at >= 0 && line < 1e6; index += 1) {
      const code = apply(charCodeAt, stack, [index]);
      if (!(code >= 48 && code <= 57)) break;
      line = line * 10 + code - 48;
    }
    return line > 1 ? ` (line ${line - 1})` : "";
  }

  function nameError(error) {
    const { name, message } = error;
    const title = typeof name === "string" && name !== "" ? cut(name, MAX_WORDS_CHARS) : "Error";
    return typeof message === "string" && message !== ""
      ? `${title}: ${cut(message, MAX_WORDS_CHARS)}`
      : title;
  }

  function format(value) {
    if (typeof value === "string") return value;
    try {
      if (value instanceof NativeError) return nameError(value);
      const text = typeof value === "object" ? stringify(value) : undefined;
      return text === undefined ? toText(value) : text;
    } catch {
      return "[a value that cannot be shown]";
    }
  }

  /** What was thrown, in one line; asking it runs code of the user's again, which may throw as well. */
  function explain(thrown) {
    try {
      if (thrown instanceof NativeError) return nameError(thrown) + lineOf(thrown.stack);
      return `Uncaught ${cut(format(thrown), MAX_WORDS_CHARS)}`;
    } catch {
      return "Error: what was thrown cannot be shown";
    }
  }

  function isOutOfMemory(thrown) {
    try {
      return thrown instanceof NativeInternalError && thrown.message === "out of memory";
    } catch {
      return false;
    }
  }

  /** Without memory for an error, null is thrown. */
  const describe = (thrown, end = "failed") =>
    isOutOfMemory(thrown) ? "memory:" : `${thrown === null ? "null" : end}:${explain(thrown)}`;

  function encode(value) {
    try {
      if (value instanceof NativePromise) return "promise:";
      const text = value === undefined ? "null" : stringify(value);
      if (text === undefined) return "invalid:";
      return text.length > MAX_RESULT_CHARS ? "large:" : `value:${text}`;
    } catch (thrown) {
      return describe(thrown, "invalid");
    }
  }

  function run(body, values) {
    let value;
    try {
      value = apply(body, undefined, parse(values));
    } catch (thrown) {
      return describe(thrown);
    }
    return encode(value);
  }

  let isHeard = true;
  function write(...parts) {
    if (!isHeard) return;
    let line = "";
    for (let index = 0; index < parts.length && line.length < MAX_LINE_CHARS; index += 1) {
      line += (index === 0 ? "" : " ") + cut(format(parts[index]), MAX_LINE_CHARS);
    }
    isHeard = log(cut(line, MAX_LINE_CHARS));
  }

  globalThis.console = { log: write, info: write, warn: write, error: write, debug: write };
  return [run, describe];
});
