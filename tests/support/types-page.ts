import { existsSync, readFileSync } from 'node:fs';
import { type SourceTypes, typeTable } from '../../src/cli/source-types.ts';

const BEGIN =
  '<!-- from here to the next mark: made from the code by tests/types-md.test.ts, `vitest -u` writes it anew -->';
const END = '<!-- end of what is made from the code -->';

/**
 * The TYPES.md of a source as it must be: its own words, with the caveat first and the table between the marks made from the code. A page
 * that is not there yet is a title and the table.
 */
export function typesPage(path: string, types: SourceTypes): string {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : `# Types of ${types.driver}\n\n${BEGIN}\n${END}\n`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} lacks the marks around what is made from the code`);
  const [title = '', ...words] = page.slice(0, begin).split('\n');
  const caveat = types.caveat === null ? '' : `${types.caveat}\n\n`;
  const before = words.join('\n').trimStart();
  const own = caveat !== '' && before.startsWith(caveat) ? before.slice(caveat.length) : before;
  return `${title}\n\n${caveat}${own}${BEGIN}\n\n${markdown(typeTable(types))}\n\n${page.slice(end)}`;
}

/** Padded as the formatter of this project wants it. */
function markdown(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
