import type { ComponentProps, ReactNode } from 'react';

interface Look {
  look?: 'plain' | 'primary' | 'quiet';
  icon?: ReactNode;
  busy?: boolean; // the action is under way: pressing again does nothing
}

export function Button({ look = 'plain', icon, busy, children, className = '', onClick, type = 'button', ...rest }: Look & ComponentProps<'button'>) {
  return (
    <button
      type={type}
      className={`button ${look} ${children ? '' : 'square'} ${className}`}
      aria-disabled={busy || undefined}
      data-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon}
      {children && <span>{children}</span>}
    </button>
  );
}
