// Reads streams of events as a browser does.

export interface ReceivedEvent {
  id: string;
  name: string;
  // Events differ; tests name the fields they expect.
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
}

function readEvent(block: string): ReceivedEvent | null {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
  const data = field("data");
  return data === "" ? null : { id: field("id"), name: field("event"), data: JSON.parse(data) };
}

/** The events of a stream, one after the other; ends with it. */
export async function* readEvents(
  stream: ReadableStream<Uint8Array> | null,
): AsyncGenerator<ReceivedEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream ?? []) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = readEvent(block);
      if (event !== null) yield event;
    }
  }
}

/** All events of a stream that ends. */
export async function collectEvents(
  stream: ReadableStream<Uint8Array> | null,
): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}
