// How the text of a setting is read: integers, sizes, durations, words, URLs and lists. Leaves which
// settings there are to `config.ts`.

/** A value, or what is wrong with its text, to stand behind the variable's name. */
export type Reading<T> = { value: T } | { fault: string };

/** Digits alone. */
export const integer = (min: number, max: number) => ({
  form: `integer from ${min} to ${max}`,
  read: (text: string): Reading<number> => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max
      ? { value }
      : { fault: `must be an integer from ${min} to ${max}` };
  },
});

const scaled = (data: {
  what: string;
  /** From the smallest up; each divides the next. */
  units: Record<string, number>;
  min: number;
  max: number;
}) => {
  const show = (value: number): string => {
    const fitting = Object.entries(data.units).filter(([, scale]) => value % scale === 0);
    const [unit, scale] = fitting.at(-1) ?? ["", 1];
    return `${value / scale}${unit}`;
  };
  const form = `${data.what}, from ${show(data.min)} to ${show(data.max)}`;
  return {
    form,
    show,
    read: (text: string): Reading<number> => {
      const match = /^(\d+)([a-z]+)$/i.exec(text);
      const scale = data.units[(match?.[2] ?? "").toLowerCase()];
      const value = Number(match?.[1]) * (scale ?? Number.NaN);
      return value >= data.min && value <= data.max ? { value } : { fault: `must be a ${form}` };
    },
  };
};

const SIZES = { b: 1, kb: 1024, mb: 1024 * 1024 };
const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes, as `512kb`. */
export const size = (min: number, max: number) =>
  scaled({ what: "size such as 512kb or 1mb", units: SIZES, min, max });

/** Milliseconds, as `30s`. */
export const duration = (min: number, max: number) =>
  scaled({ what: "duration such as 30s or 5m", units: DURATIONS, min, max });

export const flag = {
  form: "true or false",
  read: (text: string): Reading<boolean> =>
    text === "true" || text === "false"
      ? { value: text === "true" }
      : { fault: "must be true or false" },
};

/** One of a closed list. */
export const word = <T extends string>(words: readonly T[]) => ({
  form: words.join(", "),
  read: (text: string): Reading<T> => {
    const value = words.find((candidate) => candidate === text);
    return value === undefined ? { fault: `must be one of ${words.join(", ")}` } : { value };
  },
});

export const text = {
  form: "text",
  read: (value: string): Reading<string> => ({ value }),
};

/** Text of one form, where nothing at all is another answer. */
export const optionalText = (form: string, fits: RegExp) => ({
  form,
  read: (value: string): Reading<string | null> =>
    fits.test(value) ? { value } : { fault: `must be ${form}` },
});

export const publicUrl = {
  form: "URL such as https://hooks.example.com",
  read: (value: string): Reading<string | null> => {
    const url = URL.parse(value);
    const fits = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "";
    // As the parser reads it: links built on the text itself would go elsewhere than it shows.
    return fits
      ? { value: url.href.replace(/[?#]$/, "").replace(/\/+$/, "") }
      : { fault: "must be an http or https URL without query" };
  },
};

/** Entries that `parse` reads; what it throws is the fault. */
export const list = <T>(form: string, parse: (text: string) => T[]) => ({
  form: `comma-separated ${form}`,
  read: (value: string): Reading<T[]> => {
    try {
      return { value: parse(value) };
    } catch (error) {
      return { fault: error instanceof Error ? error.message : "cannot be read" };
    }
  },
});
