-- The schema of a new database; written by tests/rules/schema-dump.ts.

CREATE TABLE `agent_versions` (
	`agent` integer NOT NULL,
	`version` integer NOT NULL,
	`pipeline` text NOT NULL,
	`note` text DEFAULT '' NOT NULL,
	`created_at` integer NOT NULL, `author` text,
	PRIMARY KEY(`agent`, `version`),
	FOREIGN KEY (`agent`) REFERENCES `agents`(`seq`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID, STRICT;

CREATE TABLE "agents" (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`description` text DEFAULT '' NOT NULL,
	`status` text NOT NULL,
	`draft` text NOT NULL,
	`live_version` integer,
	`webhook_enabled` integer DEFAULT false NOT NULL,
	`webhook_settings` text DEFAULT '{}' NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	CONSTRAINT "agents_status" CHECK(("agents"."status" = 'draft' or "agents"."status" = 'active' or "agents"."status" = 'inactive')),
	CONSTRAINT "agents_active_has_version" CHECK("agents"."status" <> 'active' or "agents"."live_version" is not null)
) STRICT;

CREATE TABLE "deliveries" (
	`seq` integer PRIMARY KEY NOT NULL,
	`uid` blob NOT NULL,
	`agent` integer,
	`received_at` integer NOT NULL,
	`verdict` text NOT NULL,
	`gate` text,
	`reason` text,
	`verified` integer NOT NULL,
	`test` integer DEFAULT false NOT NULL,
	`method` text NOT NULL,
	`query` text DEFAULT '' NOT NULL,
	`address` text,
	`headers` text NOT NULL,
	`preset` text NOT NULL,
	`event` text,
	`delivery_key` text,
	`size` integer NOT NULL,
	`decoding` text,
	`status` integer NOT NULL,
	`code` text,
	`execution` integer,
	`micros` integer NOT NULL,
	`detail` text,
	CONSTRAINT "deliveries_verdict" CHECK(("deliveries"."verdict" = 'accepted' or "deliveries"."verdict" = 'duplicate' or "deliveries"."verdict" = 'ignored' or "deliveries"."verdict" = 'handshake' or "deliveries"."verdict" = 'refused')),
	CONSTRAINT "deliveries_gate" CHECK("deliveries"."gate" is null or ("deliveries"."gate" = 'request' or "deliveries"."gate" = 'agent' or "deliveries"."gate" = 'credential' or "deliveries"."gate" = 'body' or "deliveries"."gate" = 'duplicate' or "deliveries"."gate" = 'handshake' or "deliveries"."gate" = 'filter' or "deliveries"."gate" = 'input' or "deliveries"."gate" = 'rate' or "deliveries"."gate" = 'concurrency' or "deliveries"."gate" = 'commit')),
	CONSTRAINT "deliveries_gate_unless_accepted" CHECK(("deliveries"."gate" is null) = ("deliveries"."verdict" = 'accepted'))
) STRICT;

CREATE TABLE `delivery_counts` (
	`agent` integer NOT NULL,
	`hour` integer NOT NULL,
	`reason` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`agent`, `hour`, `reason`)
) WITHOUT ROWID, STRICT;

CREATE TABLE "executions" (
	`seq` integer PRIMARY KEY NOT NULL,
	`uid` blob NOT NULL,
	`agent` integer NOT NULL,
	`version` integer NOT NULL,
	`trigger` text NOT NULL,
	`state` text NOT NULL,
	`delivery` integer,
	`replay_of` integer,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`attempt` integer DEFAULT 0 NOT NULL,
	`recoveries` integer DEFAULT 0 NOT NULL,
	`error_code` text,
	`error_message` text,
	`error_node` text,
	`input_tokens` integer,
	`output_tokens` integer,
	`cached_tokens` integer,
	`cost` real, `caller` integer,
	FOREIGN KEY (`agent`) REFERENCES `agents`(`seq`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "executions_trigger" CHECK(("executions"."trigger" = 'manual' or "executions"."trigger" = 'webhook' or "executions"."trigger" = 'schedule' or "executions"."trigger" = 'replay' or "executions"."trigger" = 'sub_agent')),
	CONSTRAINT "executions_state" CHECK(("executions"."state" = 'waiting' or "executions"."state" = 'running' or "executions"."state" = 'completed' or "executions"."state" = 'failed' or "executions"."state" = 'cancelled' or "executions"."state" = 'timed_out' or "executions"."state" = 'interrupted')),
	CONSTRAINT "executions_finished_when_final" CHECK(("executions"."finished_at" is not null) = ("executions"."state" = 'completed' or "executions"."state" = 'failed' or "executions"."state" = 'cancelled' or "executions"."state" = 'timed_out' or "executions"."state" = 'interrupted'))
) STRICT;

CREATE TABLE "idempotency_keys" (
	`agent` integer NOT NULL,
	`source` text NOT NULL,
	`key` text NOT NULL,
	`execution` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`agent`, `source`, `key`),
	CONSTRAINT "idempotency_keys_source" CHECK(("idempotency_keys"."source" = 'caller' or "idempotency_keys"."source" = 'sender'))
) WITHOUT ROWID, STRICT;

CREATE TABLE "journal" (
	`id` integer PRIMARY KEY NOT NULL,
	`execution` integer NOT NULL,
	`kind` text NOT NULL,
	`effect` text,
	`packed` integer NOT NULL,
	`record` blob NOT NULL,
	CONSTRAINT "journal_kind" CHECK(("journal"."kind" = 'steps' or "journal"."kind" = 'effect_started' or "journal"."kind" = 'effect_ended'))
) STRICT;

CREATE TABLE `kept_answers` (
	`scope` blob PRIMARY KEY NOT NULL,
	`body_mac` blob NOT NULL,
	`key_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	`status` integer,
	`headers` text,
	`packed` integer,
	`sealed` blob,
	CONSTRAINT "kept_answers_whole" CHECK(("kept_answers"."status" is null) = ("kept_answers"."sealed" is null) and ("kept_answers"."headers" is null) = ("kept_answers"."sealed" is null) and ("kept_answers"."packed" is null) = ("kept_answers"."sealed" is null))
) STRICT;

CREATE TABLE migrations (position integer primary key, name text not null unique, hash text not null, applied_at integer not null) strict;

CREATE TABLE `payloads` (
	`seq` integer PRIMARY KEY NOT NULL,
	`packed` integer NOT NULL,
	`body` blob NOT NULL
) STRICT;

CREATE TABLE `prices` (
	`id` text PRIMARY KEY NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`valid_from` integer NOT NULL,
	`input` integer NOT NULL,
	`cached_input` integer,
	`output` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "prices_provider" CHECK(("prices"."provider" = 'openai' or "prices"."provider" = 'anthropic' or "prices"."provider" = 'google' or "prices"."provider" = 'openai-compatible') or substr("prices"."provider", 1, 4) = 'prv_'),
	CONSTRAINT "prices_from_a_day" CHECK("prices"."valid_from" >= 0 and "prices"."valid_from" % 86400000 = 0),
	CONSTRAINT "prices_not_negative" CHECK("prices"."input" >= 0 and "prices"."output" >= 0 and ("prices"."cached_input" is null or "prices"."cached_input" >= 0))
) STRICT;

CREATE TABLE "providers" (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`name` text NOT NULL,
	`base_url` text,
	`enabled` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL, `script` text,
	CONSTRAINT "providers_type" CHECK(("providers"."type" = 'openai' or "providers"."type" = 'anthropic' or "providers"."type" = 'google' or "providers"."type" = 'openai-compatible' or "providers"."type" = 'echo'))
) STRICT;

CREATE TABLE "secrets" (
	`id` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`owner_id` text,
	`name` text,
	`sealed` blob NOT NULL,
	`key_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`uses` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "secrets_purpose" CHECK(("secrets"."purpose" = 'webhook' or "secrets"."purpose" = 'provider' or "secrets"."purpose" = 'server' or "secrets"."purpose" = 'tool'))
) STRICT;

CREATE TABLE "tokens" (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`hash` blob NOT NULL,
	`scope` text NOT NULL,
	`agent_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	CONSTRAINT "tokens_scope" CHECK(("tokens"."scope" = 'read' or "tokens"."scope" = 'operate' or "tokens"."scope" = 'admin'))
) STRICT;

CREATE TABLE `tools` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`enabled` integer NOT NULL,
	`settings` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "tools_type" CHECK(("tools"."type" = 'http' or "tools"."type" = 'mcp'))
) STRICT;

CREATE TABLE "windows" (
	`agent` integer NOT NULL,
	`kind` text NOT NULL,
	`window_start` integer NOT NULL,
	`count` integer NOT NULL,
	`unfinished` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`agent`, `kind`),
	CONSTRAINT "windows_kind" CHECK(("windows"."kind" = 'live' or "windows"."kind" = 'test')),
	CONSTRAINT "windows_not_negative" CHECK("windows"."count" >= 0 and "windows"."unfinished" >= 0)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX `agents_by_id` ON `agents` (`id`);

CREATE INDEX `deliveries_kept_of_agent` ON `deliveries` (`agent`,`size`) WHERE "deliveries"."verdict" = 'refused' and "deliveries"."verified" = 1;

CREATE UNIQUE INDEX `deliveries_others_by_uid` ON `deliveries` (`uid`) WHERE "deliveries"."verdict" <> 'accepted';

CREATE INDEX `deliveries_others_of_agent` ON `deliveries` (`agent`,`seq`) WHERE "deliveries"."verdict" <> 'accepted';

CREATE INDEX `deliveries_to_sweep` ON `deliveries` (`seq`) WHERE "deliveries"."verdict" <> 'accepted' and not ("deliveries"."verdict" = 'refused' and "deliveries"."verified" = 1);

CREATE UNIQUE INDEX `executions_by_uid` ON `executions` (`uid`);

CREATE INDEX `executions_called` ON `executions` (`caller`) WHERE "executions"."caller" is not null and "executions"."finished_at" is null;

CREATE INDEX `executions_of_agent` ON `executions` (`agent`,`seq`);

CREATE INDEX `executions_open` ON `executions` (`seq`) WHERE "executions"."finished_at" is null;

CREATE INDEX `idempotency_keys_to_sweep` ON `idempotency_keys` (`expires_at`);

CREATE UNIQUE INDEX `journal_effect_ends_once` ON `journal` (`execution`,`effect`) WHERE "journal"."kind" = 'effect_ended';

CREATE INDEX `kept_answers_to_sweep` ON `kept_answers` (`expires_at`);

CREATE UNIQUE INDEX `prices_by_model_and_day` ON `prices` (`provider`,`model`,`valid_from`);

CREATE INDEX `secrets_of_owner` ON `secrets` (`purpose`,`owner_id`);

CREATE UNIQUE INDEX `tokens_by_hash` ON `tokens` (`hash`);
