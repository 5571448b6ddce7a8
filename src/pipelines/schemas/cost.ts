// What a check will cost, found before it is made: a hostile input against a schema with many
// branches, or one that refers to itself, may take exponentially long and would hold the event loop.

import type { Schema } from "@cfworker/json-schema";
import type { Json } from "../record";
import type { CopiedSchema } from "./copy";

/** What the checker spends beside one step (about 2 µs, measured), in steps. */
const STEPS_PER_ENUM_VALUE = 1 / 300;
const STEPS_PER_REQUIRED_NAME = 1 / 50;
const STEPS_PER_SCHEMA_PROPERTY = 1 / 10;
const STEPS_PER_PROPERTY = 1 / 25;
const STEPS_PER_CHARACTER = 1 / 1_000;

const countNames = (value: object | undefined): number =>
  value === undefined ? 0 : Object.keys(value).length;

/** Steps of one application of a schema, its sub-schemas aside. */
const weigh = ({ enum: values, required, properties, dependentRequired }: Schema): number =>
  1 +
  countNames(values) * STEPS_PER_ENUM_VALUE +
  countNames(required) * STEPS_PER_REQUIRED_NAME +
  (countNames(properties) + countNames(dependentRequired)) * STEPS_PER_SCHEMA_PROPERTY;

/**
 * Makes a function that gives an upper bound of the steps to check a value, and stops counting at
 * `limit`. Takes about 50 ns a step.
 */
export function createCostMeter(root: CopiedSchema, limit: number): (value: Json) => number {
  const weights = new Map<CopiedSchema, number>();
  let spent = 0;

  function spend(schema: CopiedSchema, value: Json): void {
    let weight = weights.get(schema);
    if (weight === undefined) weights.set(schema, (weight = weigh(schema.schema)));
    spent += weight;
    if (spent > limit) return;
    for (const one of schema.value) spend(one, value);
    if (typeof value === "string") spent += value.length * STEPS_PER_CHARACTER;
    else if (Array.isArray(value)) spendItems(schema, value);
    else if (typeof value === "object" && value !== null) spendMembers(schema, value);
  }

  function spendItems(schema: CopiedSchema, items: readonly Json[]): void {
    schema.prefix.forEach((one, index) => index < items.length && spend(one, items[index] ?? null));
    for (const one of schema.items) {
      for (let index = 0; index < items.length && spent <= limit; index++) {
        spend(one, items[index] ?? null);
      }
    }
  }

  function spendMembers(schema: CopiedSchema, object: { [key: string]: Json }): void {
    const keys = Object.keys(object);
    spent += keys.length * STEPS_PER_PROPERTY;
    for (const [key, one] of schema.named) {
      if (Object.hasOwn(object, key)) spend(one, object[key] ?? null);
    }
    if (schema.members.length + schema.names.length === 0) return;
    for (const key of keys) {
      if (spent > limit) return;
      for (const one of schema.members) spend(one, object[key] ?? null);
      for (const one of schema.names) spend(one, key);
    }
  }

  return (value) => {
    spent = 0;
    spend(root, value);
    return spent;
  };
}
