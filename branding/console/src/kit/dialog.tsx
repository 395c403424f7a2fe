import { Dialog as Base } from '@base-ui/react/dialog';
import { Icon } from './icon';
import type { ReactNode, RefObject } from 'react';
import { layer } from './layer';

interface DialogProps {
  title: string;
  description?: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  initialFocus?: RefObject<HTMLElement | null>;
}

/* Shown for as long as it is rendered. Focus goes back to where it was when it closes. */
export function Dialog({ title, description, onClose, children, wide, initialFocus }: DialogProps) {
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal container={layer()}>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className={`dialog ${wide ? 'wide' : ''}`} initialFocus={initialFocus}>
          <header className="dialog-head">
            <Base.Title className="dialog-title">{title}</Base.Title>
            <Base.Close className="button quiet square" aria-label="Close">
              <Icon name="cross" />
            </Base.Close>
          </header>
          {description && <Base.Description className="dialog-about">{description}</Base.Description>}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
