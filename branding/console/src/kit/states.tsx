/* What a screen shows when it has nothing to show: still loading, nothing there, refused, failed. */
import { Icon } from './icon';
import type { ReactNode } from 'react';
import { asProblem } from '../api/problem';
import { Button } from './button';

export function Empty({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      {icon ?? <Icon name="nothing" />}
      <p className="state-title">{title}</p>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Failed({ error, what, onRetry }: { error: unknown; what: string; onRetry: () => void }) {
  const problem = asProblem(error);
  if (problem.status === 403)
    return (
      <Empty icon={<Icon name="lock" />} title={`Your role may not see ${what}`}>
        A director or system administrator of your organisation can grant it under roles and permissions.
      </Empty>
    );
  if (problem.status === 404)
    return (
      <Empty title="Nothing is here">It was deleted, it belongs to somebody else, or the address is wrong.</Empty>
    );
  return (
    <div role="alert">
      <Empty
        icon={problem.unreachable ? <Icon name="offline" /> : <Icon name="warning" />}
        title={problem.message}
        action={<Button onClick={onRetry}>Try again</Button>}
      >
        {problem.unreachable ? `Loading ${what} goes on as soon as there is a connection.` : `Loading ${what} did not work.`}
        {problem.requestId && <span className="request-id"> Request {problem.requestId}</span>}
      </Empty>
    </div>
  );
}

export function Skeleton({ rows, className }: { rows: number; className: string }) {
  return (
    <div className={`skeleton ${className}`} aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <i key={index} />
      ))}
    </div>
  );
}
