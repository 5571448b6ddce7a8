// Entity tags, If-Match and If-None-Match (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2).

/** What a caller takes as current: anything that exists, or one of these strong tags. */
export type IfMatch = "*" | string[];

const LIST = /^[ \t,]*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"[ \t]*(?:,[ \t,]*|$))+$/;
const TAG = /(W\/)?("[^"]*")/g;

/** The header's tags, without weak ones, which never match; null where it is malformed. */
export function parseIfMatch(text: string): IfMatch | null {
  if (text.trim() === "*") return "*";
  if (!LIST.test(text)) return null;
  return [...text.matchAll(TAG)].flatMap(([, weak, tag]) =>
    weak === undefined && tag !== undefined ? [tag] : [],
  );
}

/** Whether a strong tag is one that the caller takes as current. */
export const matchesTag = (ifMatch: IfMatch, tag: string): boolean =>
  ifMatch === "*" || ifMatch.includes(tag);

/** Whether If-None-Match says that the caller has that already, by weak comparison. */
export function isKnownTag(request: Request, tag: string): boolean {
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  const opaque = tag.replace("W/", "");
  return known.some((text) => text.trim() === "*" || text.trim().replace("W/", "") === opaque);
}
