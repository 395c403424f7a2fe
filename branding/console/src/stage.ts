/* A status is the org's own word; its stage says where in a job's life it stands. */
import type { Status } from './api/client';

export const STAGES = ['new', 'assigned', 'in_progress', 'complete', 'closed', 'archived'] as const;
export type Stage = (typeof STAGES)[number];

/* Of a status or of a job, which tells its status's stage. */
export function stageOf(one: { stage: string }): Stage {
  const word = one.stage.toLowerCase().replace(/\W+/g, '_') as Stage;
  return STAGES.includes(word) ? word : 'new';
}

export const statusAt = (statuses: Status[], stage: Stage): Status | undefined => statuses.find((status) => stageOf(status) === stage);

export const isOpen = (stage: Stage): boolean => stage === 'new' || stage === 'assigned' || stage === 'in_progress';
