import { displayName } from '../../model/table.ts';
import type { LoadFile, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { shellWord, word } from '../quoted.ts';
import { Quoted as QuotedText } from '../quoted.ts';
import type { View } from '../render.ts';

/** The row that a pipe writes behind the last one: without it the program before it did not come to its end. */
const TRAILER = 'sqlextract: end of file';

const DECOMPRESS: Readonly<Record<TableLoad['format']['compression'], string>> = {
  none: 'cat',
  gzip: 'gzip -dc',
  zstd: 'zstd -dcq',
  snappy: 'false',
};

/**
 * An argument of a dot-command, in double quotes, where the shell knows the escapes of C: sqlite.org/cli.html, "Rules for
 * dot-commands". A line of such a command cannot hold a line end, an escape can.
 */
export function dotArgument(text: string): Quoted {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return new QuotedText(`"${escaped}"`);
}

/** What templates/sqlite/load.sql needs of each file: `.import` of its rows, of its checksum, of how many U+0000 are in it. */
export function importView(
  load: TableLoad,
  pathOf: (file: LoadFile) => string,
  quoteLiteral: (text: string) => Quoted,
): View {
  const table = displayName({ schema: load.target.schema ?? '', name: load.target.name });
  let before = 0;
  const imports = load.files.map((file) => {
    const first = before;
    before += file.rows;
    const message = `sqlextract: ${table}: file ${file.name} is not the one of the manifest (SHA-256); nothing was changed`;
    return { ...fileView(file, first, pathOf(file), load), message: quoteLiteral(message) };
  });
  const cells = load.columns.map((_, index) => (index === 0 ? TRAILER : 'end')).join(',');
  return {
    imports,
    trailer: word(`'${TRAILER}'`),
    trailerCells: word(cells),
    checksZeros: load.columns.some(({ source: { type } }) => type.kind === 'string' || type.kind === 'json'),
  };
}

function fileView(file: LoadFile, before: number, path: string, { columns, format }: TableLoad): View {
  const input = `< ${String(shellWord(/^[./]/.test(path) ? path : `./${path}`))}`;
  const read = DECOMPRESS[format.compression];
  const row = columns.map((_, index) => (index === 0 ? TRAILER : 'end')).join(',');
  return {
    number: file.number,
    rowsPipe: dotArgument(`|${read} ${input} && echo '${row}'`),
    sumPipe: dotArgument(`|(sha256sum 2>/dev/null || shasum -a 256) ${input}`),
    zerosPipe: dotArgument(`|${read} ${input} | LC_ALL=C tr -dc '\\000' | wc -c`),
    sha256: word(`'${file.sha256.replaceAll(/[^0-9a-f]/g, '')}'`),
    end: before + file.rows + 1,
  };
}
