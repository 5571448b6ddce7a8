// The revision of an agent: a number that every change of it raises, its `ETag`, and `If-Match`.

import type { IfMatch } from "../auth/entity-tags";
import { matchesTag, parseIfMatch } from "../auth/entity-tags";
import { AppError, invalid } from "../errors";

/** An agent that a caller wants to change, and the revisions of it that the caller expects. */
export interface AgentTarget {
  id: string;
  /** Null where the caller takes any. */
  ifMatch: IfMatch | null;
}

/**
 * The strong tag of what the owner set. What an agent's answer shows besides, such as the uses of
 * a secret or the faults of a draft whose provider went, does not change it.
 */
export const tagOf = (row: { revision: number }): string => `"${row.revision}"`;

function ifMatchOf(request: Request): IfMatch | null {
  const text = request.headers.get("if-match");
  if (text === null) return null;
  const parsed = parseIfMatch(text);
  if (parsed !== null) return parsed;
  const message = 'if-match takes entity tags such as "7", separated by commas, or *.';
  throw invalid({ field: "if-match", code: "HEADER_MALFORMED", message });
}

/** What a request wants to change; throws VALIDATION_ERROR where its `If-Match` is malformed. */
export const targetOf = (data: { params: { id: string }; request: Request }): AgentTarget => ({
  id: data.params.id,
  ifMatch: ifMatchOf(data.request),
});

/** Throws PRECONDITION_FAILED where the agent is another than expected; runs inside the write. */
export function requireRevision(row: { revision: number }, ifMatch: IfMatch | null): void {
  if (ifMatch !== null && !matchesTag(ifMatch, tagOf(row))) {
    throw new AppError("PRECONDITION_FAILED");
  }
}
