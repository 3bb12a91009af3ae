import { defineConfig } from 'vite';

// Monaco is several megabytes whatever one does; a warning at each build would say nothing new.
const CHUNK_KILOBYTES_MAX = 5000;

export default defineConfig({
  // Where server/playground.py serves the assets from.
  base: '/static/playground/',
  build: {
    outDir: '../server/static/playground',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    chunkSizeWarningLimit: CHUNK_KILOBYTES_MAX,
  },
  worker: { format: 'es' },
});
