import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { Failed } from './kit/states';
import { Layout } from './layout';
import { client, jobQuery, meQuery } from './queries';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/* What an address may say of a list; anything else in it is left out. */
export interface ListSearch {
  q?: string;
  status?: number;
  priority?: number;
  contractor?: number;
  page?: number;
  after?: string;
}

const words = (value: unknown): string | undefined => (value === undefined || value === '' ? undefined : String(value));
const id = (value: unknown): number | undefined => (Number.isSafeInteger(Number(value)) && Number(value) > 0 ? Number(value) : undefined);

const listSearch = (search: Record<string, unknown>): ListSearch => ({
  q: words(search.q),
  status: id(search.status),
  priority: id(search.priority),
  contractor: id(search.contractor),
  page: id(search.page),
  after: words(search.after),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string } => ({ to: words(search.to) }),
  component: lazyRouteComponent(() => import('./routes/sign-in')),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    const me = await client.ensureQueryData(meQuery);
    if (!me) throw redirect({ to: '/sign-in', search: { to: location.href === '/' ? undefined : location.href } });
    return { me };
  },
  component: Layout,
  pendingComponent: Booting,
  errorComponent: ({ error, reset }) => (
    <main className="alone">
      <Failed error={error} what="your account" onRetry={reset} />
    </main>
  ),
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/jobs' });
  },
});

const list = createRoute({
  getParentRoute: () => signedIn,
  path: '/jobs',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./routes/jobs/list')),
});

const raise = createRoute({
  getParentRoute: () => signedIn,
  path: '/jobs/new',
  component: lazyRouteComponent(() => import('./routes/jobs/new')),
});

const job = createRoute({
  getParentRoute: () => signedIn,
  path: '/jobs/$uuid',
  loader: ({ params }) => {
    void client.prefetchQuery(jobQuery(params.uuid));
  },
  component: lazyRouteComponent(() => import('./routes/jobs/job')),
});

export const router = createRouter({
  routeTree: root.addChildren([signIn, signedIn.addChildren([home, list, raise, job])]),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultPendingMs: 0,
  defaultPendingMinMs: 0,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

function Booting() {
  return (
    <div className="boot" aria-hidden="true">
      <div className="boot-side" />
      <div className="boot-main">
        <i />
        <i />
        <i />
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}

function NotFound() {
  return (
    <main className="alone">
      <title>Not found</title>
      <div className="state">
        <h1 className="state-title">There is no such page</h1>
        <p>
          <a href="/jobs">Go to the jobs</a>
        </p>
      </div>
    </main>
  );
}
