import type { Branding } from './api/client';

const DRAWN = (
  <svg viewBox="0 0 32 32" className="logo" aria-hidden="true">
    <rect width="32" height="32" rx="7" fill="var(--brand-7)" />
    <path
      d="M8 15.5 16 9l8 6.5V23a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 8 23zM12.5 18.5l2.6 2.6 4.6-4.8"
      fill="none"
      stroke="#fff"
      strokeWidth="2.2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);

/* The organisation's mark and name; a drawn mark until it has one of its own. */
export function Brand({ branding }: { branding: Branding | undefined }) {
  return (
    <div className="brand">
      {branding?.logo_url ? <img className="logo" src={branding.logo_url} alt="" /> : DRAWN}
      <span className="brand-name">{branding?.name ?? ''}</span>
    </div>
  );
}
