// Writes the journal of one execution while it runs. Entries are encoded and compressed before the
// write: its transaction is everybody's.

import type { Db } from "../../db/open";
import type { Writer } from "../../db/writer";
import type { EffectKey, Json, JournalWriter, StepRecord } from "../../pipelines/record";
import { effectName } from "../../pipelines/record";
import type { JournalKind } from "../../vocabulary";
import { clearRecoveries } from "../executions.store";
import { encodeSteps } from "./journal";
import type { NewEntry } from "./journal.store";
import { appendEntry, toEntry } from "./journal.store";
import { persist } from "../persist";

export interface ExecutionJournal extends JournalWriter {
  /** Goes on after what earlier attempts recorded, for an execution with this input. */
  goOn(data: { next: number; input: Json }): void;
  /** The entry of steps that have ended; null for none. Written by the caller. */
  encode(steps: StepRecord[]): NewEntry | null;
}

export interface JournalWriterDeps {
  db: Db;
  writer: Writer;
}

/**
 * The journal of the execution `seq`. `recoveries` are behind it, or behind the one that it was called
 * from in the end, its `root`.
 */
export function createJournal(
  deps: JournalWriterDeps,
  data: { seq: number; root: number; recoveries: number; stopping: AbortSignal },
): ExecutionJournal {
  const writing = { writer: deps.writer, stopping: data.stopping };
  let { recoveries } = data;
  let next = 0;
  let input: Json = null;

  function entryOf(
    kind: JournalKind,
    content: { effect: EffectKey | null; record: string },
  ): NewEntry {
    const effect = content.effect === null ? null : effectName(content.effect);
    const entry = toEntry({
      execution: data.seq,
      entry: next,
      kind,
      effect,
      record: content.record,
    });
    next += 1;
    return entry;
  }

  function encode(steps: StepRecord[]): NewEntry | null {
    if (steps.length === 0) return null;
    return entryOf("steps", { effect: null, record: encodeSteps({ steps, input }) });
  }

  return {
    goOn(from) {
      ({ next, input } = from);
    },
    encode,
    async startEffect(start, finishedSteps) {
      const before = encode(finishedSteps);
      const own = entryOf("effect_started", { effect: start, record: JSON.stringify(start) });
      await persist(writing, () => {
        if (before !== null) appendEntry(deps, before);
        appendEntry(deps, own);
      });
    },
    async endEffect(end) {
      const own = entryOf("effect_ended", { effect: end, record: JSON.stringify(end) });
      await persist(writing, () => {
        appendEntry(deps, own);
        if (recoveries > 0) clearRecoveries(deps, data.root);
      });
      recoveries = 0;
    },
  };
}
