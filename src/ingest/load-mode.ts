/**
 * What becomes of the rows that the target has:
 *
 * replace – all are taken out, the table and what hangs on it stays; full-refresh – the table is made anew; append – all stay;
 * merge – those with a key of ours get our values; delete-insert – those with a key of ours, or of a window, are taken out;
 * delete – those with a key of ours are taken out, and nothing is put in: what manifests of keys are for, never typed.
 */
export const LOAD_MODES = ['replace', 'full-refresh', 'append', 'merge', 'delete-insert', 'delete'] as const;

export type LoadMode = (typeof LOAD_MODES)[number];

/** Modes that need to know which row is which. */
export function needsKey(mode: LoadMode, window: unknown): boolean {
  return mode === 'merge' || mode === 'delete' || (mode === 'delete-insert' && window === null);
}
