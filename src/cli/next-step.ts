import type { Fault, Problem } from '../model/problem.ts';

/** Faults of what was typed or of what is there: as it was, the same command meets them again. */
const STAY: readonly Fault[] = ['usage', 'configuration', 'state', 'data'];

/** What to do after a run that is not whole. */
export function afterIncomplete(problems: readonly Problem[]): string {
  const stays = problems.some(({ fault, hint }) => hint !== undefined && STAY.includes(fault));
  return stays ? 'what the hint above says; what is done stays done' : 'the same command again goes on from here';
}
