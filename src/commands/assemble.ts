// Builds the one object of dependencies from a configuration and an open database.

import { findAgentFacts } from "../agents/agents.store";
import type { Directory } from "../agents/directory";
import { createDirectory } from "../agents/directory";
import { createCompiledVersions } from "../agents/versions";
import type { AppDeps } from "../app";
import { createAttempts } from "../auth/attempts";
import { createFailures } from "../auth/failures";
import { recordTokenUse } from "../auth/tokens.store";
import type { Config } from "../config";
import type { Checkpoints } from "../db/checkpoints";
import { createCheckpoints } from "../db/checkpoints";
import type { Db } from "../db/open";
import { createSequence } from "../db/sequence";
import type { Uses } from "../db/uses";
import { createUses } from "../db/uses";
import type { Writer } from "../db/writer";
import { createWriter } from "../db/writer";
import { checkParameters, judgeSchema } from "../executions/check-parameters";
import { createFreshInputs } from "../executions/input";
import type { Pool } from "../executions/slots/pool";
import { createPool } from "../executions/slots/pool";
import { createEventStreams } from "../executions/events/streams";
import { createReadTokens } from "../auth/read-token";
import { recover } from "../executions/slots/recover";
import { createWaits } from "../executions/waits";
import { createByteBudget } from "../lib/body";
import type { Clock } from "../lib/clock";
import { systemWait } from "../lib/clock";
import { randomShare } from "../lib/crypto";
import type { Ids } from "../lib/ids";
import type { Log } from "../lib/log";
import { createLoopTurn } from "../lib/loop-turn";
import type { Outbound } from "../lib/outbound";
import { createOutbound } from "../lib/outbound";
import { createHealth } from "../ops/health";
import type { ExecutionCaps } from "../pipelines/program";
import { DEFAULT_LIMITS } from "../pipelines/pipelines.schema";
import { callProvider, createModelCaller } from "../providers/call";
import { createPriceList } from "../providers/prices/price-list";
import { readOwnPrices } from "../providers/prices/prices.store";
import { ensureEcho, findCallable, isUsable } from "../providers/providers.store";
import type { Sandbox } from "../sandbox/sandbox";
import { createSandbox } from "../sandbox/sandbox";
import { readNamedSecret } from "../secrets/named.store";
import type { MasterKey } from "../secrets/master-key";
import { countUnreadable, ensureServerKey, recordSecretUse } from "../secrets/secrets.store";
import type { CheckParameters } from "../tools/call";
import { createToolCaller } from "../tools/call";
import { describeTool, findTool, isToolUsable } from "../tools/tools.store";
import type { Ledger } from "../webhooks/ledger/ledger";
import { createLedger } from "../webhooks/ledger/ledger";
import { createDurations } from "../executions/durations";
import {
  createUsedUpWindows,
  createWindowClock,
  holdPlace,
  recountPlaces,
  releasePlace,
} from "../webhooks/limiter";
import { PRESET_ROWS } from "../webhooks/presets/table";
import { sandboxCommand } from "./sandbox-command";
import { startCheckpointWorker as startWorker } from "./start-worker";

export interface Surroundings {
  config: Config;
  db: Db;
  clock: Clock;
  ids: Ids;
  log: Log;
  masterKey: MasterKey;
  /** Where senders reach this server; asked on use, as the port may be chosen on listening. */
  publicUrl(): string;
  /** Another way out, for tests. */
  outbound?: Outbound;
  /** Another sandbox, for tests. */
  sandbox?: Sandbox;
}

/** The dependencies, and what a server runs and stops besides its routes. */
export interface Assembly {
  deps: AppDeps;
  writer: Writer;
  checkpoints: Checkpoints;
  pool: Pool;
  sandbox: Sandbox;
  ledger: Ledger;
  secretUses: Uses;
  tokenUses: Uses;
}

/** Writes what must exist from the start; returns the server's key. */
function prepareRows(around: Surroundings, writer: Writer): Promise<string> {
  const secrets = countUnreadable(around);
  if (secrets > 0) around.log.error("secret.unreadable", { secrets, hint: UNREADABLE });
  return writer.write(() => {
    ensureEcho(around);
    return ensureServerKey(around);
  });
}

const UNREADABLE =
  "Sealed with another key; restore secret.key, or the HOOKLINE_ENCRYPTION_KEY they were made with.";

interface Parts extends Surroundings {
  writer: Writer;
  directory: Directory;
  serverKey: string;
  /** The text of a named secret, whose use it notes. */
  readSecret(name: string): string | undefined;
}

const capsOf = (config: Config): ExecutionCaps => ({
  nodeRuns: config.maxNodeRuns,
  modelCalls: config.maxModelCalls,
  toolCalls: config.maxToolCalls,
  tokens: config.maxTokens,
  cost: config.maxCost,
});

