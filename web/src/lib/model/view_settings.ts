// SPDX-License-Identifier: Apache-2.0
// Settings of a view as a person types them: `key = value` lines. Pure.

/** A text says what is wrong with which line. */
export function ReadSettings(text: string): Record<string, string> | string {
  const out: Record<string, string> = {};
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const m = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (m === null || m[2] === '') return `Line ${i + 1} is not KEY = VALUE.`;
    if (out[m[1] as string] !== undefined) return `Line ${i + 1} sets ${m[1]} a second time.`;
    out[m[1] as string] = (m[2] as string).replace(/^"(.*)"$/, '$1');
  }
  return Object.keys(out).length === 0 ? 'Say at least one setting.' : out;
}
