// Paths and methods that are written in other ways: none leads past the credential, and what is
// not there answers 404 or 405 in the one shape.

import { ADMIN_TOKEN } from "../../support/server";
import { CANARY, toCases, toCasesElsewhere, type Parts, type Row } from "./abuse-case";

const AUTHORIZED = `Authorization: Bearer ${ADMIN_TOKEN}`;
const NOTHING = "404 NOT_FOUND";
const WRONG_METHOD = "405 METHOD_NOT_ALLOWED";
const DENIED = "401 UNAUTHORIZED";

/** A request without a body. */
const plain = (method: string, target: string, ...lines: string[]): Parts => ({
  method,
  target,
  lines,
  type: [],
  framing: [],
  body: "",
});

const ours = (make: (path: string) => Parts): Row[1] => {
  return ({ path }) => make(path.replace(/\?.*/, ""));
};

/** Ways to write a path of the API that are other paths, with a good token. */
const NOWHERE: [name: string, target: string][] = [
  ["two slashes before", "//agents"],
  ["two slashes within", "/agents//x"],
  ["a capital letter", "/Agents"],
  ["capitals", "/AGENTS"],
  ["an escaped letter", "/%61gents"],
  ["an escaped NUL behind", "/agents%00"],
  ["a path parameter", "/agents;x"],
  ["a fragment", "/agents#x"],
  ["an id of NUL", "/agents/%00"],
  ["an id that is no escape", "/agents/%zz"],
  ["an id of a percent sign", "/agents/%"],
  ["an id that is not UTF-8", "/agents/%ff"],
  ["an id of overlong dots", "/agents/%c0%ae%c0%ae"],
  ["an id with an escaped slash", "/agents/a%2fb"],
  ["an id of dots and a parameter", "/agents/..;/agents"],
  ["an id of SQL", `/agents/'%20or%201=1--`],
  ["an id of a wildcard", "/agents/%25"],
  ["an id named __proto__", "/agents/__proto__"],
  ["an id named constructor", "/agents/constructor"],
  ["an id beyond ASCII", "/agents/\xc3\xa9"],
  ["an id of 8 KB", `/agents/${"a".repeat(8_192)}`],
  ["a folder's own name", "/agents/././x"],
  ["a file of the machine", "/../../etc/passwd"],
  ["an escaped way to a file", "/%2e%2e/%2e%2e/etc/passwd"],
  ["a way to a file from the documents", "/swagger/..%2f..%2fetc%2fpasswd"],
  ["__proto__", `/__proto__?${CANARY}`],
  ["a bare question mark", "/?"],
];

/** Ways that lead to the list of agents, where they lead, and that ask for a token there. */
const ROUND_ABOUT: [name: string, target: string][] = [
  ["a slash behind", "/agents/"],
  ["dots behind an open path", "/healthz/../agents"],
  ["escaped dots behind an open path", "/healthz/%2e%2e/agents"],
  ["a dot before", "/./agents"],
  ["a backslash", "/agents\\x"],
  ["a target with its host", "http://localhost/agents"],
  ["a target with an open path before", "http://localhost/healthz/../agents"],
];

const QUERIES: [name: string, query: string][] = [
  ["__proto__", "__proto__=1"],
  ["a nested __proto__", "__proto__[x]=1"],
  ["a bad escape", "limit=%zz"],
  ["a list", "limit[]=1"],
  ["a page below the first", "limit=-1"],
  ["a page of 10^20", "limit=100000000000000000000"],
  ["a cursor of NUL", "cursor=%00"],
  ["5,000 fields", "a=1&".repeat(5_000).slice(0, 12_000)],
];

const METHODS = ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PURGE", "SEARCH", "QUERY", "PUT"];

