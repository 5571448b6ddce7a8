// A Markdown document as data: code blocks with the comment before them, code spans, links and
// the anchors that links may end in.

export interface CodeBlock {
  /** `sh`; empty where none is given. */
  language: string;
  text: string;
  /** The HTML comment right before it, without its marks. */
  note: string | null;
}

export interface MarkdownParts {
  blocks: CodeBlock[];
  spans: string[];
  links: string[];
  anchors: Set<string>;
}

/** As GitHub names a heading in addresses. */
export const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

/** The second heading of a name ends in -1, as GitHub counts. */
function addAnchor(anchors: Set<string>, heading: string): void {
  const slug = slugOf(heading);
  let anchor = slug;
  for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
  anchors.add(anchor);
}

/** Takes a document apart, in its order. */
export function parseMarkdown(text: string): MarkdownParts {
  const parts: MarkdownParts = { blocks: [], spans: [], links: [], anchors: new Set() };
  let note: string | null = null;
  const end = (children: string): string => {
    note = null;
    return children;
  };
  Bun.markdown.render(text, {
    html(children) {
      note = /^<!--([\s\S]*)-->\s*$/.exec(children)?.[1]?.trim() ?? null;
      return "";
    },
    code(children, meta) {
      parts.blocks.push({ language: meta?.language ?? "", text: children, note });
      return end("");
    },
    codespan(children) {
      parts.spans.push(children);
      return children;
    },
    link(children, { href }) {
      parts.links.push(href);
      return children;
    },
    image(children, { src }) {
      parts.links.push(src);
      return children;
    },
    heading(children) {
      addAnchor(parts.anchors, children);
      return end(children);
    },
    paragraph: end,
    list: end,
    table: end,
  });
  return parts;
}
