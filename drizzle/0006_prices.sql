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
--> statement-breakpoint
CREATE UNIQUE INDEX `prices_by_model_and_day` ON `prices` (`provider`,`model`,`valid_from`);