// SPDX-License-Identifier: Apache-2.0
// What views can be asked in the small model (API.md section 5): verification, generations. The rest is asked of the real server.

const Ns = (ms) => `${ms}000000`;

export class LineageModel {
  /** What `verify` answers: 'clean' or 'differs'. */
  rows = 'clean';
  /** The generation that is being built, and what the last switch did; null: none. */
  next = null;
  last = null;
  verified = [];

  View({ part, url, now_ms, Json }) {
    if (part === 'verify') {
      this.verified.push([url.searchParams.get('from'), url.searchParams.get('to')]);
      const start = Date.parse('2026-01-15T16:05:00Z');
      const row = (difference, old, now) => ({ difference, measure: 'avg_cpu_system', dimensions: { instance_name: 'i-<b>0001</b>' }, time: Ns(start + 300_000), window_start: Ns(start), window_end: Ns(start + 300_000), revision: 1, old, new: now });
      const rows = this.rows === 'clean' ? [] : [row('value', '41.5', '41.25'), row('missing', null, '7')];
      return Json({ view: 'ec2-5m', generation: 1, watermark: Ns(now_ms - 30_000), windows: 288, points_read: 28800, differences: rows.length, frozen: this.rows === 'clean' ? 0 : 3, gaps: 0, open: 24, waiting: 0, rows });
    }
    if (part === 'generations') return Json({ generation: 2, next: this.next, last: this.last });
    return null;
  }
}
