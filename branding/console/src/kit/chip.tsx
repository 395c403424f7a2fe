import { Icon } from './icon';
import type { Stage } from '../stage';

/* The words carry the meaning; the colour only helps to find it. */
export function StatusChip({ name, stage }: { name: string; stage: Stage }) {
  return (
    <span className="chip" data-stage={stage}>
      {name}
    </span>
  );
}

const LEVELS: Record<string, number> = { urgent: 4, critical: 4, high: 3, normal: 2, medium: 2, low: 1 };

export function Priority({ name }: { name: string }) {
  const level = LEVELS[name.toLowerCase()] ?? 2;
  return (
    <span className="priority" data-level={level}>
      <svg viewBox="0 0 14 14" aria-hidden="true">
        {[1, 2, 3, 4].map((bar) => (
          <rect key={bar} x={(bar - 1) * 3.6} y={12 - bar * 2.8} width="2.4" height={bar * 2.8} rx="0.8" data-on={bar <= level || undefined} />
        ))}
      </svg>
      {name}
    </span>
  );
}

export function FilterChip({ label, value, onRemove }: { label: string; value: string; onRemove: () => void }) {
  return (
    <span className="filter-chip">
      <span>
        {label}: <b>{value}</b>
      </span>
      <button type="button" onClick={onRemove} aria-label={`Remove the filter ${label}: ${value}`}>
        <Icon name="cross" />
      </button>
    </span>
  );
}
