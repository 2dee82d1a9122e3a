import type { CandidateKey, ColumnSchema, TableSchema } from '../model/table.ts';
import { isRowNumber, type MomentRole, momentRole, saysWhen } from './moment-names.ts';

/** A column that an incremental run could go by. */
export interface CursorCandidate {
  readonly column: ColumnSchema;
  readonly role: MomentRole | 'rowversion' | 'number';
  /** An index that begins with it; null: none is known. */
  readonly index: CandidateKey | null;
}

/** Best first. */
export function cursorCandidates(table: TableSchema): readonly CursorCandidate[] {
  const names = table.columns.map(({ name }) => name);
  return table.columns
    .flatMap((column): readonly CursorCandidate[] => {
      const role = roleOf(column, table, names);
      return role === null ? [] : [{ column, role, index: indexOf(column, table) }];
    })
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ candidate }) => candidate);
}

/** Stands for a moment, but is kept as text or as a number. */
export function isDisguised({ column }: CursorCandidate): boolean {
  return column.type.kind !== 'timestamp' && column.type.kind !== 'date';
}

function roleOf(column: ColumnSchema, table: TableSchema, names: readonly string[]): CursorCandidate['role'] | null {
  if (/^rowversion\b/iu.test(column.nativeType)) return 'rowversion';
  const role = momentRole(column.name, table, names);
  if (role !== null && holdsMoments(column, role)) return role;
  const alone = table.primaryKey.length === 1 && table.primaryKey[0] === column.name;
  const whole = column.type.kind === 'int32' || column.type.kind === 'int64';
  return alone && whole && isRowNumber(column.name, table, names) ? 'number' : null;
}

/** By its type; texts and numbers where the declared type or the name says so. */
function holdsMoments({ name, type, nativeType }: ColumnSchema, role: MomentRole): boolean {
  switch (type.kind) {
    case 'timestamp':
    case 'date':
      return true;
    case 'string':
      return /^(?:date|datetime|timestamp)/iu.test(nativeType) || saysWhen(name, role, 'text');
    case 'int32':
    case 'int64':
      return saysWhen(name, role, 'number');
    default:
      return false;
  }
}

/** `refused` keys cannot be cut into ranges; of most of them nobody can say that they hold every row. */
function indexOf({ name }: ColumnSchema, table: TableSchema): CandidateKey | null {
  return table.candidateKeys.find((key) => key.columns[0] === name && key.refused === null) ?? null;
}

/** What sees changes goes first; a number that an index finds goes before moments that only a scan does, or that the application sets. */
function rankOf(candidate: CursorCandidate): number {
  const { column, index } = candidate;
  const preferred = /utc|gmt/iu.test(column.name) || (column.type.kind === 'timestamp' && column.type.zoned);
  const kind = isDisguised(candidate) ? 3 : column.type.kind === 'date' ? 2 : preferred ? 0 : 1;
  return groupOf(candidate) * 100 + (index === null ? 20 : 0) + (column.nullable ? 10 : 0) + kind;
}

function groupOf({ role, index }: CursorCandidate): number {
  switch (role) {
    case 'rowversion':
      return 0;
    case 'update':
      return 1;
    case 'insert':
      return index === null ? 4 : 2;
    case 'number':
      return 3;
    case 'event':
      return 5;
    default:
      return role satisfies never;
  }
}
