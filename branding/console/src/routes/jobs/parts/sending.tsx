import { Icon } from '../../../kit/icon';
import { useState, useSyncExternalStore, type DragEvent, type ReactNode } from 'react';
import { again, cancel, currentItems, subscribe, type Item } from '../../../uploads';

const SAID: Record<Item['state'], string> = {
  waiting: 'Waiting',
  sending: 'Sending',
  storing: 'Being stored',
  held: 'Waits for a connection',
  refused: 'Not stored',
};

/* The files of a job that are on their way. */
export function Sending({ job, part }: { job: string; part: Item['part'] }) {
  const items = useSyncExternalStore(subscribe, currentItems).filter((item) => item.job === job && item.part === part);
  if (items.length === 0) return null;
  return (
    <ul className="sending">
      {items.map((item) => (
        <li key={item.id} data-state={item.state}>
          <span className="sending-name">{item.file.name}</span>
          <span className="sending-state">
            {item.state === 'sending' ? `${Math.floor(item.share * 100)} %` : item.reason || SAID[item.state]}
          </span>
          {item.state === 'refused' || item.state === 'held' ? (
            <button type="button" className="icon-button sending-again" aria-label={`Send ${item.file.name} again`} onClick={() => again(item.id)}>
              <Icon name="again" />
            </button>
          ) : (
            <progress
              max={1}
              value={item.state === 'sending' ? item.share : item.state === 'storing' ? undefined : 0}
              aria-label={`${item.file.name}: ${SAID[item.state]}`}
            />
          )}
          <button type="button" className="icon-button" aria-label={`Do not send ${item.file.name}`} onClick={() => cancel(item.id)}>
            <Icon name="cross" />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface DropProps {
  onFiles: (files: File[]) => void;
  disabled: boolean;
  children: ReactNode;
  labelledBy: string;
}

/* A section that files can be dropped on. */
export function Drop({ onFiles, disabled, children, labelledBy }: DropProps) {
  const [over, setOver] = useState(false);
  const holds = (event: DragEvent) => !disabled && event.dataTransfer.types.includes('Files');
  return (
    <section
      className="card drop"
      aria-labelledby={labelledBy}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!holds(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!holds(event)) return;
        event.preventDefault();
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
    </section>
  );
}
