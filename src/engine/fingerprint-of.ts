import { createHash } from 'node:crypto';
import type { Fingerprint } from '../checkpoint/fingerprint.ts';
import { describeColumnType } from '../model/column-type.ts';
import type { TableSchema } from '../model/table.ts';
import { DEFAULT_POLICIES } from '../model/value-policies.ts';
import type { TableSettings } from './request.ts';

/** The layout of what is hashed and compared; a change of it refuses unfinished runs of older versions. */
const FINGERPRINT_VERSION = '1';

/**
 * What changes the bytes of a table's files, one line each. Not in it: workers, memory, retries, chunk size (saved ranges keep
 * theirs), the tool's patch version.
 */
export function fingerprintOf(
  identity: Readonly<Record<string, string>>,
  table: TableSchema,
  settings: TableSettings,
  out: string,
): Fingerprint {
  const { policies } = settings.selection;
  const source = Object.entries(identity).map(([name, value]) => [`source ${name}`, value]);
  const columns = table.columns.map((column, index) => [
    `column ${index + 1}`,
    `${column.name} ${column.nativeType} → ${describeColumnType(column.type)}${column.nullable ? '' : ' not null'}`,
  ]);
  const parts = table.physicalParts.map((part) => part.relation).sort();
  return Object.fromEntries([
    ['fingerprint', FINGERPRINT_VERSION],
    ...source,
    ['table', table.objectId],
    ...(table.query === undefined ? [] : queryFields(table, table.query)),
    ...columns,
    ['primary key', table.primaryKey.join(', ')],
    ['parts', parts.length === 0 ? '' : createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)],
    ['--where', settings.where ?? ''],
    ['--limit', settings.limit === null ? '' : String(settings.limit)],
    ['--format', settings.format],
    ['--compression', settings.compression],
    ['--null', settings.nullMarker],
    ['--out', out],
    ...incrementalFields(settings.incremental),
    // Only when chosen, so that runs of versions that had no choice can be finished.
    ...(policies.zeroDates === DEFAULT_POLICIES.zeroDates ? [] : [['--zero-dates', policies.zeroDates]]),
    ...(policies.tinyint1 === DEFAULT_POLICIES.tinyint1 ? [] : [['--tinyint1', policies.tinyint1]]),
  ]);
}

/** An unfinished window is finished as it was begun. */
function incrementalFields(incremental: TableSettings['incremental']): readonly (readonly [string, string])[] {
  if (incremental === null) return [];
  const { by, strategy, uniqueKey } = incremental;
  return [
    ['--incremental-by', by?.toLowerCase() ?? ''],
    ['--strategy', strategy],
    ['--unique-key', uniqueKey?.join(', ') ?? ''],
  ];
}

/** Saved ranges are of one column: those of another cannot stand beside them. */
function queryFields(table: TableSchema, sql: string): readonly (readonly [string, string])[] {
  return [
    ['--query', sql],
    ['--split-by', table.candidateKeys[0]?.columns[0] ?? ''],
  ];
}
