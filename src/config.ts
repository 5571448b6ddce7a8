// Every setting: variable, default, one line of documentation, and how it is read, which is written
// in `config/values.ts`. The only place that looks at the environment.

import type { Reading } from "./config/values";
import {
  duration,
  flag,
  integer,
  list,
  optionalText,
  publicUrl,
  size,
  text,
  word,
} from "./config/values";
import type { Network } from "./lib/network/forwarded";
import { parseTrustProxy } from "./lib/network/forwarded";
import { parseHostNames } from "./lib/network/host-names";
import type { AllowRule } from "./lib/network/outbound-address";
import { parseAllowPrivate } from "./lib/network/outbound-address";
import { didYouMean } from "./lib/suggest";
import type { DocsAccess, Durability, LogLevel } from "./vocabulary";
import { DOCS_ACCESS, DURABILITIES, LOG_LEVELS } from "./vocabulary";

/** One setting of the table. */
export interface Setting<T> {
  variable: string;
  /** What a value looks like, for documents and faults. */
  form: string;
  fallback: T;
  doc: string;
  /** Secrets are also read from the file named in `<variable>_FILE`, and never printed. */
  secret?: boolean;
  /** `serve --<flag>` goes before the variable. */
  flag?: string;
  read(text: string): Reading<T>;
  /** A value as it is written, where JSON is not that. */
  show?(value: T): string;
}

const MIB = 1024 * 1024;

/** Largest `maxBodyBytes` that a webhook may ask for; GitHub sends up to 25 MB. */
export const MAX_WEBHOOK_BODY_BYTES = 25 * MIB;

const setting = <T>(row: Setting<T>): Setting<T> => row;

