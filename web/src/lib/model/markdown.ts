// SPDX-License-Identifier: Apache-2.0
// A small part of Markdown as a tree: headings, paragraphs, lists, code, emphasis, links to this console and to http(s) addresses.
// What is none of these stays text; there is no HTML in it and none comes out of it.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; parts: Inline[] }
  | { kind: 'em'; parts: Inline[] }
  | { kind: 'link'; href: string; parts: Inline[] };

export type Block =
  | { kind: 'heading'; level: 1 | 2 | 3; parts: Inline[] }
  | { kind: 'paragraph'; parts: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; parts: Inline[] }
  | { kind: 'rule' };

const kDepthMax = 6;

/** Null: not an address that a page may lead to. */
export function SafeHref(text: string): string | null {
  const href = text.trim();
  return /^(https?:\/\/[^\s]+|\/ui\/[^\s]*|#[\w-]*)$/i.test(href) ? href : null;
}

const kInline = /\\([\\`*_[\]{}#!-])|`([^`\n]+)`|\*\*([^*\n](?:[^\n]*?[^*\n])?)\*\*|(?<![\w*])[*_]([^*_\s](?:[^*_\n]*[^*_\s])?)[*_](?!\w)|\[([^\]\n]+)\]\(([^()\s]*)\)/;

export function Inlines(text: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  const Add = (more: string): void => {
    const last = out.at(-1);
    if (more === '') return;
    if (last?.kind === 'text') last.text += more;
    else out.push({ kind: 'text', text: more });
  };
  let rest = text;
  for (;;) {
    const m = depth < kDepthMax ? kInline.exec(rest) : null;
    if (m === null) {
      Add(rest);
      return out;
    }
    Add(rest.slice(0, m.index));
    rest = rest.slice(m.index + m[0].length);
    if (m[1] !== undefined) Add(m[1]);
    else if (m[2] !== undefined) out.push({ kind: 'code', text: m[2] });
    else if (m[3] !== undefined) out.push({ kind: 'strong', parts: Inlines(m[3], depth + 1) });
    else if (m[4] !== undefined) out.push({ kind: 'em', parts: Inlines(m[4], depth + 1) });
    else {
      const href = SafeHref(m[6] ?? '');
      if (href === null) Add(m[0]);
      else out.push({ kind: 'link', href, parts: Inlines(m[5] ?? '', depth + 1) });
    }
  }
}

const kItem = /^\s{0,3}(?:([-*+])|\d{1,4}[.)])\s+(.*)$/;

export function ParseMarkdown(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const Flush = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', parts: Inlines(paragraph.join(' ')) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    const heading = /^(#{1,3})\s+(.*?)\s*#*$/.exec(line);
    const item = kItem.exec(line);
    if (/^```/.test(line)) {
      Flush();
      const end = lines.findIndex((l, at) => at > i && /^```/.test(l));
      blocks.push({ kind: 'code', text: lines.slice(i + 1, end < 0 ? lines.length : end).join('\n') });
      i = end < 0 ? lines.length : end;
    } else if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) {
      Flush();
      blocks.push({ kind: 'rule' });
    } else if (heading !== null) {
      Flush();
      blocks.push({ kind: 'heading', level: (heading[1] ?? '#').length as 1 | 2 | 3, parts: Inlines(heading[2] ?? '') });
    } else if (item !== null) {
      Flush();
      const ordered = item[1] === undefined;
      const last = blocks.at(-1);
      const follows = i > 0 && kItem.test(lines[i - 1] ?? '') && last?.kind === 'list' && last.ordered === ordered;
      if (follows) last.items.push(Inlines(item[2] ?? ''));
      else blocks.push({ kind: 'list', ordered, items: [Inlines(item[2] ?? '')] });
    } else if (/^>\s?/.test(line)) {
      Flush();
      blocks.push({ kind: 'quote', parts: Inlines(line.replace(/^>\s?/, '')) });
    } else if (line.trim() === '') Flush();
    else paragraph.push(line.trim());
  }
  Flush();
  return blocks;
}
