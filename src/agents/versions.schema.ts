// Wire shapes of versions, and of the agents to start from.

import { type Static, Type } from "@sinclair/typebox";
import { closed, EXAMPLE, named, orNull, Time, words } from "../lib/wire";
import { EXAMPLE_PIPELINE, PipelineSchema } from "../pipelines/pipelines.schema";
import { BUILT_PRESETS } from "../vocabulary";

export const AgentTemplateSchema = named(
  "AgentTemplate",
  closed({
    id: Type.String(),
    name: Type.String(),
    description: Type.String(),
    preset: orNull(words(BUILT_PRESETS)),
    pipeline: PipelineSchema,
  }),
  {
    id: "summary",
    name: "Summary",
    description: "Tells in plain words what any delivery says.",
    preset: null,
    pipeline: EXAMPLE_PIPELINE,
  },
);

const note = Type.String({ maxLength: 500, description: "What it is for, or what is new." });

const versionFields = {
  version: Type.Integer(),
  live: Type.Boolean(),
  note,
  author: orNull(Type.String({ description: "Id of the API token that made it live." })),
  createdAt: Time,
};

const EXAMPLE_VERSION = {
  version: 1,
  live: true,
  note: "Answers in German",
  author: EXAMPLE.tokenId,
  createdAt: EXAMPLE.time,
};

export const ActivateSchema = named("AgentActivate", closed({ note: Type.Optional(note) }), {
  note: "Answers in German",
});

const listDiff = closed({
  added: Type.Array(Type.String()),
  removed: Type.Array(Type.String()),
  changed: Type.Array(
    closed(
      { id: Type.String(), paths: Type.Array(Type.String()) },
      { description: "With JSON pointers of what differs." },
    ),
  ),
});

export const VersionDiffSchema = named(
  "VersionDiff",
  closed({ nodes: listDiff, edges: listDiff }),
  {
    nodes: {
      added: ["check"],
      removed: [],
      changed: [{ id: "model", paths: ["/data/userPromptTemplate"] }],
    },
    edges: { added: ["model-check"], removed: [], changed: [] },
  },
);

export const VersionSummarySchema = named("VersionSummary", closed(versionFields), EXAMPLE_VERSION);
export type VersionSummary = Static<typeof VersionSummarySchema>;

export const VersionSchema = named(
  "Version",
  closed({ ...versionFields, pipeline: PipelineSchema }),
  { ...EXAMPLE_VERSION, pipeline: EXAMPLE_PIPELINE },
);
