import { displayName } from '../model/table.ts';
import { alignColumns } from './columns.ts';
import { printable } from './printable.ts';
import type { SuggestedCommand, SuggestionReport } from './suggest-source.ts';
import { typedColumns } from './typed-names.ts';

/** The lines of `inspect --suggest` without --json: one a table, then the commands with what to know before typing them. */
export function describeSuggestions({ source, tables }: SuggestionReport): readonly string[] {
  if (tables.length === 0) return [`${printable(source)} has no tables that you may read`];
  const heads = ['TABLE', 'COLUMN', 'STRATEGY', 'KEY', 'WHY'].map((title) => ({ title }));
  const commands = tables.filter(({ suggestion }) => suggestion?.kind === 'incremental').map(commandLines);
  return [
    ...alignColumns(heads, tables.map(cellsOf)),
    ...commands.flatMap((lines) => ['', ...lines]),
    '',
    ...footLines(commands.length > 0),
  ];
}

function cellsOf(table: SuggestedCommand): readonly string[] {
  const { suggestion, refused } = table;
  const name = displayName(table);
  if (suggestion === null) return [name, '-', 'refused', '-', refused?.message ?? ''];
  if (suggestion.kind === 'incremental') {
    const { by, strategy, uniqueKey, reason } = suggestion;
    return [name, by, strategy, uniqueKey.length === 0 ? '-' : typedColumns(uniqueKey), reason];
  }
  const later =
    suggestion.later === null ? '' : ` (when it grows: ${suggestion.later.by}, ${suggestion.later.strategy})`;
  return [name, '-', 'full', '-', `${suggestion.reason}${later}`];
}

/** What is true of all of them is said once, below. */
function commandLines({ suggestion, command }: SuggestedCommand): readonly string[] {
  const cautions = suggestion?.kind === 'incremental' ? suggestion.cautions : [];
  const own = cautions.filter(({ about }) => about !== 'deletes');
  return [printable(command ?? ''), ...own.map(({ text }) => `  - ${printable(text)}`)];
}

function footLines(some: boolean): readonly string[] {
  const next = 'Next: sqlextract init --from <source> writes a configuration with all of this';
  if (!some) return [next];
  return [
    'Found by names, types and indexes alone: make sure that every write sets the column.',
    'Deleted rows stay in the target of an incremental table: only --detect-deletes finds them.',
    next,
  ];
}
