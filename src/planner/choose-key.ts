import type { CandidateKey, TableSchema } from '../model/table.ts';

/** What the ranges of a plan are cut from, and the sentence that tells a person why. */
export type SplitChoice =
  | { readonly kind: 'key'; readonly key: CandidateKey; readonly why: string }
  | { readonly kind: 'physical'; readonly why: string }
  | { readonly kind: 'whole'; readonly why: string };

export interface SplitConditions {
  /** All readers see one snapshot: blocks may be used. */
  readonly sharedSnapshot: boolean;
  readonly limit: number | null;
  /** The column that bounds what is read on one side at least: ranges are cut from an index that begins with it; null: nothing is bounded. */
  readonly bounded: string | null;
}

/** Tables below this many bytes are not worth reading by blocks because of a scattered key. */
const SCATTER_MATTERS_BYTES = 256 * 1024 * 1024;

/**
 * The first key that is not refused; blocks when there is none, or when its rows lie scattered and the table is large; else one
 * stream. A `--limit` is read in one stream, which alone can count exactly.
 */
export function chooseSplit(table: TableSchema, conditions: SplitConditions): SplitChoice {
  if (conditions.limit !== null) return { kind: 'whole', why: 'a limit is counted exactly in one stream' };
  const onCursor = cursorKey(table, conditions.bounded);
  if (onCursor !== null)
    return { kind: 'key', key: onCursor, why: `index ${onCursor.name}, which begins with the cursor` };
  const blocks = table.physicalParts.length > 0 && conditions.sharedSnapshot && conditions.bounded === null;
  const key = table.candidateKeys.find((candidate) => candidate.refused === null);
  const refused = table.candidateKeys.filter((candidate) => candidate.refused !== null);
  const refusals = refused.map((candidate) => `${candidate.name} is not used: ${candidate.refused}`).join('; ');
  if (key === undefined) return withoutKey(table, blocks, refusals, conditions);
  if (key.scattered && blocks && (table.estimatedBytes ?? 0) >= SCATTER_MATTERS_BYTES) {
    return { kind: 'physical', why: `rows lie scattered in the order of ${key.name}, so the table is read by blocks` };
  }
  const words =
    table.query === undefined ? describeKey(key) : `--split-by ${key.name}, rows without it in a range of their own`;
  return { kind: 'key', key, why: [words, refusals].filter(Boolean).join('; ') };
}

/** The shortest usable one: a window is a stretch of it. */
function cursorKey(table: TableSchema, bounded: string | null): CandidateKey | null {
  if (bounded === null || table.query !== undefined) return null;
  const usable = table.candidateKeys.filter(({ columns, refused }) => columns[0] === bounded && refused === null);
  return usable.toSorted((a, b) => a.columns.length - b.columns.length)[0] ?? null;
}

function withoutKey(table: TableSchema, blocks: boolean, refusals: string, conditions: SplitConditions): SplitChoice {
  const none = table.query === undefined ? `no usable key on this ${table.kind}` : 'no --split-by';
  const reason = refusals === '' ? none : refusals;
  if (blocks) return { kind: 'physical', why: `${reason}: read by blocks inside the snapshot; lost with it` };
  const missed =
    table.physicalParts.length > 0 && !conditions.sharedSnapshot ? ' (blocks need --consistency snapshot)' : '';
  return { kind: 'whole', why: `${reason}: one stream, which a killed run reads again from its start${missed}` };
}

function describeKey(key: CandidateKey): string {
  const columns = key.columns.join(', ');
  switch (key.kind) {
    case 'primary':
      return `primary key (${columns})`;
    case 'rowid':
      return `row id (${columns})`;
    case 'unique':
      return `unique key ${key.name} (${columns})${key.nullable ? ', rows without a key in a range of their own' : ''}`;
    case 'index':
      return `index ${key.name} (${columns}), not unique`;
    default:
      return key.kind satisfies never;
  }
}
