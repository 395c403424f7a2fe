import { Icon } from './icon';
import { useSyncExternalStore } from 'react';
import { currentNotices, currentlySpoken, dismiss, subscribe } from '../notices';

export function Notices() {
  const notices = useSyncExternalStore(subscribe, currentNotices);
  const spoken = useSyncExternalStore(subscribe, currentlySpoken);
  return (
    <>
      <div className="unseen" role="status" aria-live="polite">
        {spoken}
      </div>
      <div className="notices" role="region" aria-label="Notices" aria-live="polite">
        {notices.map(({ id, text, tone, action }) => (
          <div key={id} className="notice" data-tone={tone}>
            <span>{text}</span>
            {action && (
              <button type="button" className="link" onClick={action.run}>
                {action.label}
              </button>
            )}
            <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Icon name="cross" />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