const ELSEWHERE: Row[] = [
  ...NOWHERE.map(([name, target]): Row => [name, plain("GET", target, AUTHORIZED), NOTHING]),
  ...ROUND_ABOUT.map(([name, target]): Row => [
    `${name}, without a token`,
    plain("GET", target),
    DENIED,
  ]),
  ...QUERIES.map(([name, query]): Row => [
    `a query of ${name}`,
    plain("GET", `/agents?${query}`, AUTHORIZED),
    "422 VALIDATION_ERROR",
  ]),
  ...METHODS.map((method): Row => [
    `${method} of the list of agents`,
    plain(method, "/agents", AUTHORIZED),
    WRONG_METHOD,
  ]),
  ...METHODS.map((method): Row => [`${method} of nothing`, plain(method, "/nothing"), NOTHING]),
  ["CONNECT to a host", plain("CONNECT", "localhost:1"), NOTHING, { unfinished: true }],
  ["HEAD of nothing", plain("HEAD", "/nothing"), "404", { bodyless: true }],
  ["HEAD of the list of agents", plain("HEAD", "/agents"), "401", { bodyless: true }],
  ["HEAD of the probe", plain("HEAD", "/healthz"), "200", { bodyless: true }],
  [
    "a path that a proxy rewrote",
    plain("GET", "/healthz", "X-Original-URL: /agents", "X-Rewrite-URL: /agents"),
    "200",
  ],
  [
    "a deletion by an overriding header",
    ({ id }) => plain("POST", `/agents/${id}`, AUTHORIZED, "X-HTTP-Method-Override: DELETE"),
    WRONG_METHOD,
  ],
  [
    "a probe that asks for a WebSocket",
    plain(
      "GET",
      "/healthz",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    "200",
  ],
  [
    "a probe with a body",
    { ...plain("GET", "/healthz"), framing: ["Content-Length: 2"], body: "{}" },
    "200",
  ],
  ["a delivery to no agent", { target: `/agents/${CANARY}/webhook` }, NOTHING],
  [
    "a delivery to an id that nobody has",
    { target: "/agents/agt_00000000-0000-7000-8000-000000000000/webhook" },
    NOTHING,
  ],
  ["a delivery to an id of escapes", { target: "/agents/%2e%2e%2f%00/webhook" }, NOTHING],
  ["a delivery to an id of 8 KB", { target: `/agents/${"a".repeat(8_192)}/webhook` }, NOTHING],
  ["a delivery to an id beyond ASCII", { target: "/agents/\xf0\x9f\x91\x8b/webhook" }, NOTHING],
  ["a delivery to an id of dots", { target: "/agents/%2e%2e/webhook" }, NOTHING],
  ["a delivery to an id named __proto__", { target: "/agents/__proto__/webhook" }, NOTHING],
  ["a delivery to an empty id", { target: "/agents//webhook" }, NOTHING],
  [
    "a delivery with a capital letter",
    ours((path) => ({ target: path.replace("webhook", "Webhook") })),
    NOTHING,
  ],
  [
    "a delivery to an id in capitals",
    ({ id }) => ({ target: `/agents/${id.toUpperCase()}/webhook` }),
    NOTHING,
  ],
  [
    "a delivery with two slashes",
    ours((path) => ({ target: path.replace("/webhook", "//webhook") })),
    NOTHING,
  ],
  [
    "a delivery with an escaped letter",
    ours((path) => ({ target: path.replace("webhook", "%77ebhook") })),
    NOTHING,
  ],
  ["a delivery with a path parameter", ours((path) => ({ target: `${path};x=1` })), NOTHING],
  ["a delivery with a fragment", ours((path) => ({ target: `${path}#x` })), NOTHING],
  [
    "a delivery to an id with a space",
    ({ id }) => ({ target: `/agents/${id}%20/webhook` }),
    NOTHING,
  ],
  ["a delivery to an id with NUL", ({ id }) => ({ target: `/agents/${id}%00/webhook` }), NOTHING],
  ["a delivery below the webhook", ours((path) => ({ target: `${path}/x` })), NOTHING],
];

const refusedMethod: Row[] = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [
  `${method} of a webhook`,
  ({ path }) => (method === "GET" ? plain(method, path) : { method }),
  WRONG_METHOD,
]);

const OWN: Row[] = [
  ...refusedMethod,
  ...["TRACE", "CONNECT", "PROPFIND"].map((method): Row => [
    `${method} of a webhook`,
    ({ path }) => plain(method, path),
    WRONG_METHOD,
    { ledger: "" },
  ]),
  [
    "HEAD of a webhook",
    ({ path }) => plain("HEAD", path),
    "405",
    { bodyless: true, ledger: ["", "refused METHOD_NOT_ALLOWED"] },
  ],
  [
    "GET that calls itself POST",
    ({ path }) => plain("GET", `${path}&_method=POST`, "X-HTTP-Method-Override: POST"),
    WRONG_METHOD,
  ],
  ["POST that calls itself DELETE", { lines: ["X-HTTP-Method-Override: DELETE"] }, "200"],
  [
    "a webhook that is asked for a WebSocket",
    ({ path }) =>
      plain(
        "GET",
        path,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ),
    WRONG_METHOD,
  ],
  ["a slash behind a webhook", ours((path) => ({ target: `${path}/` })), "200"],
  ["an escaped letter of an id", ours((path) => ({ target: path.replace("agt", "%61gt") })), "200"],
  ["dots before a webhook", ours((path) => ({ target: `/x/..${path}` })), "200"],
  [
    "any query of a webhook",
    ({ path }) => ({ target: `${path}&__proto__=1&a[]=2&%00=%zz` }),
    "200",
  ],
];

export const PATHS = [...toCasesElsewhere(ELSEWHERE), ...toCases(OWN)];