export const SETTINGS = {
  port: setting<number>({
    variable: "PORT",
    flag: "port",
    fallback: 3000,
    doc: "TCP port of the HTTP server; 0 takes a free one.",
    ...integer(0, 65_535),
  }),
  host: setting<string>({
    variable: "HOOKLINE_HOST",
    flag: "host",
    fallback: "127.0.0.1",
    doc: "Address to listen on; 0.0.0.0 for all.",
    ...text,
  }),
  dataDir: setting<string>({
    variable: "HOOKLINE_DATA_DIR",
    flag: "data",
    fallback: "hookline-data",
    doc: "Directory of the database, the encryption key and backups; made when missing.",
    ...text,
  }),
  publicUrl: setting<string | null>({
    variable: "HOOKLINE_PUBLIC_URL",
    flag: "public-url",
    fallback: null,
    doc: "URL under which senders reach this server; webhook URLs start with it. Without it, the address listened on.",
    ...publicUrl,
  }),
  allowedHosts: setting<string[]>({
    variable: "HOOKLINE_ALLOWED_HOSTS",
    fallback: [],
    doc: "Further host names under which the API answers, such as `hookline` in a container network or `hooks.lan`, comma-separated. The name in HOOKLINE_PUBLIC_URL, `localhost` and IP addresses need no entry, and webhooks answer under any name.",
    ...list("host names", parseHostNames),
  }),
  trustProxy: setting<Network[]>({
    variable: "HOOKLINE_TRUST_PROXY",
    fallback: [],
    doc: "Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses or networks, comma-separated; `loopback` and `private` stand for those networks.",
    ...list("addresses, CIDRs, loopback or private", parseTrustProxy),
  }),
  adminToken: setting<string | null>({
    variable: "HOOKLINE_ADMIN_TOKEN",
    fallback: null,
    secret: true,
    doc: "Admin token to accept, `hk_live_` and at least 32 characters. Without it the first start makes one and prints it once.",
    ...optionalText(
      "hk_live_ and at least 32 letters, digits, _ or -",
      /^hk_live_[A-Za-z0-9_-]{32,}$/,
    ),
  }),
  encryptionKey: setting<string | null>({
    variable: "HOOKLINE_ENCRYPTION_KEY",
    fallback: null,
    secret: true,
    doc: "Key for secrets at rest, 32 bytes as base64. Without it `secret.key` in the data directory, made at the first start.",
    ...optionalText("32 bytes as base64", /^[A-Za-z0-9+/_-]{43}=?$/),
  }),
  durability: setting<Durability>({
    variable: "HOOKLINE_DURABILITY",
    fallback: "full",
    doc: "What an accepted delivery outlives: with `full` a power cut, with `normal` a crash of the process only, as nothing waits for the disk.",
    ...word(DURABILITIES),
  }),
  slots: setting<number>({
    variable: "HOOKLINE_SLOTS",
    fallback: 10,
    doc: "Executions that run at once.",
    ...integer(1, 1000),
  }),
  webhookRatePerMinute: setting<number>({
    variable: "HOOKLINE_WEBHOOK_RATE_PER_MINUTE",
    fallback: 100,
    doc: "Deliveries a webhook accepts in one minute, where it sets nothing itself.",
    ...integer(1, 1_000_000),
  }),
  webhookMaxConcurrent: setting<number>({
    variable: "HOOKLINE_WEBHOOK_MAX_CONCURRENT",
    fallback: 10,
    doc: "Unfinished executions a webhook may have, where it sets nothing itself.",
    ...integer(1, 1_000_000),
  }),
  maxBody: setting<number>({
    variable: "HOOKLINE_MAX_BODY",
    fallback: MIB,
    doc: "Largest webhook body, where neither the webhook nor its preset sets one.",
    ...size(1024, MAX_WEBHOOK_BODY_BYTES),
  }),
  requireWebhookAuth: setting<boolean>({
    variable: "HOOKLINE_REQUIRE_WEBHOOK_AUTH",
    fallback: false,
    doc: "Enabling a webhook without a method makes a bearer secret instead of leaving it open.",
    ...flag,
  }),
  readLinks: setting<boolean>({
    variable: "HOOKLINE_READ_LINKS",
    fallback: true,
    doc: "Accepted deliveries answer with a `Location` whose token reads that execution's result for 24 hours.",
    ...flag,
  }),
  executionTimeout: setting<number>({
    variable: "HOOKLINE_EXECUTION_TIMEOUT",
    fallback: 15 * 60_000,
    doc: "Longest time an execution may take once it has a slot.",
    ...duration(1000, 3_600_000),
  }),
  maxNodeRuns: setting<number>({
    variable: "HOOKLINE_MAX_NODE_RUNS",
    fallback: 5_000,
    doc: "Nodes an execution may run, those of each iteration of a loop counted anew.",
    ...integer(1, 100_000),
  }),
  maxModelCalls: setting<number>({
    variable: "HOOKLINE_MAX_MODEL_CALLS",
    fallback: 200,
    doc: "Model calls an execution may make; retries of one call do not count.",
    ...integer(1, 100_000),
  }),
  maxToolCalls: setting<number>({
    variable: "HOOKLINE_MAX_TOOL_CALLS",
    fallback: 200,
    doc: "Tool calls an execution may make; retries of one call do not count.",
    ...integer(1, 100_000),
  }),
  maxTokens: setting<number>({
    variable: "HOOKLINE_MAX_TOKENS",
    fallback: 200_000,
    doc: "Tokens an execution may use, input and output together, as its providers report them.",
    ...integer(1, 100_000_000),
  }),
  maxCost: setting<number>({
    variable: "HOOKLINE_MAX_COST",
    fallback: 10,
    doc: "USD an execution may cost; calls of unknown price do not count.",
    ...integer(1, 100_000),
  }),
  pipelineMaxNodes: setting<number>({
    variable: "HOOKLINE_PIPELINE_MAX_NODES",
    fallback: 100,
    doc: "Nodes a pipeline may have.",
    ...integer(2, 500),
  }),
  pipelineMaxEdges: setting<number>({
    variable: "HOOKLINE_PIPELINE_MAX_EDGES",
    fallback: 500,
    doc: "Edges a pipeline may have.",
    ...integer(1, 2_500),
  }),
  allowPrivate: setting<AllowRule[]>({
    variable: "HOOKLINE_ALLOW_PRIVATE",
    fallback: [],
    doc: "Private targets that outgoing requests may reach, comma-separated `host:port` or `cidr:port`.",
    ...list("host:port or cidr:port", parseAllowPrivate),
  }),
  docs: setting<DocsAccess>({
    variable: "HOOKLINE_DOCS",
    fallback: "public",
    doc: "Who may read `/swagger`: public, auth (the document asks for a token of scope `read`), or off.",
    ...word(DOCS_ACCESS),
  }),
  logLevel: setting<LogLevel>({
    variable: "HOOKLINE_LOG_LEVEL",
    fallback: "info",
    doc: "Lines below this level are not written.",
    ...word(LOG_LEVELS),
  }),
};

