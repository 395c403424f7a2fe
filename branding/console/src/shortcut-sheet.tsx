import { useState } from 'react';
import { Dialog } from './kit/dialog';
import { shortcutsAreOff, switchShortcuts } from './shortcuts';

const KEYS: [keys: string[], what: string][] = [
  [['g', 'j'], 'Go to the jobs'],
  [['c'], 'Raise a job'],
  [['/'], 'Search the jobs'],
  [['j'], 'Next job'],
  [['k'], 'Job before'],
  [['Enter'], 'Open the job'],
  [['n'], 'Write a note, on a job'],
  [['Esc'], 'Close what is open'],
  [['?'], 'This list'],
];

export default function ShortcutSheet({ onClose, raises }: { onClose: () => void; raises: boolean }) {
  const [on, setOn] = useState(!shortcutsAreOff());
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className="keys">
        {KEYS.filter(([keys]) => raises || keys[0] !== 'c').map(([keys, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setOn(event.target.checked);
            switchShortcuts(event.target.checked);
          }}
        />
        Single keys work as shortcuts
      </label>
    </Dialog>
  );
}
