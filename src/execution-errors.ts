// Codes that end executions and steps: the public sentence, and a line for the documentation.
// They appear in results, never as an answer; those of answers are in `errors.ts`.

/** A code without an HTTP status. */
interface EndRow {
  status: null;
  message: string;
  doc: string;
}

const end = (message: string, doc: string): EndRow => ({ status: null, message, doc });

export const EXECUTION_ERRORS = {
  ADDRESS_FORBIDDEN: end(
    "The address is not public; allow it with HOOKLINE_ALLOW_PRIVATE=host:port.",
    "Outgoing requests reach public addresses only, unless the setting lists the target.",
  ),
  REDIRECT_FORBIDDEN: end(
    "The target redirects to another host, to plain http, or too often.",
    "Redirects are followed within the same host, up to five: set the URL that they lead to.",
  ),
  ADDRESS_UNRESOLVED: end(
    "The host name could not be resolved.",
    "Check the `baseUrl` and this machine's DNS.",
  ),
  URL_INVALID: end(
    "The URL is not one that can be called.",
    "http and https only, without user and password.",
  ),
  RESPONSE_TOO_LARGE: end(
    "The response is larger than allowed.",
    "The peer sent more bytes than the limit of the call.",
  ),
  PROVIDER_UNREACHABLE: end(
    "The provider could not be reached.",
    "No connection, or it broke before an answer.",
  ),
  PROVIDER_TLS_FAILED: end(
    "No trusted TLS connection to the provider could be made.",
    "Its certificate has expired, is for another name or signed by nobody known here, or the port speaks no TLS; nothing was sent.",
  ),
  PROVIDER_ERROR: end(
    "The provider answered with an error.",
    "Its HTTP status stands in the step's error. 408, 425, 429 and 5xx have been tried again, as often as `retries` of the node says; the step's `logs` tell when.",
  ),
  PROVIDER_RESPONSE_INVALID: end(
    "The provider's answer is not in the expected format.",
    "Is `baseUrl` that of an API of the provider's type, version included?",
  ),
  PROVIDER_STREAM_CUT: end(
    "The provider's answer broke off before its end.",
    "The stream stopped without the event that ends it; what had arrived is in the step.",
  ),
  PROVIDER_TIMEOUT: end(
    "The provider did not answer in time.",
    "`timeoutMs` of the node, for all attempts together; first byte within 60 s, then never silent for 30 s.",
  ),
  PROVIDER_CIRCUIT_OPEN: end(
    "The provider has failed several times in a row and is not asked for now.",
    "After five calls in a row that found it down; one call every 30 s looks whether it is back.",
  ),
  PROVIDER_MISSING: end(
    "The provider of this node does not exist any more, or is switched off.",
    "Choose another provider and activate.",
  ),
  CREDENTIAL_UNREADABLE: end(
    "The provider's key cannot be read.",
    "`secret.key` or HOOKLINE_ENCRYPTION_KEY is not the one that encrypted it; set the key again.",
  ),
  CODE_FAILED: end(
    "The code threw an error; the step's logs have it.",
    "`transform.code` or `condition.expression` ended with an exception: its name, its message and the line of the statement, where that is known, are the last line of the step's `logs`.",
  ),
  CODE_TIMEOUT: end(
    "The code did not end in time.",
    "`timeoutMs` of the node, one second unless it says otherwise; the run was killed.",
  ),
  CODE_OUT_OF_MEMORY: end(
    "The code used more memory than allowed.",
    "64 MiB for the code, its values and its result; the run was ended.",
  ),
  CODE_RESULT_INVALID: end(
    "The code returned something that is not JSON, or nests too deeply.",
    "Return null, booleans, numbers, strings, arrays and plain objects, at most 128 levels deep.",
  ),
  CODE_VALUES_TOO_LARGE: end(
    "The values that the code reads are larger than 8 MiB.",
    "Name only the parts that are needed, such as `{{input.commits}}` instead of `input`.",
  ),
  EXECUTION_TIMEOUT: end("The execution ran longer than allowed.", "HOOKLINE_EXECUTION_TIMEOUT."),
  MODEL_OUTPUT_INVALID: end(
    "The model's answer does not fit what was asked of it.",
    "`outputSchema` of the node; the step keeps the text. A plainer schema, or another model, may help.",
  ),
  TOOL_ROUND_LIMIT: end(
    "The model asked for tools more often than it may.",
    "`maxToolRounds` of the node: rounds of tool calls in one step.",
  ),
  TOOL_MISSING: end(
    "The tool of this node does not exist any more, or is switched off.",
    "Choose another tool and activate.",
  ),
  TOOL_NOT_ALLOWED: end(
    "A delivery started this execution, and the webhook does not allow it this tool.",
    "Add the tool to the webhook's `allow.toolIds` if strangers may set it off.",
  ),
  TOOL_INPUT_INVALID: end(
    "The parameters do not fit the tool.",
    "The message says which: mend the node's `parameterMapping`, or the tool's `parameters`.",
  ),
  TOOL_UNREACHABLE: end(
    "The tool cannot be reached.",
    "Its host does not answer, or closed the connection before an answer.",
  ),
  TOOL_TLS_FAILED: end(
    "The tool's certificate is not trusted.",
    "Expired, for another name, or signed by nobody that is known; it is never gone around.",
  ),
  TOOL_ERROR: end(
    "The tool answered with a failure.",
    "A status other than 2xx, which stands beside the code, a redirect that is not followed included; of an `mcp` tool also a result or an error of the protocol that says so.",
  ),
  TOOL_TIMEOUT: end(
    "The tool did not answer in time.",
    "`timeoutMs` of the tool, for all attempts together; it is never silent for more than 15 s.",
  ),
  TOOL_RESPONSE_INVALID: end(
    "The tool's answer cannot be read.",
    "It was cut, is encoded, is not UTF-8, or says that it is JSON and is none; or no MCP server answers at the `url` of an `mcp` tool.",
  ),
  TOOL_PROTOCOL_UNSUPPORTED: end(
    "The MCP server speaks no version of the protocol that is known here.",
    "2024-11-05 to 2025-11-25 are; update the server, or this program.",
  ),
  SECRET_MISSING: end(
    "A secret that the tool reads is not there.",
    "The message names it: `PUT /secrets/{name}`.",
  ),
  EFFECT_UNKNOWN: end(
    "The process ended during a call, and nobody knows whether it arrived.",
    "The call must not be made twice: the execution is `interrupted`. Mark the tool `idempotent` where a repeat does no harm.",
  ),
  SUB_AGENT_UNAVAILABLE: end(
    "The agent to be called does not exist any more, or is not active.",
    "Activate it, or choose another in `agentId` and activate.",
  ),
  SUB_AGENT_NOT_ALLOWED: end(
    "A delivery started this execution, and the webhook does not allow it this agent.",
    "Add the agent to the webhook's `allow.agentIds` if strangers may set it off.",
  ),
  SUB_AGENT_NESTING: end(
    "The agent to be called is running this one already, or lies more than five calls deep.",
    "An agent may not reach itself: leave out the `sub_agent` that closes the circle.",
  ),
  SUB_AGENT_INPUT_INVALID: end(
    "The input does not fit the schema of the agent to be called.",
    "Mend the node's `inputMapping`, or the other agent's `input.schema`.",
  ),
  SUB_AGENT_FAILED: end(
    "The other agent's execution did not complete.",
    "The message names that execution, which has its own error and steps.",
  ),
  LOOP_NOT_ARRAY: end(
    "What the loop runs over is not an array.",
    "Name an array in the loop's `iterableExpression`.",
  ),
  LOOP_TOO_LONG: end(
    "The array has more items than the loop may run.",
    "Raise the loop's `maxIterations` (at most 1,000), or send fewer items.",
  ),
  NODE_RUN_LIMIT: end(
    "The execution ran more nodes than it may.",
    "HOOKLINE_MAX_NODE_RUNS; each iteration of a loop counts its nodes anew.",
  ),
  MODEL_CALL_LIMIT: end(
    "The execution asked for more model calls than it may make.",
    "HOOKLINE_MAX_MODEL_CALLS.",
  ),
  TOOL_CALL_LIMIT: end(
    "The execution asked for more tool calls than it may make.",
    "HOOKLINE_MAX_TOOL_CALLS.",
  ),
  TOKEN_LIMIT: end(
    "The execution used more tokens than it may.",
    "HOOKLINE_MAX_TOKENS, input and output together.",
  ),
  COST_LIMIT: end(
    "The execution cost more than it may.",
    "HOOKLINE_MAX_COST, in USD; calls of unknown price do not count.",
  ),
  TRACE_TOO_LARGE: end(
    "The steps of the execution hold more than 64 MiB.",
    "Give less in each iteration of a loop, or loop over fewer items.",
  ),
  OUTPUT_TOO_LARGE: end(
    "The output is larger than 1 MiB.",
    "Return less, or store the result elsewhere and return a reference.",
  ),
  CRASH_LOOP: end(
    "The process ended while this ran, and again each of three times it was taken up.",
    "It is not tried again; the log of those starts may tell why.",
  ),
  PIPELINE_INVALID: end(
    "The stored version cannot be run by this program.",
    "Activate the agent again, and mend what is listed.",
  ),
  EXECUTION_FAILED: end(
    "The execution ended by an error of ours.",
    "The log line with the execution's id has the cause.",
  ),
} satisfies Record<string, EndRow>;
