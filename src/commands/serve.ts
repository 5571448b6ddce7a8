// `hookline serve`: opens the data directory, listens, and on a signal drains and stops.

import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { AppDeps } from "../app";
import { createApp, validationWorks } from "../app";
import {
  CONFIGURED_TOKEN_NAME,
  ensureNamedToken,
  hasTokens,
  insertToken,
  makeToken,
} from "../auth/tokens.store";
import type { Config, Setting } from "../config";
import { ConfigError, environment, loadConfig, SETTINGS } from "../config";
import type { InstanceLock } from "../db/instance-lock";
import { DirectoryInUse, lockDirectory } from "../db/instance-lock";
import { migrate, MigrationError } from "../db/migrate";
import { MIGRATIONS } from "../db/migrations";
import type { Db } from "../db/open";
import { openDatabase } from "../db/open";
import { systemClock, toIso } from "../lib/clock";
import { systemIds } from "../lib/ids";
import type { Log } from "../lib/log";
import { createLog, describeError } from "../lib/log";
import { sweep } from "../ops/sweep";
import { KeyError, loadMasterKey } from "../secrets/master-key";
import type { Assembly } from "./assemble";
import { assemble } from "./assemble";
import { VERSION } from "./version";

/** Executions may finish for this long after a signal; then they are cut and go on at the next start. */
const DRAIN_MS = 20_000;
/** The whole stop, connections included; supervisors kill after 30 s. */
const STOP_MS = 25_000;
const SWEEP_MS = 60_000;

/** Why the server cannot start, in words for its owner. */
class StartError extends Error {}

interface Server {
  config: Config;
  log: Log;
  db: Db;
  lock: InstanceLock;
  assembly: Assembly;
  app: ReturnType<typeof createApp>;
  /** The port is chosen on listening where the configuration says 0. */
  address: { port: number };
  dataDir: string;
}

function readConfig(args: string[]): Config {
  const rows = Object.values<Setting<unknown>>(SETTINGS);
  const variables = new Map(rows.flatMap((row) => (row.flag ? [[row.flag, row.variable]] : [])));
  const options = Object.fromEntries(
    [...variables.keys()].map((flag) => [flag, { type: "string" as const }]),
  );
  const { values } = parseArgs({ args, options });
  const given = Object.entries(values).map(([flag, value]) => [variables.get(flag), value]);
  const readFile = (path: string): string => readFileSync(path, "utf8");
  return loadConfig({ env: { ...environment(), ...Object.fromEntries(given) }, readFile });
}

function openStorage(data: { config: Config; log: Log; dataDir: string }): Db {
  const { durability } = data.config;
  if (durability !== "full") data.log.warn("database.not_durable");
  const db = openDatabase(join(data.dataDir, "hookline.db"), durability);
  const backupPath = (from: string): string => {
    const folder = join(data.dataDir, "backups");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const at = toIso(systemClock.now()).replaceAll(":", "-");
    return join(folder, `before-migration-from-${from}-${at}.db`);
  };
  const result = migrate({ db, clock: systemClock, migrations: MIGRATIONS, backupPath });
  if (result.applied.length > 0) {
    const applied = result.applied.join(", ");
    data.log.info("database.migrated", { applied, backup: result.backup });
  }
  return db;
}

/** Takes the configured admin token, or makes the first one and prints it this once. */
async function ensureAdminToken(deps: AppDeps): Promise<void> {
  const { adminToken } = deps.config;
  if (adminToken !== null) {
    const token = { name: CONFIGURED_TOKEN_NAME, text: adminToken, scope: "admin" } as const;
    await deps.writer.write(() => ensureNamedToken(deps, token));
    return;
  }
  if (hasTokens(deps)) return;
  const text = makeToken();
  await deps.writer.write(() => insertToken(deps, { text, name: "first start", scope: "admin" }));
  deps.log.info("admin_token.created", { note: "printed once on standard error" });
  process.stderr.write(`\nAdmin token, shown only now:\n\n  ${text}\n\n`);
}

function urlOf(config: Config, port: number): string {
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return `http://${host === "0.0.0.0" || host === "[::]" ? "localhost" : host}:${port}`;
}

function makeDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "";
    throw new StartError(`The data directory ${dataDir} cannot be made. ${cause}`);
  }
}