/** The default as it would be written; null where unset is the default. */
export function showDefault(row: Setting<unknown>): string | null {
  const { fallback } = row;
  if (fallback === null || (Array.isArray(fallback) && fallback.length === 0)) return null;
  if (typeof fallback === "string") return fallback;
  return row.show?.(fallback) ?? JSON.stringify(fallback);
}

export type Config = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T>
    ? T
    : never;
};

/** All faults of a configuration, one sentence each. */
export class ConfigError extends Error {
  constructor(readonly faults: string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
  }
}

export interface ConfigDeps {
  env: Record<string, string | undefined>;
  readFile(path: string): string;
}

function unknownVariables(env: ConfigDeps["env"]): string[] {
  const known = Object.values(SETTINGS).flatMap((row) =>
    row.secret === true ? [row.variable, `${row.variable}_FILE`] : [row.variable],
  );
  // A Kubernetes Service named hookline injects these; they are no settings of ours.
  const injected = /^HOOKLINE_(PORT|SERVICE)(_|$)/;
  return Object.keys(env)
    .filter((name) => name.startsWith("HOOKLINE_") && !known.includes(name) && !injected.test(name))
    .map((name) => {
      const fallback = "docs/config.md lists all settings.";
      return `${name.slice(0, 64)} is not a setting.${didYouMean(name, { known, fallback })}`;
    });
}

function rawValue(deps: ConfigDeps, row: Setting<unknown>): Reading<string | undefined> {
  const direct = deps.env[row.variable];
  const file = row.secret === true ? deps.env[`${row.variable}_FILE`] : undefined;
  if (file === undefined) return { value: direct };
  if (direct !== undefined) return { fault: `and ${row.variable}_FILE are both set; keep one` };
  try {
    return { value: deps.readFile(file).trim() };
  } catch {
    return { fault: "has a _FILE that cannot be read" };
  }
}

function readSetting<T>(deps: ConfigDeps, row: Setting<T>): Reading<T> {
  const raw = rawValue(deps, row);
  if ("fault" in raw) return raw;
  if (raw.value === undefined) return { value: row.fallback };
  if (raw.value === "") return { fault: "is empty; give a value or unset it" };
  return row.read(raw.value);
}

/** Reads all settings; throws one `ConfigError` that lists every fault. */
export function loadConfig(deps: ConfigDeps): Config {
  const faults = unknownVariables(deps.env);
  const values = Object.entries(SETTINGS).map(([name, row]) => {
    const reading = readSetting<unknown>(deps, row);
    if ("fault" in reading) {
      faults.push(`${row.variable} ${reading.fault}`);
      return [name, row.fallback];
    }
    return [name, reading.value];
  });
  const config: Config = Object.fromEntries(values);
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The settings of an empty environment, some of them replaced; for tests and documents. */
export function createConfig(overrides: Partial<Config> = {}): Config {
  return { ...loadConfig({ env: {}, readFile: () => "" }), ...overrides };
}

/** The process's environment. */
export const environment = (): ConfigDeps["env"] => process.env;
