// SPDX-License-Identifier: Apache-2.0
// The shared worker: the one event stream of a browser profile. All it does is in live_hub.ts.
import { LiveHub, type ToHub } from './live_hub.ts';

const hub = new LiveHub();

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  const mine = { Send: (message: unknown): void => port.postMessage(message) };
  port.onmessage = ({ data }: MessageEvent<ToHub>) => hub.OnMessage(mine, data);
};
