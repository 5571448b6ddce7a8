// A map for what can be read again: when it is full, what was added first makes room.

/** A `Map` of at most `max` entries; a new key beyond them takes the place of the oldest. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: Key, value: Value): this {
    const [oldest] = this.keys();
    if (this.size >= this.#max && oldest !== undefined && !this.has(key)) this.delete(oldest);
    return super.set(key, value);
  }
}
