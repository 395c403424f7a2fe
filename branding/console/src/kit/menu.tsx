import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { layer } from './layer';

export interface Entry {
  key: string;
  label: ReactNode;
  hint?: string;
  disabled?: boolean;
  run: () => void;
}

interface MenuProps {
  trigger: ReactElement;
  entries: Entry[];
  title?: ReactNode;
  side?: 'top' | 'bottom';
  align?: 'start' | 'end';
}

/* Loaded when it is first asked for, so it opens at once (`LazyMenu`). */
export default function Menu({ trigger, entries, title, side = 'bottom', align = 'end' }: MenuProps) {
  return (
    <Base.Root defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal container={layer()}>
        <Base.Positioner className="positioner" side={side} align={align} sideOffset={6}>
          <Base.Popup className="popup menu">
            {title && <div className="menu-title">{title}</div>}
            {entries.map((entry) => (
              <Base.Item key={entry.key} className="option" disabled={entry.disabled} onClick={entry.run}>
                <span>{entry.label}</span>
                {entry.hint && <kbd>{entry.hint}</kbd>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
