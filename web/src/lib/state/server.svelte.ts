// SPDX-License-Identifier: Apache-2.0
// What the server says about itself, read once; null from a server that does not say.
import { GetInfo } from '../api/client.ts';
import type { Info } from '../api/types.ts';

class Server {
  info = $state.raw<Info | null>(null);

  constructor() {
    void GetInfo().then(
      (info) => (this.info = info),
      () => undefined,
    );
  }
}

export const server = new Server();
