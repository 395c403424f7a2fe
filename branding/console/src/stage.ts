/* A status is the org's own word; its stage says where in a job's life it stands. */
import type { Status } from './api/client';

export const STAGES = ['new', 'assigned', 'in_progress', 'complete', 'closed', 'archived'] as const;
export type Stage = (typeof STAGES)[number];

export function stageOf(status: Status): Stage {
  const word = status.stage.toLowerCase().replace(/\W+/g, '_') as Stage;
  return STAGES.includes(word) ? word : 'new';
}

export const statusAt = (statuses: Status[], stage: Stage): Status | undefined => statuses.find((status) => stageOf(status) === stage);
export const stageOfId = (statuses: Status[] | undefined, id: number): Stage | undefined => {
  const found = statuses?.find((status) => status.id === id);
  return found && stageOf(found);
};

export const isOpen = (stage: Stage | undefined): boolean => stage === 'new' || stage === 'assigned' || stage === 'in_progress';
