import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { startTransition, type ReactNode } from 'react';
import { notify } from './notices';
import { client, meQuery, whenSignedOut } from './queries';
import { router } from './router';

whenSignedOut(() => {
  if (router.state.location.pathname === '/sign-in') return;
  client.setQueryData(meQuery.queryKey, null);
  void router.invalidate();
});

/* A chunk that is gone belongs to a release before this one. */
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  notify('A new version of the console is ready', 'news', { label: 'Load it', run: () => location.reload() });
});

export function start(createRoot: (container: Element) => { render(node: ReactNode): void }): void {
  const container = document.getElementById('app')!;
  startTransition(() =>
    createRoot(container).render(
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </CSPProvider>,
    ),
  );
}
