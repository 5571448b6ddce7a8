// Makes dist/hookline: one binary with everything in it.
//
//   bun scripts/build.ts [--target=bun-linux-arm64] [--outfile=dist/hookline]

import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    outfile: { type: "string", default: "dist/hookline" },
  },
});

// Never minified: that makes Elysia accept query values out of range, silently.
const command = [
  process.execPath,
  "build",
  "--compile",
  "--bytecode",
  "--format=esm",
  "--sourcemap=linked",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  ...(values.target === undefined ? [] : [`--target=${values.target}`]),
  "src/main.ts",
  // Started by its file's name, so it is an entry of its own.
  "src/db/checkpoint-worker.ts",
  "--outfile",
  values.outfile,
];

const build = Bun.spawn(command, {
  cwd: `${import.meta.dir}/..`,
  // --compile alone would bake in "development".
  env: { ...process.env, NODE_ENV: "production" },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exit(await build.exited);
