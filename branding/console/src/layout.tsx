/* The frame around every screen of somebody signed in: the organisation, the ways to go, the account. */
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate, useRouteContext } from '@tanstack/react-router';
import { Icon } from './kit/icon';
import { Suspense, lazy, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { initials, isContractor, mayRaise, nameOf } from './account';
import { signOut, type Me } from './api/client';
import { asProblem } from './api/problem';
import { Brand } from './brand';
import { LazyMenu } from './kit/lazy-menu';
import { Notices } from './kit/notices';
import { notify } from './notices';
import { brandingQuery, client } from './queries';
import { useShortcuts } from './shortcuts';

const ShortcutSheet = lazy(() => import('./shortcut-sheet'));

function subscribeToNetwork(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

async function leave(): Promise<void> {
  try {
    await signOut();
    client.clear();
    location.assign('/sign-in');
  } catch (error) {
    notify(`You are still signed in: ${asProblem(error).message}`, 'refused');
  }
}

function Account({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const name = nameOf(me);
  return (
    <LazyMenu
      side="top"
      align="start"
      title={
        <>
          <b>{name}</b>
          {me.profile && <span>{me.profile.email}</span>}
        </>
      }
      trigger={
        <button type="button" className="account">
          <span className="unseen">Account of </span>
          <span className="avatar" aria-hidden="true">
            {initials(name)}
          </span>
          <span className="account-name">
            <b>{name}</b>
            <small>{me.role}</small>
          </span>
          <Icon name="updown" />
        </button>
      }
      entries={[
        { key: 'help', label: 'Keyboard shortcuts', hint: '?', run: onHelp },
        { key: 'out', label: 'Sign out', run: () => void leave() },
      ]}
    />
  );
}

export function Layout() {
  const { me } = useRouteContext({ from: '/signed-in' });
  const branding = useQuery(brandingQuery);
  const navigate = useNavigate();
  const online = useSyncExternalStore(subscribeToNetwork, () => navigator.onLine);
  const raising = useLocation({ select: (location) => location.pathname === '/jobs/new' });
  const [sheet, setSheet] = useState(false);
  const raises = mayRaise(me);

  useShortcuts(
    useMemo(
      () => ({
        'g j': () => void navigate({ to: '/jobs' }),
        ...(raises && { c: () => void navigate({ to: '/jobs/new' }) }),
        '?': () => setSheet(true),
      }),
      [navigate, raises],
    ),
  );
  useEffect(() => {
    document.documentElement.dataset.touch = isContractor(me) ? 'large' : '';
  }, [me]);

  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="frame">
        <header className="side">
          <Brand branding={branding.data} />
          <nav aria-label="Main">
            <Link to="/jobs" className="nav-link" activeOptions={{ exact: raising, includeSearch: false }}>
              <Icon name="list" />
              <span>{isContractor(me) ? 'My jobs' : 'Jobs'}</span>
            </Link>
            {raises && (
              <Link to="/jobs/new" className="nav-link raise" activeOptions={{ exact: true }}>
                <Icon name="plus" />
                <span>Raise a job</span>
              </Link>
            )}
          </nav>
          <Account me={me} onHelp={() => setSheet(true)} />
        </header>
        <main id="main" tabIndex={-1}>
          {!online && (
            <p className="offline" role="status">
              <Icon name="offline" />
              You are offline. What you see may be old; files wait and are sent when you are back.
            </p>
          )}
          <Outlet />
          <div id="layers" />
        </main>
      </div>
      <Notices />
      {sheet && (
        <Suspense>
          <ShortcutSheet onClose={() => setSheet(false)} raises={raises} />
        </Suspense>
      )}
    </>
  );
}
