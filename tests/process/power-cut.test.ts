// A power cut: what the disk holds at that moment, mounted again. Needs root and loop devices.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { drawSeed } from "../trust/chance";
import { whyNoDiskImages } from "../trust/disk-image";
import { cutUnderLoad } from "../trust/power-cut";

guardProcesses();

const hindrance = whyNoDiskImages();
if (hindrance !== null) console.log(`skipped, as no disk can be mounted here: ${hindrance}`);

const testWithDisks = test.skipIf(hindrance !== null);

testWithDisks("of two power cuts under load none loses what was acknowledged", async () => {
  const seed = drawSeed();
  console.log(`seed ${seed}`);
  const plan = { cuts: 2, seed, durability: "full", say: console.log } as const;
  const { acknowledged, ...figures } = await cutUnderLoad(plan);
  expect(figures).toEqual({
    cuts: 2,
    lost: 0,
    unowned: 0,
    forgotten: 0,
    miscounted: 0,
    wrong: 0,
    damage: 0,
  });
  expect(acknowledged).toBeGreaterThan(2);
});

testWithDisks(
  "where commits do not wait for the disk, a power cut soon loses what was acknowledged",
  async () => {
    const seed = drawSeed();
    console.log(`seed ${seed}`);
    const plan = { cuts: 20, seed, durability: "normal", untilLoss: true } as const;
    expect((await cutUnderLoad({ ...plan, say: console.log })).lost).toBeGreaterThan(0);
  },
);
