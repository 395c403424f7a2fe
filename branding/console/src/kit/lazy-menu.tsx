import { Suspense, cloneElement, lazy, useState, type ReactElement } from 'react';
import type { Entry } from './menu';

const load = () => import('./menu');
const Menu = lazy(load);

interface LazyMenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  entries: Entry[];
  title?: React.ReactNode;
  side?: 'top' | 'bottom';
  align?: 'start' | 'end';
}

/* A plain button until it is pressed; then the real menu takes its place and opens. */
export function LazyMenu(props: LazyMenuProps) {
  const [wanted, setWanted] = useState(false);
  const standIn = cloneElement(props.trigger, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onPointerEnter: load,
    onFocus: load,
    onClick: () => setWanted(true),
  });
  if (!wanted) return standIn;
  return (
    <Suspense fallback={standIn}>
      <Menu {...props} />
    </Suspense>
  );
}
