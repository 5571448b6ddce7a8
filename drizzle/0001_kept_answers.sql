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
--> statement-breakpoint
CREATE INDEX `kept_answers_to_sweep` ON `kept_answers` (`expires_at`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_to_sweep` ON `idempotency_keys` (`expires_at`);