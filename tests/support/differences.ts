// An answer against what a document says of it: "…" stands for any text within a string, and a key
// "…" for further keys.

const ELLIPSIS = "…";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const show = (value: unknown): string => JSON.stringify(value) ?? "nothing";

function matchesText(stated: string, got: unknown): boolean {
  const parts = stated.split(ELLIPSIS).map((part) => RegExp.escape(part));
  return typeof got === "string" && new RegExp(`^${parts.join("[\\s\\S]+")}$`).test(got);
}

const under = (key: string | number, found: string[]): string[] =>
  found.map((difference) => `/${key}${difference}`);

function compareRecords(stated: Record<string, unknown>, got: Record<string, unknown>): string[] {
  const keys = Object.keys(stated).filter((key) => key !== ELLIPSIS);
  const more = ELLIPSIS in stated ? [] : Object.keys(got).filter((key) => !(key in stated));
  return [
    ...keys.flatMap((key) => under(key, findDifferences(stated[key], got[key]))),
    ...more.map((key) => `/${key} is not stated`),
  ];
}

/** Where an answer is not what is stated: `/data/status is "failed", stated is "completed"`. */
export function findDifferences(stated: unknown, got: unknown): string[] {
  if (isRecord(stated) && isRecord(got)) return compareRecords(stated, got);
  if (Array.isArray(stated) && Array.isArray(got) && stated.length === got.length) {
    return stated.flatMap((item, place) => under(place, findDifferences(item, got[place])));
  }
  const same = typeof stated === "string" ? matchesText(stated, got) : Object.is(stated, got);
  return same ? [] : [` is ${show(got)}, stated is ${show(stated)}`];
}
