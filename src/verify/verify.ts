import type { Problem } from '../model/problem.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { SourceConfig, SourceDriver } from '../sources/source.ts';
import { checkManifest } from './check-manifest.ts';
import { compareWithSource } from './compare-source.ts';
import { type FileReader, openFileReader } from './duckdb-reader.ts';
import type { FoundManifest } from './find-manifests.ts';
import type { Difference, TableVerification, VerifyReport } from './verification.ts';

export interface VerifyRequest {
  readonly manifests: readonly FoundManifest[];
  /** Null: the files are compared with their manifests only. */
  readonly source: { readonly driver: SourceDriver; readonly config: SourceConfig } | null;
  /** Absolute. */
  readonly stateDir: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of all files of all manifests, as they are done. */
  onProgress(progress: { readonly table: string; readonly bytes: number; readonly ofBytes: number }): void;
}

/** Compares files with their manifests and, when asked for, with the source, table by table; one table's trouble hides no other. */
export async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const startedAt = performance.now();
  using reader = await openFileReader({ threads: request.cores, memoryBytes: request.memoryBytes });
  const failed: VerifyReport['failed'][number][] = [];
  const tables: TableVerification[] = [];
  let doneBytes = 0;
  const ofBytes = request.manifests.reduce(
    (sum, one) => sum + (one.kind === 'manifest' ? one.manifest.totals.bytes : 0),
    0,
  );
  for (const found of request.manifests) {
    if (found.kind === 'unreadable') {
      failed.push({ table: found.table, manifest: found.path, problem: found.problem });
      continue;
    }
    const table = displayName(found.manifest.table);
    const onFile = (bytes: number): void => {
      doneBytes += bytes;
      request.onProgress({ table, bytes: doneBytes, ofBytes });
    };
    const one = await verifyOne(request, reader, found, onFile);
    tables.push(one.table);
    if (one.problem !== null) failed.push({ table, manifest: found.path, problem: one.problem });
  }
  return reportOf(tables, failed, (performance.now() - startedAt) / 1000);
}

async function verifyOne(
  request: VerifyRequest,
  reader: FileReader,
  { path, manifest }: FoundManifest & { kind: 'manifest' },
  onFile: (bytes: number) => void,
): Promise<{ readonly table: TableVerification; readonly problem: Problem | null }> {
  const withHash = request.source !== null;
  const checked = await checkManifest({ path, manifest, reader, atOnce: request.cores, withHash, onFile });
  if (request.source === null) return { table: checked.table, problem: null };
  const { driver, config } = request.source;
  try {
    const { stateDir } = request;
    const compared = await compareWithSource({ driver, source: config, stateDir, manifest, sums: checked.sums });
    const differences = [...checked.table.differences, ...compared.differences];
    const table = {
      ...checked.table,
      status: differences.length > 0 ? 'different' : checked.table.status,
      differences,
      source: compared.comparison,
      remarks: [...checked.table.remarks, ...compared.remarks],
    } as const;
    const impossible = compared.comparison.verdict === 'impossible' && differences.length === 0;
    return { table, problem: impossible ? notComparable(table, compared.comparison.sentence) : null };
  } catch (error) {
    const problem = error instanceof SqlextractError ? toProblem(error) : driver.classify(error);
    return { table: checked.table, problem };
  }
}

function reportOf(tables: readonly TableVerification[], failed: VerifyReport['failed'], seconds: number): VerifyReport {
  const read = tables.map(({ rows, files, bytes, removedFiles }) => (removedFiles > 0 ? null : { rows, files, bytes }));
  const sum = (of: 'rows' | 'files' | 'bytes') => read.reduce((total, one) => total + (one?.[of] ?? 0), 0);
  const problem = differentProblem(tables) ?? failed[0]?.problem ?? null;
  return {
    status: tables.some(({ status }) => status === 'different')
      ? 'different'
      : failed.length > 0
        ? 'incomplete'
        : 'equal',
    tables,
    failed,
    rows: sum('rows'),
    files: sum('files'),
    bytes: sum('bytes'),
    seconds,
    problem,
  };
}

function differentProblem(tables: readonly TableVerification[]): Problem | null {
  const different = tables.filter(({ status }) => status === 'different');
  const [first] = different;
  if (first === undefined) return null;
  const names = different.map(({ table }) => table).join(', ');
  const verdict = { fault: 'data', verdict: 'fatal' } as const;
  if (different.every((table) => table.differences.every((one) => mayHaveMoved(table, one)))) {
    return {
      code: 'VERIFY_SOURCE_MOVED_OR_DIFFERENT',
      message: `the files of ${names} are what their manifests say, and differ from the source, which may have changed since they were read`,
      hint: 'extract with --keep-snapshot and verify while it is held, or compare when nothing writes to the table',
      ...verdict,
    };
  }
  const count = different.reduce((total, table) => total + table.differences.length, 0);
  return {
    code: 'VERIFY_DIFFERENT',
    message: `${count === 1 ? '1 difference' : `${count} differences`} found in ${names}`,
    hint: 'do not load these files: find out who changed them, then extract the table again',
    ...verdict,
  };
}

function mayHaveMoved(table: TableVerification, { kind }: Difference): boolean {
  return table.source?.when === 'later' && kind.startsWith('source ');
}

function notComparable(table: TableVerification, sentence: string): Problem {
  return {
    code: 'VERIFY_NOT_COMPARABLE',
    message: `${table.table} cannot be compared with the source: ${sentence}`,
    hint: 'verify it without --against-source',
    fault: 'usage',
    verdict: 'fatal',
  };
}
