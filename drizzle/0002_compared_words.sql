PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_agents` (
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
	CONSTRAINT "agents_status" CHECK(("__new_agents"."status" = 'draft' or "__new_agents"."status" = 'active' or "__new_agents"."status" = 'inactive')),
	CONSTRAINT "agents_active_has_version" CHECK("__new_agents"."status" <> 'active' or "__new_agents"."live_version" is not null)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_agents`("seq", "id", "name", "description", "status", "draft", "live_version", "webhook_enabled", "webhook_settings", "revision", "created_at", "updated_at", "deleted_at") SELECT "seq", "id", "name", "description", "status", "draft", "live_version", "webhook_enabled", "webhook_settings", "revision", "created_at", "updated_at", "deleted_at" FROM `agents`;--> statement-breakpoint
DROP TABLE `agents`;--> statement-breakpoint
ALTER TABLE `__new_agents` RENAME TO `agents`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `agents_by_id` ON `agents` (`id`);--> statement-breakpoint
CREATE TABLE `__new_deliveries` (
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
	CONSTRAINT "deliveries_verdict" CHECK(("__new_deliveries"."verdict" = 'accepted' or "__new_deliveries"."verdict" = 'duplicate' or "__new_deliveries"."verdict" = 'ignored' or "__new_deliveries"."verdict" = 'handshake' or "__new_deliveries"."verdict" = 'refused')),
	CONSTRAINT "deliveries_gate" CHECK("__new_deliveries"."gate" is null or ("__new_deliveries"."gate" = 'request' or "__new_deliveries"."gate" = 'agent' or "__new_deliveries"."gate" = 'credential' or "__new_deliveries"."gate" = 'body' or "__new_deliveries"."gate" = 'duplicate' or "__new_deliveries"."gate" = 'handshake' or "__new_deliveries"."gate" = 'filter' or "__new_deliveries"."gate" = 'input' or "__new_deliveries"."gate" = 'rate' or "__new_deliveries"."gate" = 'concurrency' or "__new_deliveries"."gate" = 'commit')),
	CONSTRAINT "deliveries_gate_unless_accepted" CHECK(("__new_deliveries"."gate" is null) = ("__new_deliveries"."verdict" = 'accepted'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_deliveries`("seq", "uid", "agent", "received_at", "verdict", "gate", "reason", "verified", "test", "method", "query", "address", "headers", "preset", "event", "delivery_key", "size", "decoding", "status", "code", "execution", "micros", "detail") SELECT "seq", "uid", "agent", "received_at", "verdict", "gate", "reason", "verified", "test", "method", "query", "address", "headers", "preset", "event", "delivery_key", "size", "decoding", "status", "code", "execution", "micros", "detail" FROM `deliveries`;--> statement-breakpoint
DROP TABLE `deliveries`;--> statement-breakpoint
ALTER TABLE `__new_deliveries` RENAME TO `deliveries`;--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_others_by_uid` ON `deliveries` (`uid`) WHERE "deliveries"."verdict" <> 'accepted';--> statement-breakpoint
CREATE INDEX `deliveries_others_of_agent` ON `deliveries` (`agent`,`seq`) WHERE "deliveries"."verdict" <> 'accepted';--> statement-breakpoint
CREATE INDEX `deliveries_kept_of_agent` ON `deliveries` (`agent`,`size`) WHERE "deliveries"."verdict" = 'refused' and "deliveries"."verified" = 1;--> statement-breakpoint
CREATE INDEX `deliveries_to_sweep` ON `deliveries` (`seq`) WHERE "deliveries"."verdict" <> 'accepted' and not ("deliveries"."verdict" = 'refused' and "deliveries"."verified" = 1);--> statement-breakpoint
CREATE TABLE `__new_executions` (
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
	`cost` real,
	FOREIGN KEY (`agent`) REFERENCES `agents`(`seq`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "executions_trigger" CHECK(("__new_executions"."trigger" = 'manual' or "__new_executions"."trigger" = 'webhook' or "__new_executions"."trigger" = 'schedule' or "__new_executions"."trigger" = 'replay' or "__new_executions"."trigger" = 'sub_agent')),
	CONSTRAINT "executions_state" CHECK(("__new_executions"."state" = 'waiting' or "__new_executions"."state" = 'running' or "__new_executions"."state" = 'completed' or "__new_executions"."state" = 'failed' or "__new_executions"."state" = 'cancelled' or "__new_executions"."state" = 'timed_out' or "__new_executions"."state" = 'interrupted')),
	CONSTRAINT "executions_finished_when_final" CHECK(("__new_executions"."finished_at" is not null) = ("__new_executions"."state" = 'completed' or "__new_executions"."state" = 'failed' or "__new_executions"."state" = 'cancelled' or "__new_executions"."state" = 'timed_out' or "__new_executions"."state" = 'interrupted'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_executions`("seq", "uid", "agent", "version", "trigger", "state", "delivery", "replay_of", "created_at", "started_at", "finished_at", "attempt", "recoveries", "error_code", "error_message", "error_node", "input_tokens", "output_tokens", "cached_tokens", "cost") SELECT "seq", "uid", "agent", "version", "trigger", "state", "delivery", "replay_of", "created_at", "started_at", "finished_at", "attempt", "recoveries", "error_code", "error_message", "error_node", "input_tokens", "output_tokens", "cached_tokens", "cost" FROM `executions`;--> statement-breakpoint
DROP TABLE `executions`;--> statement-breakpoint
ALTER TABLE `__new_executions` RENAME TO `executions`;--> statement-breakpoint
CREATE UNIQUE INDEX `executions_by_uid` ON `executions` (`uid`);--> statement-breakpoint
CREATE INDEX `executions_of_agent` ON `executions` (`agent`,`seq`);--> statement-breakpoint
CREATE INDEX `executions_open` ON `executions` (`seq`) WHERE "executions"."finished_at" is null;--> statement-breakpoint
CREATE TABLE `__new_idempotency_keys` (
	`agent` integer NOT NULL,
	`source` text NOT NULL,
	`key` text NOT NULL,
	`execution` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`agent`, `source`, `key`),
	CONSTRAINT "idempotency_keys_source" CHECK(("__new_idempotency_keys"."source" = 'caller' or "__new_idempotency_keys"."source" = 'sender'))
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
INSERT INTO `__new_idempotency_keys`("agent", "source", "key", "execution", "expires_at") SELECT "agent", "source", "key", "execution", "expires_at" FROM `idempotency_keys`;--> statement-breakpoint
DROP TABLE `idempotency_keys`;--> statement-breakpoint
ALTER TABLE `__new_idempotency_keys` RENAME TO `idempotency_keys`;--> statement-breakpoint
CREATE INDEX `idempotency_keys_to_sweep` ON `idempotency_keys` (`expires_at`);--> statement-breakpoint
CREATE TABLE `__new_journal` (
	`id` integer PRIMARY KEY NOT NULL,
	`execution` integer NOT NULL,
	`kind` text NOT NULL,
	`effect` text,
	`packed` integer NOT NULL,
	`record` blob NOT NULL,
	CONSTRAINT "journal_kind" CHECK(("__new_journal"."kind" = 'steps' or "__new_journal"."kind" = 'effect_started' or "__new_journal"."kind" = 'effect_ended'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_journal`("id", "execution", "kind", "effect", "packed", "record") SELECT "id", "execution", "kind", "effect", "packed", "record" FROM `journal`;--> statement-breakpoint
DROP TABLE `journal`;--> statement-breakpoint
ALTER TABLE `__new_journal` RENAME TO `journal`;--> statement-breakpoint
CREATE UNIQUE INDEX `journal_effect_ends_once` ON `journal` (`execution`,`effect`) WHERE "journal"."kind" = 'effect_ended';--> statement-breakpoint
CREATE TABLE `__new_providers` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`name` text NOT NULL,
	`base_url` text,
	`enabled` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "providers_type" CHECK(("__new_providers"."type" = 'openai' or "__new_providers"."type" = 'anthropic' or "__new_providers"."type" = 'google' or "__new_providers"."type" = 'openai-compatible' or "__new_providers"."type" = 'echo'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_providers`("id", "type", "name", "base_url", "enabled", "created_at", "updated_at") SELECT "id", "type", "name", "base_url", "enabled", "created_at", "updated_at" FROM `providers`;--> statement-breakpoint
DROP TABLE `providers`;--> statement-breakpoint
ALTER TABLE `__new_providers` RENAME TO `providers`;--> statement-breakpoint
CREATE TABLE `__new_secrets` (
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
	CONSTRAINT "secrets_purpose" CHECK(("__new_secrets"."purpose" = 'webhook' or "__new_secrets"."purpose" = 'provider' or "__new_secrets"."purpose" = 'server' or "__new_secrets"."purpose" = 'tool'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_secrets`("id", "purpose", "owner_id", "name", "sealed", "key_id", "fingerprint", "created_at", "expires_at", "last_used_at", "uses") SELECT "id", "purpose", "owner_id", "name", "sealed", "key_id", "fingerprint", "created_at", "expires_at", "last_used_at", "uses" FROM `secrets`;--> statement-breakpoint
DROP TABLE `secrets`;--> statement-breakpoint
ALTER TABLE `__new_secrets` RENAME TO `secrets`;--> statement-breakpoint
CREATE INDEX `secrets_of_owner` ON `secrets` (`purpose`,`owner_id`);--> statement-breakpoint
CREATE TABLE `__new_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`hash` blob NOT NULL,
	`scope` text NOT NULL,
	`agent_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	CONSTRAINT "tokens_scope" CHECK(("__new_tokens"."scope" = 'read' or "__new_tokens"."scope" = 'operate' or "__new_tokens"."scope" = 'admin'))
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_tokens`("id", "name", "hash", "scope", "agent_id", "created_at", "expires_at", "last_used_at") SELECT "id", "name", "hash", "scope", "agent_id", "created_at", "expires_at", "last_used_at" FROM `tokens`;--> statement-breakpoint
DROP TABLE `tokens`;--> statement-breakpoint
ALTER TABLE `__new_tokens` RENAME TO `tokens`;--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_by_hash` ON `tokens` (`hash`);--> statement-breakpoint
CREATE TABLE `__new_windows` (
	`agent` integer NOT NULL,
	`kind` text NOT NULL,
	`window_start` integer NOT NULL,
	`count` integer NOT NULL,
	`unfinished` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`agent`, `kind`),
	CONSTRAINT "windows_kind" CHECK(("__new_windows"."kind" = 'live' or "__new_windows"."kind" = 'test')),
	CONSTRAINT "windows_not_negative" CHECK("__new_windows"."count" >= 0 and "__new_windows"."unfinished" >= 0)
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
INSERT INTO `__new_windows`("agent", "kind", "window_start", "count", "unfinished") SELECT "agent", "kind", "window_start", "count", "unfinished" FROM `windows`;--> statement-breakpoint
DROP TABLE `windows`;--> statement-breakpoint
ALTER TABLE `__new_windows` RENAME TO `windows`;