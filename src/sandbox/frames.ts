// Frames of the pipe between the server and its children: four bytes of length, then the payload.
// Leaves what a payload means to `messages.ts`.

const HEAD_BYTES = 4;

/** One frame; a text goes in as UTF-8. */
export function toFrame(payload: string): Uint8Array {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(payload));
  frame.writeUInt32BE(frame.length - HEAD_BYTES);
  frame.write(payload, HEAD_BYTES);
  return frame;
}

/** A frame announced more bytes than are taken: nothing behind it can be read. */
export class FrameTooLarge extends Error {}

/** Cuts a stream of bytes into payloads; holds what belongs to a frame that is not complete. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Bytes that the next frame takes; unknown until its head has come. */
  #wanted: number | null = null;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The payloads that a chunk completes, in their order; throws `FrameTooLarge`. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const payloads: Uint8Array[] = [];
    for (;;) {
      this.#wanted ??= this.#readHead();
      if (this.#wanted === null || this.#held < this.#wanted) return payloads;
      payloads.push(this.#take(this.#wanted));
      this.#wanted = null;
    }
  }

  #readHead(): number | null {
    if (this.#held < HEAD_BYTES) return null;
    const length = Buffer.from(this.#take(HEAD_BYTES)).readUInt32BE();
    if (length > this.#maxBytes) throw new FrameTooLarge();
    return length;
  }

  #take(count: number): Uint8Array {
    const [first] = this.#chunks;
    const all =
      first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#held -= count;
    this.#chunks = this.#held === 0 ? [] : [all.subarray(count)];
    return all.subarray(0, count);
  }
}
