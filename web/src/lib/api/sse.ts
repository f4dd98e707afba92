// SPDX-License-Identifier: Apache-2.0
// A parser of text/event-stream. EventSource would do, but hides heartbeats (a stream that is silent for 35 s is stale) and cannot
// send Last-Event-ID on a connection that we open ourselves.

export interface SseEvent {
  id: string | null;
  event: string;
  data: string;
}

export class SseParser {
  #buffer = '';
  #id: string | null = null;
  #event = '';
  #data: string[] = [];
  #first = true;
  retry_ms: number | null = null;

  /** Takes text as it arrives, cut anywhere, and returns the events that it completes. */
  Push(chunk: string): SseEvent[] {
    const events: SseEvent[] = [];
    let text = this.#buffer + chunk;
    if (this.#first && text.length > 0) {
      if (text.startsWith('\uFEFF')) text = text.slice(1);
      this.#first = false;
    }
    let begin = 0;
    for (;;) {
      const end = NextLineEnd(text, begin);
      if (end === null) break;
      this.#Line(text.slice(begin, end.at), events);
      begin = end.next;
    }
    this.#buffer = text.slice(begin);
    return events;
  }

  #Line(line: string, events: SseEvent[]): void {
    if (line === '') {
      // An event without data is not delivered, but its id counts (WHATWG HTML 9.2.6).
      if (this.#data.length > 0) events.push({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry_ms = Number(value);
  }
}

/** A line ends with LF, CR or CR LF; a CR at the end of the text may be half of a CR LF and has to wait. */
function NextLineEnd(text: string, begin: number): { at: number; next: number } | null {
  for (let i = begin; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 10) return { at: i, next: i + 1 };
    if (c === 13) {
      if (i + 1 === text.length) return null;
      return { at: i, next: text.charCodeAt(i + 1) === 10 ? i + 2 : i + 1 };
    }
  }
  return null;
}
