// `bun run bench [--quick] [--write]`: measures everything and prints the report; `--write` makes it
// docs/performance.md. Takes 25 minutes; `--quick` shows within three that it works, and no figures.

import { parseArgs } from "node:util";
import {
  FULL,
  measureConnections,
  measurePaced,
  measureThroughput,
  QUICK,
  type Scale,
} from "./figures";
import { countFlushes, measureMemory, measureStart } from "./footprint";
import { measureGrowth } from "./growth";
import { describeMachine } from "./machine";
import { printReport } from "./report";

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function measureAll(scale: Scale): Promise<string> {
  const machine = describeMachine();
  const startMs = await measureStart(scale);
  say(`start: ${startMs.toFixed(0)} ms`);
  const memory = await measureMemory(scale);
  const flushes = await countFlushes(scale);
  say("throughput");
  const throughput = await measureThroughput(scale);
  say("connections");
  const connections = await measureConnections(scale);
  say("1,000 a second");
  const paced = await measurePaced(scale);
  say(`${scale.grown} executions`);
  const growth = await measureGrowth(scale);
  const { rounds, seconds } = scale;
  return printReport({
    machine,
    rounds,
    seconds,
    throughput,
    connections,
    paced,
    startMs,
    memory,
    flushes,
    growth,
  });
}

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const report = await measureAll(values.quick ? QUICK : FULL);
if (values.write) await Bun.write(`${import.meta.dir}/../docs/performance.md`, report);
else process.stdout.write(report);
