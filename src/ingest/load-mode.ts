/**
 * What becomes of the rows that the target has:
 *
 * replace – all are taken out, the table and what hangs on it stays; full-refresh – the table is made anew; append – all stay;
 * merge – those with a key of ours get our values; delete-insert – those with a key of ours, or of a window, are taken out.
 */
export const LOAD_MODES = ['replace', 'full-refresh', 'append', 'merge', 'delete-insert'] as const;

/** What can be asked for. */
export type TypedMode = (typeof LOAD_MODES)[number];

/** `delete` is nobody's choice: those with a key of ours are taken out, or marked, since the files hold the keys of rows that are gone. */
export type LoadMode = TypedMode | 'delete';

/** What a load can be. */
export const EVERY_MODE: readonly LoadMode[] = [...LOAD_MODES, 'delete'];

/** Modes that need to know which row is which. */
export function needsKey(mode: LoadMode, window: unknown): boolean {
  return mode === 'merge' || mode === 'delete' || (mode === 'delete-insert' && window === null);
}
