import type { RunRecord } from '../checkpoint/store.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import { describeWindow } from '../model/cursor.ts';

/** What is said of a new window: what it is, and what is promised of it, unless the job's last window promised the same of other values. */
export function promiseText(window: IncrementalWindow, runs: readonly RunRecord[]): string {
  const before = runs.findLast((run) => run.status === 'complete' && run.window !== null)?.window ?? null;
  const isKnown = before !== null && !window.reset && withoutValues(before) === withoutValues(window);
  return isKnown ? describeWindow(window) : `${describeWindow(window)}: ${window.promise}`;
}

function withoutValues({ promise, from, to }: IncrementalWindow): string {
  const values = [from?.value, to?.value].filter((value) => value !== undefined && value !== '');
  const text = values.reduce<string>((left, value) => left.replaceAll(value ?? '', '#'), promise);
  return text.replaceAll(/\d+/g, '#');
}
