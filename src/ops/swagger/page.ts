// The page that shows the OpenAPI document in Swagger UI, and the files it loads: all from the
// program itself, so that it works without the internet and under a strict policy.

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import manifest from "swagger-ui-dist/package.json" with { type: "json" };
import scriptPath from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import stylePath from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import { sha256 } from "../../lib/crypto";
import init from "./init.js" with { type: "text" };

/** A file of the page; its name changes with its content. */
export interface Asset {
  type: string;
  content: Blob;
  /** The content by gzip, a quarter of it; made when it is first asked for, beside the event loop. */
  packed(): Promise<Uint8Array<ArrayBuffer>>;
}

const compress = promisify(gzip);

function createAsset({ type, content }: Pick<Asset, "type" | "content">): Asset {
  let packed: ReturnType<Asset["packed"]> | null = null;
  const pack = async () => new Uint8Array(await compress(await content.bytes()));
  return { type, content, packed: () => (packed ??= pack()) };
}

/** Whether an `Accept-Encoding` takes gzip (RFC 9110, 12.5.3). */
export const takesGzip = (accepted: string): boolean =>
  accepted
    .split(",")
    .map((coding) => coding.trim().split(/ *; *q=/i))
    .some(([name = "", weight = "1"]) => /^(gzip|x-gzip)$/i.test(name) && Number(weight) > 0);

const SCRIPT = "text/javascript; charset=utf-8";

/** The page's files by name, in the order in which it loads them. */
export function createAssets(): Map<string, Asset> {
  const hash = sha256(Buffer.from(init)).toString("hex").slice(0, 8);
  return new Map<string, Asset>([
    [
      `swagger-ui-${manifest.version}.css`,
      createAsset({ type: "text/css; charset=utf-8", content: Bun.file(stylePath) }),
    ],
    [
      `swagger-ui-${manifest.version}.js`,
      createAsset({ type: SCRIPT, content: Bun.file(scriptPath) }),
    ],
    [`init-${hash}.js`, createAsset({ type: SCRIPT, content: new Blob([init]) })],
  ]);
}

/** Everything from this origin; what Swagger UI draws by itself are `data:` images. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const load = (name: string): string =>
  name.endsWith(".css")
    ? `<link rel="stylesheet" href="/swagger/${name}" />`
    : `<script defer src="/swagger/${name}"></script>`;

/** The page; `names` are those of its files. */
export const createPage = (names: Iterable<string>): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Hookline API</title>
    <link rel="icon" href="data:," />
    ${[...names].map(load).join("\n    ")}
  </head>
  <body>
    <form id="ask" class="swagger-ui wrapper" hidden>
      <h1 class="title">Hookline API</h1>
      <p><label>API token <input type="password" autocomplete="off" required /></label></p>
      <p><button class="btn authorize">Open</button></p>
    </form>
    <p id="problem" class="swagger-ui wrapper" role="status"></p>
    <main id="swagger-ui"></main>
  </body>
</html>
`;
