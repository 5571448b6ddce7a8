// The entry: which command, then run it. NODE_ENV is set before anything reads it at load.

process.env.NODE_ENV ??= "production";

const USAGE = `Usage: hookline <command>

  serve         start the server
                --port N  --host ADDRESS  --data DIRECTORY  --public-url URL
  openapi       print the OpenAPI document
                -o FILE
  healthcheck   ask the server of this machine whether it lives
  version       print the version
  help          print this
`;

const [command = "help", ...args] = process.argv.slice(2);

switch (command) {
  case "serve":
    await (await import("./commands/serve")).serve(args);
    break;
  case "openapi":
    await (await import("./commands/openapi")).openapi(args);
    break;
  case "healthcheck":
    await (await import("./commands/healthcheck")).healthcheck();
    break;
  // Not in the usage: only the server starts it.
  case "sandbox":
    await (await import("./commands/sandbox")).sandbox();
    break;
  case "version":
  case "--version":
    (await import("./commands/version")).printVersion();
    break;
  case "help":
  case "--help":
    process.stdout.write(USAGE);
    break;
  default:
    process.stderr.write(`There is no command ${command.slice(0, 40)}.\n\n${USAGE}`);
    process.exit(2);
}

export {};
