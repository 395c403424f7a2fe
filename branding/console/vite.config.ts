import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/* The app starts by dynamic imports (src/main.ts), which Vite does not preload by itself. */
function preloadApp(): Plugin {
  return {
    name: 'preload-app',
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const chunks = Object.values(context.bundle ?? {}).filter((file) => file.type === 'chunk');
        const named = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
        const entry = chunks.find((chunk) => chunk.isEntry && chunk.facadeModuleId?.endsWith(context.path));
        const wanted = new Set<string>();
        const add = (name: string) => {
          if (wanted.has(name)) return;
          wanted.add(name);
          named.get(name)?.imports.forEach(add);
        };
        entry?.dynamicImports.forEach(add);
        entry?.imports.forEach((name) => named.get(name)?.dynamicImports.forEach(add));
        return [...wanted].map((name) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', href: `/${name}`, crossorigin: true },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}

/* What every screen of the console needs at once. */
const shell =
  /node_modules\/(@tanstack|openapi-fetch|use-sync-external-store)\/(?!.*(utationObserver|useMutation))|src\/(api\/(client|csrf|problem)|kit\/(button|states|lazy-menu|notices|icon)|(router|layout|brand|account|queries|notices|shortcuts))\.tsx?$/;

export default defineConfig({
  plugins: [react(), preloadApp()],
  build: {
    outDir: process.env.PROPOPS_CONSOLE_DIST ?? 'dist',
    emptyOutDir: true,
    manifest: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    /* The policy forbids data: fonts, and small files are worth a cache entry of their own. */
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'playground.html'],
      output: {
        /* Few files that are always loaded together compress better than many small ones. */
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'shell', test: shell },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '^/(api|attachment|logout|brand.css)': {
        target: process.env.PROPOPS_URL ?? 'https://acme.localhost:8443',
        changeOrigin: true,
        secure: true,
      },
    },
  },
});
