// Every code that stands within an answer rather than over it: in `error.details` and a draft's
// `faults`, and in `warnings`. Codes of whole answers and of executions' ends are in `errors.ts`.

/** Codes of one entry of `error.details`, or of a fault, each with a line of documentation. */
export const DETAILS = {
  INVALID: "The value is not of the type, length or range that the field takes.",
  REQUIRED: "The field, or the property that the schema asks for, is missing.",
  VALUE_UNAVAILABLE: "The value is part of the API but not of this version.",
  HEADER_MALFORMED: "The header is not written as its RFC says.",
  HEADER_UNAVAILABLE: "The header means nothing for this request; leave it out.",
  TIME_INVALID: "The text is not a time in ISO 8601.",
  TIME_PAST: "The time must be still to come.",
  STATUS_UNKNOWN: "A word in `status` is none of the statuses of executions.",
  AGENT_UNKNOWN: "There is no agent of this id.",
  AGENT_INACTIVE: "The agent to be called is not active.",
  AGENT_CYCLE: "The agent to be called calls this one, itself or by others.",
  AGENT_DEPTH: "The agent to be called calls others, more than five deep in all.",
  PROVIDER_UNKNOWN: "There is no such provider, or it is switched off.",
  TOOL_UNKNOWN: "There is no such tool, or it is switched off.",
  SECRET_UNKNOWN: "There is no secret of this name.",
  REFERENCE_UNKNOWN: "The document names something that its `needs` does not list.",
  REFERENCE_DUPLICATE: "The document's `needs` lists this twice.",
  NAME_RESERVED: "The name is that of the token in HOOKLINE_ADMIN_TOKEN.",
  URL_INVALID: "The URL is not one that can be called.",
  SECRET_MALFORMED: "The secret starts or ends with white space, or holds a control character.",
  SECRET_NEEDS_COLON: "The method `basic` takes a secret of the form `user:password`.",
  PRESET_NEEDS_TYPE: "The preset goes with another `webhook.auth.type`; send both.",
  TOOL_IN_USE: "A live agent calls the tool that was to be deleted.",
  SECRET_IN_USE: "A tool reads the secret that was to be deleted.",
  PROVIDER_IN_USE: "A live agent calls the provider that was to be deleted.",

  PIPELINE_TOO_LARGE: "The pipeline has too many nodes, edges, bytes, expressions or code.",
  INPUT_MISSING: "A pipeline has exactly one `input` node; there is none.",
  INPUT_DUPLICATE: "A pipeline has exactly one `input` node; this is another.",
  OUTPUT_MISSING: "A pipeline has exactly one `output` node; there is none.",
  OUTPUT_DUPLICATE: "A pipeline has exactly one `output` node; this is another.",
  OUTPUT_UNREACHABLE: "No way leads from the input to the output.",
  NODE_UNREACHABLE: "No way leads from the input to this node.",
  CYCLE: "The edges run in a circle, which the message names.",
  ID_INVALID: "Ids are a letter, then up to 63 letters, digits, `_` or `-`.",
  ID_DUPLICATE: "Two nodes, or two edges, have this id.",
  EDGE_END_UNKNOWN: "An edge starts or ends at a node that is not there.",
  HANDLE_UNKNOWN: "The edge's `sourceHandle` is none of the node's.",
  HANDLE_MISSING: "A condition's edge names no handle, or no edge leaves by one of its handles.",
  FIELD_UNKNOWN: "The node's type has no such field.",
  FIELD_REQUIRED: "The node's type asks for this field.",
  FIELD_TYPE: "The field's value is of another type than it takes.",
  FIELD_RANGE: "The field's number is out of its range.",

  TEMPLATE_TOO_LONG: "A template has at most 100,000 characters.",
  EXPRESSION_TOO_LONG: "What stands between `{{` and `}}` has at most 500 characters.",
  EXPRESSION_UNCLOSED: "A `{{` has no `}}`.",
  EXPRESSION_EMPTY: "Nothing stands between the braces.",
  EXPRESSION_INVALID: "What stands between the braces is not a path.",
  EXPRESSION_MISPLACED:
    "In code an expression stands for a value, or within a string; not in a name, a regular expression or on the left of an assignment.",
  SOURCE_UNKNOWN: "The path begins with nothing that can be read.",
  NODE_UNKNOWN: "The path names a node that is not there.",
  NODE_SELF: "A node cannot read its own output.",
  NODE_NOT_UPSTREAM: "The node that the path names does not run before this one.",
  NODE_INSIDE:
    "The node runs inside a loop or parallel; from outside only that one's output is read.",
  NODE_REPEATED: "The list names a node twice.",
  BRANCH_UNKNOWN: "A branch is a node that an edge leads to straight from the parallel.",
  BRANCH_MISSING: "An edge of the parallel leads to a node that is none of its branches.",
  REGION_ENTERED: "An edge leads into a loop or a branch from outside.",
  REGION_LEFT:
    "An edge leaves a loop otherwise than by its handle `done`, to an `output` or a `merge`.",
  REGION_EMPTY: "A loop has no body, or a branch of a parallel nothing of its own.",
  LOOP_OUTSIDE: "`loop.item` and `loop.index` are there only inside a loop.",
  KEY_FORBIDDEN: "`__proto__`, `prototype` and `constructor` are neither read nor set.",
  CODE_INVALID: "The code is no JavaScript; the message has line and column.",
  CODE_UNSUPPORTED: "The code uses `await` or `import`, which are not there.",
  CODE_NO_RETURN: "A `transform` without `return` gives nothing.",

  SCHEMA_INVALID: "The JSON Schema cannot be read as draft-07 or 2020-12.",
  SCHEMA_MISMATCH: "The value does not fit the schema.",
  CHECK_LIMIT: "Checking the input against the schema takes too long; send less at once.",
  TYPE: "The schema's `type` is another.",
  CONST: "The schema allows one value, and this is another.",
  ENUM: "The value is none of those that the schema lists.",
  DEPENDENT_REQUIRED: "A property that another one asks for is missing.",
  ADDITIONAL_PROPERTIES: "The schema allows no such property.",
  UNEVALUATED_PROPERTIES: "The schema allows no such property.",
  MIN_PROPERTIES: "The object has too few properties.",
  MAX_PROPERTIES: "The object has too many properties.",
  PROPERTY_NAMES: "A property's name is not one that the schema allows.",
  MIN_ITEMS: "The array is too short.",
  MAX_ITEMS: "The array is too long.",
  CONTAINS: "No item is of the kind that the schema asks for.",
  MIN_CONTAINS: "Too few items are of the kind that the schema asks for.",
  MAX_CONTAINS: "Too many items are of the kind that the schema limits.",
  MINIMUM: "The number is too small.",
  MAXIMUM: "The number is too large.",
  EXCLUSIVE_MINIMUM: "The number is too small.",
  EXCLUSIVE_MAXIMUM: "The number is too large.",
  MULTIPLE_OF: "The number is no multiple of what the schema asks for.",
  MIN_LENGTH: "The text is too short.",
  MAX_LENGTH: "The text is too long.",
  PATTERN: "The text does not match the schema's pattern.",
  FORMAT: "The text is not of the schema's format.",
  UNIQUE_ITEMS: "An item stands in the array twice.",
  ANY_OF: "The value fits none of the schema's alternatives.",
  ONE_OF: "The value fits none, or more than one, of the schema's alternatives.",
  NOT: "The schema excludes the value.",
} as const;

export type DetailCode = keyof typeof DETAILS;

/** Whether a word is a code of `error.details`. */
export const isDetailCode = (word: string): word is DetailCode => Object.hasOwn(DETAILS, word);

/** Codes of `warnings`: what works, but should be known. */
export const WARNINGS = {
  WEBHOOK_OPEN: "The webhook takes deliveries from anyone; set `webhook.auth.type`.",
  AGENT_INACTIVE: "The agent is inactive, so its webhook answers 404; activate it.",
  SECRET_MISSING: "The webhook's method has no secret yet, so nothing can be let in.",
  SECRET_REPLACED:
    "The secret before had no colon, which `basic` needs: a new one was made, and the old one ends in 24 hours.",
  SECRET_SHORT: "A secret of fewer than 16 characters can be guessed.",
  WAIT_BEYOND_DEADLINE: "Senders of the preset wait for a shorter time than the answer may take.",
} as const;

export type WarningCode = keyof typeof WARNINGS;