/** Everything but listening. */
async function prepare(args: string[]): Promise<Server> {
  const config = readConfig(args);
  const write = (line: string): void => void process.stdout.write(line);
  const log = createLog({ clock: systemClock, level: config.logLevel, write });
  const dataDir = resolve(config.dataDir);
  // The database holds what strangers sent: no file of ours is for other users of the machine.
  process.umask(0o077);
  makeDirectory(dataDir);
  const lock = lockDirectory(dataDir);
  lock.note({ pid: process.pid, startedAt: toIso(systemClock.now()), url: null });
  const masterKey = loadMasterKey({ configured: config.encryptionKey, dataDir });
  if (masterKey.created) log.info("secret_key.created", { note: "back it up beside the database" });
  const db = openStorage({ config, log, dataDir });
  if (!(await validationWorks())) throw new StartError("This build does not check query values.");
  const address = { port: config.port };
  const publicUrl = (): string => config.publicUrl ?? urlOf(config, address.port);
  const around = { config, db, clock: systemClock, ids: systemIds, log, masterKey, publicUrl };
  const assembly = await assemble(around);
  await ensureAdminToken(assembly.deps);
  return { config, log, db, lock, assembly, app: createApp(assembly.deps), address, dataDir };
}

/** Listens, wakes the pool and says where. */
function open(server: Server): void {
  const { app, config, lock, log, assembly, address, dataDir } = server;
  listen(app, config);
  address.port = app.server?.port ?? config.port;
  const url = urlOf(config, address.port);
  lock.note({ pid: process.pid, startedAt: toIso(systemClock.now()), url });
  assembly.pool.wake();
  const listening = { url: assembly.deps.publicUrl(), version: VERSION, dataDir, pid: process.pid };
  log.info("server.started", listening);
}

function listen(app: Server["app"], config: Config): void {
  try {
    app.listen({
      port: config.port,
      hostname: config.host,
      // With it a second process would share the port silently.
      reusePort: false,
      // Ours are smaller and answered in our shape; the server's own limit answers without a body.
      maxRequestBodySize: 1024 ** 3,
    });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "";
    throw new StartError(`Cannot listen on ${config.host}:${config.port}. ${cause}`);
  }
}

async function drain(server: Server): Promise<void> {
  const { app, assembly } = server;
  const { ledger, secretUses, tokenUses } = assembly;
  assembly.deps.health.noteStopping();
  assembly.deps.waits.stop();
  assembly.deps.streams.stop();
  const closed = Promise.resolve(app.server?.stop());
  await Promise.all([assembly.pool.stop(DRAIN_MS), Promise.race([closed, delay(DRAIN_MS)])]);
  // After the last answer: what it refused is still to be written.
  await Promise.all([ledger.flush(), secretUses.flush(), tokenUses.flush()]);
  await assembly.writer.drained();
}

const delay = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms).unref());

async function stop(server: Server, signal: string): Promise<void> {
  const { log } = server;
  log.info("server.stopping", { signal, running: server.assembly.pool.size() });
  await Promise.race([drain(server), delay(STOP_MS)]);
  server.assembly.sandbox.stop();
  await server.assembly.checkpoints.stop();
  server.db.raw.close();
  server.lock.release();
  log.info("server.stopped");
  process.exit(0);
}

/** From the first moment: a signal during the start ends it, and nothing has been accepted yet. */
function handleSignals(current: () => Server | null): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      const server = current();
      if (server === null) process.exit(0);
      if (stopping) process.exit(1);
      stopping = true;
      stop(server, signal).catch((error: unknown) => {
        server.log.error("server.failed", describeError(error));
        process.exit(1);
      });
    });
  }
}

/** Errors that reach nobody end no process: they are logged, and many of them fail readiness. */
function handleUnhandled(server: Server): void {
  const note = (error: unknown): void => {
    server.assembly.deps.health.noteUnhandled();
    server.log.error("process.unhandled", describeError(error));
  };
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  // A log reader that went away must not stop the server.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
}

function sweepRegularly(server: Server): void {
  const sweepNow = (): void => {
    sweep(server.assembly.deps).catch((error: unknown) => {
      server.log.error("sweep.failed", describeError(error));
    });
  };
  setInterval(sweepNow, SWEEP_MS).unref();
}

const isExpected = (error: unknown): error is Error =>
  error instanceof ConfigError ||
  error instanceof DirectoryInUse ||
  error instanceof KeyError ||
  error instanceof MigrationError ||
  error instanceof StartError;

/** In words where the owner can do something about it; else with what a bug report needs. */
function describeStartFailure(error: unknown): string {
  if (isStorage(error)) {
    return `The database cannot be used: ${error.message}. Free space or mend the disk; a damaged file is replaced by a backup.`;
  }
  if (isExpected(error) || isUsage(error)) return error.message;
  return JSON.stringify({ event: "server.failed", ...describeError(error) });
}

const isStorage = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_");

const isUsage = (error: unknown): error is TypeError =>
  error instanceof TypeError && "code" in error;

/** Runs the server until a signal; exit code 1 where it cannot start, 2 for unknown flags. */
export async function serve(args: string[]): Promise<void> {
  let server: Server | null = null;
  handleSignals(() => server);
  try {
    const prepared = await prepare(args);
    handleUnhandled(prepared);
    server = prepared;
    open(prepared);
    sweepRegularly(prepared);
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    process.exit(isUsage(error) ? 2 : 1);
  }
}
