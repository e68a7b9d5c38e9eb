import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The development server answers pages itself and hands /v1 to a running guarita. The console
// accepts only its own Host and Origin, so both are rewritten to the target's.
const target = process.env['GUARITA_CONSOLE'] ?? 'http://127.0.0.1:8081';

export default defineConfig({
  plugins: [svelte()],
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: {
      '/v1': { target, changeOrigin: true, secure: false, headers: { origin: target } },
    },
  },
  build: {
    target: 'es2022',
    // The content security policy allows neither inline code nor data: outside of images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 150,
  },
});
