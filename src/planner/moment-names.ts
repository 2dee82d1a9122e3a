import type { TableName } from '../model/table.ts';

/**
 * What a column's name says of its moment: `update`, set at every write of the row; `insert`, set once when it is written; `event`, of what the
 * row tells of (`InvoiceDate` of Invoice), which the application sets. Null: of something else (`birth_date`, `password_changed_at`).
 */
export type MomentRole = 'update' | 'insert' | 'event';

/** Words that say neither. */
const NEUTRAL =
  'at|on|dt|date|day|time|tm|datetime|ts|timestamp|stamp|moment|utc|gmt|when|last|row|rec|record|sys|system|db|dw|etl|src|source';
const UPDATE =
  'update[ds]?|upd|updt|modif(?:y|ied|ication)|mod|modstamp|mtime|change[ds]?|chg|edit(?:ed)?|touch(?:ed)?|writ(?:e|ten)|sync(?:ed)?|revised|refreshed|rowstart|sysstart';
const INSERT =
  'creat(?:e|ed|ion)|cre|crt|ctime|insert(?:ed)?|ins|add(?:ed)?|load(?:ed)?|ingest(?:ed)?|import(?:ed)?|enter(?:ed)?|entry';
const EVENT =
  'event|occurr?(?:ed)?|happen(?:ed)?|measured?|observed?|sampled?|received?|recorded|log(?:ged)?|captured?|posted';

const UPDATED = namesOf(UPDATE);
const INSERTED = namesOf(INSERT);
const HAPPENED = namesOf(EVENT);
const NOTHING_ELSE = new RegExp(`^(?:${NEUTRAL})+$`, 'u');
/** A text with such a name is a moment, like a number with a narrower one: `modified` of a number could be a flag, `day` one of the week. */
const TEXT_SAYS_WHEN = /(?:at|on|date|time|ts|dt|stamp|when|utc|gmt|updated|modified|changed|created|inserted)$|^last/u;
const NUMBER_SAYS_WHEN = /(?:at|on|date|time|ts|stamp|utc|gmt)$|^time(?:modified|created|updated)$/u;
const EVENT_SAYS_WHEN = /(?:at|datetime|timestamp|ts|utc|gmt)$/u;

/** The columns are all of the table's: what most of their names begin with (`usr_id`, `usr_updated`) says nothing. */
export function momentRole(column: string, table: TableName, columns: readonly string[]): MomentRole | null {
  const name = ownWords(column, table, columns).join('');
  if (UPDATED.test(name)) return 'update';
  if (INSERTED.test(name)) return 'insert';
  return HAPPENED.test(name) || NOTHING_ELSE.test(name) ? 'event' : null;
}

/** Whether a text or a number of such a name and role can be taken for a moment. */
export function saysWhen(column: string, role: MomentRole, kind: 'text' | 'number'): boolean {
  const pattern = role === 'event' ? EVENT_SAYS_WHEN : kind === 'text' ? TEXT_SAYS_WHEN : NUMBER_SAYS_WHEN;
  return pattern.test(wordsOf(column).join(''));
}

/** `id`, `order_id` of orders, `InvoiceLineId` of InvoiceLine: a number of the rows themselves. */
export function isRowNumber(column: string, table: TableName, columns: readonly string[]): boolean {
  return /^(?:id|no|nr|num|number|seq|seqno|key|pk|serial|rowid)?$/u.test(ownWords(column, table, columns).join(''));
}

/** One of these words at least, and nothing else but neutral ones, with or without something between them: `lastupdate`, `dt_upd`. */
function namesOf(words: string): RegExp {
  return new RegExp(`^(?:${NEUTRAL})*(?:${words})(?:${NEUTRAL}|${words})*$`, 'u');
}

function ownWords(column: string, table: TableName, columns: readonly string[]): readonly string[] {
  const words = wordsOf(column);
  const prefix = commonPrefix(columns);
  const own = prefix !== null && words.length > 1 && words[0] === prefix ? words.slice(1) : words;
  const tableWords = new Set(wordsOf(table.name).flatMap(bothNumbers));
  return own.filter((word) => !tableWords.has(word));
}

/** `LastUpdate`, `last_update` and `LAST UPDATE` are two words. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/(?<=\p{Ll}|\d)(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function bothNumbers(word: string): readonly string[] {
  return [word, word.replace(/s$/u, ''), word.replace(/es$/u, ''), word.replace(/ies$/u, 'y')];
}

/** A first word that more than half of at least three columns share, unless it says something. */
function commonPrefix(columns: readonly string[]): string | null {
  const firsts = columns.map((column) => wordsOf(column)[0] ?? '');
  const counted = [...Map.groupBy(firsts, (word) => word)].map(([word, all]) => ({ word, count: all.length }));
  const most = counted.find(({ count }) => count > 2 && count > columns.length / 2);
  if (most === undefined || most.word === '') return null;
  const says = [UPDATED, INSERTED, HAPPENED, NOTHING_ELSE].some((pattern) => pattern.test(most.word));
  return says ? null : most.word;
}
