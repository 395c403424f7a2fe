import { contractors, type Contractor } from '../../api/client';
import type { Choice } from '../../kit/combobox';

export const nameOfContractor = (contractor: Contractor): string => `${contractor.first_name} ${contractor.last_name}`.trim();

export async function findContractors(words: string): Promise<Choice[]> {
  return (await contractors(words)).map((contractor) => ({
    id: contractor.ID,
    label: nameOfContractor(contractor),
    detail: contractor.trades.join(', '),
  }));
}
