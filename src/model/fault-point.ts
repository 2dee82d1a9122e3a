/**
 * The instants at which the crash tests kill the program with SIGKILL. Armed by `SQLEXTRACT_FAULT=name:n` (the n-th passage,
 * counted per thread; 1 when left out); unarmed, a passage is one comparison.
 */
export const FAULT_POINTS = [
  'before-plan',
  'after-plan',
  'before-read',
  'mid-read',
  'before-write',
  'after-write',
  'before-fsync',
  'after-fsync',
  'before-rename',
  'after-rename',
  'before-state-commit',
  'after-state-commit',
  'before-manifest',
  'after-manifest',
  'before-run-close',
  'after-run-close',
] as const;

/** Those of delete detection. */
export const DELETE_FAULT_POINTS = ['before-deletes', 'after-deletes'] as const;

/** Those of `extract --catch-up`. */
export const CATCH_UP_FAULT_POINTS = ['before-catch-up', 'mid-catch-up', 'after-catch-up'] as const;

/** Those of `load`. */
export const LOAD_FAULT_POINTS = [
  'before-load-prepare',
  'before-load-stage',
  'after-load-stage',
  'before-load-publish',
  'after-load-publish',
] as const;

/** Those of the comparison of all rows. */
export const CHANGE_FAULT_POINTS = ['before-changes', 'after-changes'] as const;

export type FaultPoint =
  | (typeof CHANGE_FAULT_POINTS)[number]
  | (typeof DELETE_FAULT_POINTS)[number]
  | (typeof CATCH_UP_FAULT_POINTS)[number]
  | (typeof FAULT_POINTS)[number]
  | (typeof LOAD_FAULT_POINTS)[number];

let armed: { readonly name: string; left: number } | null = null;

/** Null or an empty text disarms. Throws on a name that does not exist. */
export function armFaultPoint(spec: string | null | undefined): void {
  if (spec === null || spec === undefined || spec === '') {
    armed = null;
    return;
  }
  const [name = '', count = '1'] = spec.split(':');
  const known: readonly string[] = [
    ...FAULT_POINTS,
    ...DELETE_FAULT_POINTS,
    ...CHANGE_FAULT_POINTS,
    ...CATCH_UP_FAULT_POINTS,
    ...LOAD_FAULT_POINTS,
  ];
  if (!known.includes(name)) throw new Error(`no fault point is called ${name}`);
  armed = { name, left: Number(count) };
}

export function faultPoint(name: FaultPoint): void {
  if (armed === null || armed.name !== name) return;
  armed.left -= 1;
  if (armed.left <= 0) {
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}
