import type { Strategy } from '../model/cursor.ts';
import { type CursorCandidate, isDisguised } from './cursor-candidates.ts';
import type { Caution } from './suggestion.ts';
import type { UniqueKey } from './unique-key.ts';

interface Choice {
  readonly candidate: CursorCandidate;
  readonly strategy: Strategy;
  readonly key: UniqueKey | null;
  /** The source's own cursor over row versions, where it would serve this table. */
  readonly rowCursor: string | null;
}

/** The most important ones first; `deletes` is the last, and always there. */
export function cautionsOf(choice: Choice): readonly Caution[] {
  const all = [...ofStrategy(choice), ...ofValues(choice), ...ofIndex(choice.candidate)];
  return [...all, { about: 'deletes', text: 'deleted rows stay in the target: only --detect-deletes finds them' }];
}

function ofStrategy({ candidate, strategy, key, rowCursor }: Choice): readonly Caution[] {
  const { role } = candidate;
  const other =
    rowCursor === null
      ? ''
      : `; --incremental-by ${rowCursor} --strategy merge sees them, by a scan of the table each time`;
  const unseen: Caution = { about: 'updates', text: `updates of rows that were read before are not seen${other}` };
  if (strategy === 'append') return [unseen, ...ofOrder(candidate)];
  if (strategy === 'merge') {
    const nullable = key?.nullable ?? [];
    if (nullable.length === 0) return [];
    return [{ about: 'key', text: `the schema lets ${nullable.join(', ')} be NULL, and such rows cannot be merged` }];
  }
  if (role !== 'update') return [unseen, ...ofOrder(candidate)];
  return [
    {
      about: 'updates',
      text: `without a key the old version of a changed row stays beside the new one: name a key by --unique-key, or run it in full`,
    },
  ];
}

function ofOrder({ role, column }: CursorCandidate): readonly Caution[] {
  if (role === 'number') {
    return [{ about: 'order', text: `right only when ${column.name} is given out in order, as by a sequence` }];
  }
  if (role !== 'event') return [];
  return [
    { about: 'order', text: `rows entered later with an earlier ${column.name} are missed, unless within --lookback` },
  ];
}

function ofValues({ candidate, strategy }: Choice): readonly Caution[] {
  const { column, role } = candidate;
  if (role === 'rowversion' || role === 'number') return [];
  const found: Caution[] = [];
  if (column.nullable) {
    const way =
      strategy === 'append'
        ? `--where "… IS NOT NULL" leaves such rows out`
        : '--null-cursors read brings such rows every time';
    found.push({ about: 'null', text: `${column.name} may be NULL, and a run that finds one fails: ${way}` });
  }
  if (isDisguised(candidate)) {
    found.push({ about: 'text', text: disguiseOf(candidate) });
  } else if (column.type.kind === 'date') {
    found.push({ about: 'resolution', text: `${column.name} has days only: rows of a day are read once it is over` });
  }
  if (column.type.kind === 'timestamp' && !column.type.zoned) {
    found.push({
      about: 'zone',
      text: `${column.name} has no zone: --cursor-zone says it, unless it is on the server's clock`,
    });
  }
  return found;
}

function disguiseOf({ column }: CursorCandidate): string {
  return column.type.kind === 'string'
    ? `${column.name} is compared as text: every writer must use one form and one zone, like 2026-01-31 12:00:00`
    : `${column.name} is a number: right only when every writer counts in the same unit, from a clock that does not step back`;
}

function ofIndex({ column, index }: CursorCandidate): readonly Caution[] {
  if (index !== null) return [];
  return [{ about: 'index', text: `no index begins with ${column.name}: each run scans the table until there is one` }];
}
