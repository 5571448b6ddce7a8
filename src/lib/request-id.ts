// The id under which one request is known to its caller, in answers and in the log.

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's own `X-Request-Id` where it is short and plain, else a new one. */
export function requestIdOf(request: Request, create: () => string): string {
  const given = request.headers.get("x-request-id");
  return given !== null && REQUEST_ID.test(given) ? given : create();
}
