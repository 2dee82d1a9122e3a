import type { ColumnType } from '../../model/column-type.ts';

/**
 * What a declared type is planned as. SQLite keeps any value in any column (but for STRICT tables), so the plan is checked
 * against every cell that is read; `sqlite/TYPES.md` is written from this table. Rules are tried from the first on.
 */
export interface TypeRule {
  readonly declared: string;
  readonly matches: (declared: string) => boolean;
  readonly plan: (declared: string) => TypePlan;
  /** For people. */
  readonly becomes: string;
  readonly cells: string;
}

export type TypePlan =
  | { readonly kind: 'type'; readonly type: ColumnType; readonly note?: string; readonly exact?: 'number' }
  /** The declaration says nothing: the cells' storage classes decide (cell-classes.ts). */
  | { readonly kind: 'by-cells' };

/** A column with this note takes cells of every storage class; see `asText` in TYPES.md. */
export const AS_TEXT_NOTE = "every cell is written as text, a blob as x'…' in hex";

export const EXACT_DECIMAL_DIGITS = 15;

const STRING: ColumnType = { kind: 'string' };

function fixed(type: ColumnType, note?: string): () => TypePlan {
  const plan: TypePlan = note === undefined ? { kind: 'type', type } : { kind: 'type', type, note };
  return () => plan;
}

/** Of the names with numeric affinity those that say that numbers are meant; STRING has it as well. */
const NUMBER_NAMES = /^(decimal|numeric|dec|number|money|currency)\b/;

const ANY_NUMBER = 'integers as digits, reals as their shortest exact text, text as it is; no blobs';

export const TYPE_RULES: readonly TypeRule[] = [
  {
    declared: 'no type, ANY',
    matches: (name) => /^(any)?$/.test(name),
    plan: () => ({ kind: 'by-cells' }),
    becomes: 'what all its cells are',
    cells: 'one scan of typeof() when the table is described',
  },
  {
    declared: 'BOOLEAN, BOOL',
    matches: (name) => /^bool(ean)?\b/.test(name),
    plan: fixed({ kind: 'boolean' }),
    becomes: 'boolean',
    cells: '0 and 1 only',
  },
  {
    declared: 'INT, INTEGER, BIGINT, …INT',
    matches: (name) => /\b(tiny|small|medium|big)?int(eger|1|2|3|4|8)?\b/.test(name),
    plan: fixed({ kind: 'int64' }),
    becomes: 'int64',
    cells: 'integers',
  },
  {
    declared: 'other names with INT (POINT, INTERVAL)',
    matches: (name) => name.includes('int'),
    plan: () => ({ kind: 'by-cells' }),
    becomes: 'what all its cells are',
    cells: 'one scan of typeof() when the table is described',
  },
  {
    declared: 'JSON',
    matches: (name) => name === 'json',
    plan: fixed({ kind: 'json' }),
    becomes: 'json',
    cells: 'text as it is; integers and finite reals, which are JSON too; no blobs (JSONB)',
  },
  {
    declared: 'UUID, GUID',
    matches: (name) => /^(uuid|guid|uniqueidentifier)$/.test(name),
    plan: fixed({ kind: 'uuid' }),
    becomes: 'uuid',
    cells: 'text of the form 8-4-4-4-12 hex digits',
  },
  {
    declared: 'CHAR, VARCHAR, TEXT, CLOB',
    matches: (name) => /char|clob|text/.test(name),
    plan: fixed(STRING),
    becomes: 'string',
    cells: ANY_NUMBER,
  },
  {
    declared: 'BLOB, BINARY, VARBINARY, BYTEA',
    matches: (name) => /blob|binary|bytea/.test(name),
    plan: fixed({ kind: 'binary' }),
    becomes: 'binary',
    cells: 'blobs',
  },
  {
    declared: 'REAL, FLOAT, DOUBLE',
    matches: (name) => /real|floa|doub/.test(name),
    plan: fixed({ kind: 'float64' }),
    becomes: 'float64',
    cells: 'reals, and integers that a double holds exactly',
  },
  {
    declared: 'DECIMAL(p,s), NUMERIC(p,s), p ≤ 15',
    matches: (name) => decimalOf(name) !== null,
    plan: (name) => ({ kind: 'type', type: decimalOf(name) ?? STRING }),
    becomes: 'decimal(p,s)',
    cells: 'integers, reals and texts whose decimal digits fit p and s exactly',
  },
  {
    declared: 'DATE, DATETIME, TIME, TIMESTAMP',
    matches: (name) => /^(date|datetime|time|timestamp|timestamptz)\b/.test(name),
    plan: fixed(STRING, 'SQLite has no date type: the stored values are written as they are, not interpreted'),
    becomes: 'string',
    cells: ANY_NUMBER,
  },
  {
    declared: 'everything else (NUMERIC or DECIMAL without p, or p > 15; MONEY …)',
    matches: () => true,
    plan: (name) => ({
      kind: 'type',
      type: STRING,
      note: 'a numeric type without a precision of 1 to 15 digits is written as text, so that no digit is lost',
      ...(NUMBER_NAMES.test(name) ? { exact: 'number' } : {}),
    }),
    becomes: 'string',
    cells: ANY_NUMBER,
  },
];

/**
 * By the declared type, without regard to case. 15 digits is what every double keeps, and a fraction in SQLite is a double: with
 * more, two different decimals could have been stored as one.
 */
export function planDeclaredType(declared: string): TypePlan {
  const name = declared.trim().toLowerCase();
  const rule = TYPE_RULES.find((candidate) => candidate.matches(name));
  if (rule === undefined) throw new Error('the last type rule takes everything');
  return rule.plan(name);
}

function decimalOf(name: string): ColumnType | null {
  const match = /^(?:decimal|numeric|dec|number)\s*\(\s*(\d{1,4})\s*(?:,\s*(\d{1,4})\s*)?\)$/.exec(name);
  if (match === null) return null;
  const precision = Number(match[1]);
  const scale = Number(match[2] ?? 0);
  const exact = precision >= 1 && precision <= EXACT_DECIMAL_DIGITS && scale <= precision;
  return exact ? { kind: 'decimal', precision, scale } : null;
}

export type CellClass = 'integer' | 'real' | 'text' | 'blob';

/** What the cells of a column without a telling declaration are, NULLs left out. */
export interface CellClasses {
  readonly classes: ReadonlySet<CellClass>;
  /** All integers lie within ±2^53. */
  readonly integersFitDouble: boolean;
}

/** Null when blobs are mixed with other classes: only `asText` writes both. */
export function planByCells({ classes, integersFitDouble }: CellClasses): { type: ColumnType; note: string } | null {
  const note = (what: string) => `no declared type: planned by its cells, which are ${what}`;
  if (classes.size === 0) return { type: STRING, note: note('all NULL') };
  if (classes.has('blob')) return classes.size === 1 ? { type: { kind: 'binary' }, note: note('blobs') } : null;
  if (classes.has('text')) {
    return { type: STRING, note: note(classes.size === 1 ? 'text' : 'text and numbers, all written as text') };
  }
  if (!classes.has('real')) return { type: { kind: 'int64' }, note: note('integers') };
  if (!classes.has('integer')) return { type: { kind: 'float64' }, note: note('reals') };
  if (integersFitDouble) return { type: { kind: 'float64' }, note: note('reals and integers') };
  return { type: STRING, note: note('reals and integers beyond 2^53, written as text') };
}
