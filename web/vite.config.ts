// SPDX-License-Identifier: Apache-2.0
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The server embeds web/dist and serves it under /ui/ (API.md section 2). The content security policy there allows scripts and
// styles from files only, so nothing may be inlined: no data URLs of assets, no module preload polyfill.
export default defineConfig({
  base: '/ui/',
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    sourcemap: false,
    manifest: true, // read by scripts/budget.mjs, not shipped
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.TIDEMARK_ENDPOINT ?? 'http://127.0.0.1:4580' },
  },
});