/** What calls models and tools, and reckons what that costs. */
function createCallers(around: Parts & { checkSchema: Sandbox["checkSchema"] }) {
  const { config, clock, checkSchema } = around;
  const outbound = around.outbound ?? createOutbound({ allowPrivate: config.allowPrivate });
  const calling = { outbound, clock, wait: systemWait, random: randomShare };
  const prices = createPriceList({ clock, readOwn: () => readOwnPrices(around) });
  const models = createModelCaller({
    ...calling,
    find: (id) => findCallable(around, id),
    findPrice: (call) => prices.find(call),
  });
  const toolCalling = {
    ...calling,
    readSecret: (name: string) => around.readSecret(name),
    checkParameters: (data: Parameters<CheckParameters>[0]) =>
      checkParameters({ checkSchema }, data),
  };
  const tools = createToolCaller({ ...toolCalling, find: (id) => findTool(around, id) });
  const callOne: AppDeps["callProvider"] = (data) => callProvider(calling, data);
  return { models, tools, own: { prices, callProvider: callOne, toolCalling } };
}

function createExecutionParts(around: Parts) {
  const { config, db, clock, log, writer, directory } = around;
  const limits = {
    ...DEFAULT_LIMITS,
    maxNodes: config.pipelineMaxNodes,
    maxEdges: config.pipelineMaxEdges,
  };
  const versions = createCompiledVersions({ db });
  const sequence = createSequence(db);
  const durations = createDurations({ db });
  const freshInputs = createFreshInputs();
  const sandbox = around.sandbox ?? createSandbox({ command: sandboxCommand(), log });
  const { checkSchema } = sandbox;
  const callers = createCallers({ ...around, checkSchema });
  const { models, tools } = callers;
  const turn = createLoopTurn({ clock });
  const pool = createPool({
    turn,
    db,
    writer,
    clock,
    log,
    versions,
    freshInputs,
    slots: config.slots,
    bootSeq: sequence.last(),
    maxConcurrentOf: (agent) => directory.maxConcurrentOf(agent),
    fenceKey: around.serverKey,
    allowedCallsOf: (agent) => directory.allowedCallsOf(agent),
    executionTimeoutMs: config.executionTimeout,
    caps: capsOf(config),
    callModel: (call) => models.callModel(call),
    callTool: (call) => tools.callTool(call),
    describeTool: (id) => describeTool(around, id),
    isRepeatableTool: (id) => tools.isRepeatable(id),
    isPureProvider: (id) => models.isPure(id),
    runCode: sandbox.runCode,
    checkSchema,
    sequence,
    findAgent: (id) => directory.find(id),
    releasePlace: (agent) => releasePlace({ db }, agent),
    onFinished: (end) => durations.add(end),
  });
  const waits = createWaits({ pool });
  const own = { limits, versions, sequence, durations, freshInputs, turn, sandbox, pool, waits };
  return { ...own, ...callers.own };
}

/** Recovers what an earlier process left, and puts everything together; the pool is still asleep. */
export async function assemble(around: Surroundings): Promise<Assembly> {
  const { config, db, clock, log } = around;
  const checkpoints = createCheckpoints({ db, log, startWorker });
  const afterCommit = (): void => checkpoints.afterCommit();
  const writer = createWriter({ db, clock, log, afterCommit });
  const serverKey = await prepareRows(around, writer);
  await recover({ db, writer, clock, log, recountPlaces: () => recountPlaces({ db }) });
  const settings = {
    config,
    proposalOf: (preset: keyof typeof PRESET_ROWS) => PRESET_ROWS[preset],
  };
  // A raised limit lets more of what waits start.
  const changed = (): void => parts.pool.wake();
  const directory = createDirectory({ ...around, ...settings, changed });
  const written = { writer, log };
  const secretUses = createUses(written, {
    kind: "secrets",
    record: (use) => recordSecretUse({ db }, use),
  });
  const readSecret = (name: string): string | undefined => {
    const secret = readNamedSecret(around, name);
    if (secret !== undefined) secretUses.note(secret.id, clock.now());
    return secret?.text;
  };
  const parts = createExecutionParts({ ...around, writer, directory, serverKey, readSecret });
  const ledger = createLedger({ ...around, writer, sequence: parts.sequence });
  const tokenUses = createUses(written, {
    kind: "tokens",
    record: (use) => recordTokenUse({ db }, use),
  });
  const own: Omit<AppDeps, "streams"> = {
    ...around,
    ...settings,
    ...parts,
    writer,
    ledger,
    secretUses,
    tokenUses,
    checkSchema: parts.sandbox.checkSchema,
    directory,
    agentExists: (id) => findAgentFacts(around, id) !== null,
    providerExists: (id) => isUsable(around, id),
    toolExists: (id) => isToolUsable(around, id),
    judgeSchema,
    holdPlace: (agent) => holdPlace({ db }, agent),
    attempts: createAttempts(),
    budget: createByteBudget(),
    failures: createFailures({ clock }),
    windowNow: createWindowClock(clock),
    usedUpWindows: createUsedUpWindows(),
    readTokens: createReadTokens(serverKey),
    readLinks: config.readLinks,
    health: createHealth({ db, clock, writer }),
  };
  const { pool, sandbox } = parts;
  const deps = { ...own, streams: createEventStreams(own) };
  return { deps, writer, checkpoints, pool, sandbox, ledger, secretUses, tokenUses };
}
