import { Combobox as Base } from '@base-ui/react/combobox';
import { useQuery } from '@tanstack/react-query';
import { Icon } from './icon';
import { useEffect, useId, useState } from 'react';
import { asProblem } from '../api/problem';
import { layer } from './layer';

export interface Choice {
  id: number;
  label: string;
  detail?: string;
}

interface ComboboxProps {
  what: string; // one of these, in the singular, for messages
  label?: string; // for screen readers, where no <label> stands beside it
  placeholder: string;
  value: Choice | null;
  onChange: (choice: Choice | null) => void;
  search: (words: string) => Promise<Choice[]>;
  small?: boolean;
}

const PAUSE_MS = 150;

function usePause(value: string): string {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/* A text box that finds one record on the server. */
export default function Combobox({ what, label, placeholder, value, onChange, search, small }: ComboboxProps) {
  const scope = useId();
  const [typed, setTyped] = useState('');
  const words = usePause(typed === value?.label ? '' : typed.trim());
  const [open, setOpen] = useState(false);
  const found = useQuery({
    queryKey: ['find', what, scope, words],
    queryFn: () => search(words),
    enabled: open,
    placeholderData: (before) => before,
    staleTime: 30_000,
  });
  const items = found.data ?? [];
  const status = found.isPending
    ? 'Searching…'
    : found.isError
      ? asProblem(found.error).message
      : items.length === 0
        ? `No ${what} matches ${words ? `“${words}”` : ''}`
        : null;

  return (
    <Base.Root
      items={items}
      filter={null}
      value={value}
      onValueChange={onChange}
      onInputValueChange={setTyped}
      open={open}
      onOpenChange={setOpen}
      itemToStringLabel={(item: Choice) => item.label}
      isItemEqualToValue={(item: Choice, other: Choice) => item.id === other.id}
      autoHighlight
    >
      <Base.InputGroup className={`combobox ${small ? 'small' : ''}`}>
        <Base.Input className="input" onBlur={() => setOpen(false)} placeholder={placeholder} aria-label={label} autoComplete="off" spellCheck={false} />
        <span className="combobox-buttons">
          <Base.Clear className="icon-button" aria-label={`Clear ${what}`}>
            <Icon name="cross" />
          </Base.Clear>
          <Base.Trigger className="icon-button" aria-label={`Show each ${what}`}>
            <Icon name="down" />
          </Base.Trigger>
        </span>
      </Base.InputGroup>
      {open && (
        <Base.Portal container={layer()}>
          <Base.Positioner className="positioner" sideOffset={4}>
            {/* Base.Popup would hide the rest of the page from screen readers, while it can still be tabbed to. */}
            <div className="popup combobox-popup" aria-busy={found.isFetching || undefined}>
              <Base.Status className="popup-status">{status}</Base.Status>
              <Base.List className="popup-list" aria-label={`Each ${what} found`}>
                {(item: Choice) => (
                  <Base.Item key={item.id} value={item} className="option">
                    <span className="option-mark">
                      <Base.ItemIndicator>
                        <Icon name="check" />
                      </Base.ItemIndicator>
                    </span>
                    <span>
                      {item.label}
                      {item.detail && <small>{item.detail}</small>}
                    </span>
                  </Base.Item>
                )}
              </Base.List>
            </div>
          </Base.Positioner>
        </Base.Portal>
      )}
    </Base.Root>
  );
}
