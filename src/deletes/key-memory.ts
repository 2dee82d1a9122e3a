import type { Manifest } from '../model/manifest.ts';
import type { ScratchLimits } from './scratch-database.ts';

/**
 * Bytes that ten million keys are joined in, mostly by way of the disk; more keys, more memory. Numbers of fewer bytes were joined in 32 MB and
 * not in 24. Texts need room.
 */
const MEMORY = { narrow: 40_000_000, wide: 768_000_000 } as const;
const KEYS = 10_000_000;

const WIDE = ['string', 'json', 'uuid', 'binary'];

/** Each thread would hold buffers of its own; one joins ten million keys in two seconds. */
const ONE_THREAD = 1;

/** All columns are numbers, moments and the like: a server sends them faster than two threads could take them in less memory. */
export function isNarrow(columns: Manifest['schema']['columns']): boolean {
  return !columns.some(({ type }) => WIDE.includes(type.kind));
}

/** For keys that were scanned. `machine`: bytes that the process may have in all. */
export function limitsFor({ schema, totals }: Manifest, machine: number): ScratchLimits {
  const each = MEMORY[isNarrow(schema.columns) ? 'narrow' : 'wide'];
  const memory = Math.ceil(each * Math.max(1, totals.rows / KEYS));
  return { threads: ONE_THREAD, memory, most: Math.max(memory, Math.floor(machine / 2)) };
}
