// Acorn with a limit to its search for names and labels that are there already: it goes through
// lists, and takes two seconds for as many names as a code of 100,000 characters may declare.

import { Parser } from "acorn";

declare module "acorn" {
  /** What is declared in a part of the code, as acorn keeps it for itself. */
  interface Scope {
    flags: number;
    var: string[];
    lexical: string[];
    functions: string[];
  }

  interface Parser {
    readonly scopeStack: Scope[];
    /** Labels and loops that are open. */
    readonly labels: readonly unknown[];
    /** Where the token begins that is read. */
    readonly start: number;
    declareName(name: string, binding: number, at: number): void;
    parseLabeledStatement(...parts: unknown[]): unknown;
    parseBreakContinueStatement(...parts: unknown[]): unknown;
  }
}

/** Acorn's `BIND_VAR`: declared in every scope up to that of the function. */
const VAR = 1;
/** Acorn's `SCOPE_TOP`, `SCOPE_FUNCTION` and `SCOPE_CLASS_STATIC_BLOCK`. */
const VAR_SCOPES = 1 | 2 | 256;

/** Names looked at in all of a code; 2,000 side by side take as many, and 20 ms. */
const MAX_LOOKS = 2_000_000;

/** An entry into one scope takes as long as that many looks. */
const ENTRY_LOOKS = 4;

/** A code that declares more names than are looked for. */
export class TooManyNames extends Error {
  constructor(readonly at: number) {
    super("too many names");
  }
}

export class CodeParser extends Parser {
  #looks = 0;

  // oxlint-disable-next-line eslint/max-params -- acorn's signature
  override declareName(name: string, binding: number, at: number): void {
    for (let place = this.scopeStack.length - 1; place >= 0; place -= 1) {
      if (this.#lookAt(place, binding)) break;
    }
    this.#refuseTooMany(at);
    super.declareName(name, binding, at);
  }

  override parseLabeledStatement(...parts: unknown[]): unknown {
    this.#lookAtLabels();
    return super.parseLabeledStatement(...parts);
  }

  override parseBreakContinueStatement(...parts: unknown[]): unknown {
    this.#lookAtLabels();
    return super.parseBreakContinueStatement(...parts);
  }

  /** Counts what acorn looks at in one scope; true where it goes no further. */
  #lookAt(place: number, binding: number): boolean {
    const scope = this.scopeStack[place];
    if (scope === undefined) return true;
    this.#looks += ENTRY_LOOKS + scope.lexical.length + scope.functions.length;
    if (binding !== VAR) this.#looks += scope.var.length;
    return binding !== VAR || (scope.flags & VAR_SCOPES) !== 0;
  }

  #lookAtLabels(): void {
    this.#looks += this.labels.length;
    this.#refuseTooMany(this.start);
  }

  #refuseTooMany(at: number): void {
    if (this.#looks > MAX_LOOKS) throw new TooManyNames(at);
  }
}
