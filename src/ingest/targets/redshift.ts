import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { bucketFolder } from '../bucket-folder.ts';
import { filesByBytes } from '../group-files.ts';
import type { IngestPlan, LoadColumn, LoadFile, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commentText, shellWord, word } from '../quoted.ts';
import { refuseParquetSkip } from '../refuse-parquet-skip.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { endingOf, shellFolder, shellTitle } from '../shell-view.ts';
import type { IngestTarget, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { tableChecks, warehouseView } from '../warehouse-view.ts';
import { commentLiteral, plainLiteral, qualify, quoteIdentifier, quoteLiteral, roleLiteral } from './redshift-names.ts';
import { redshiftColumn, redshiftHolds, redshiftType } from './redshift-types.ts';

const CAPABILITIES: TargetCapabilities = {
  // compressions of Parquet as far as the guide names them
  reads: { csv: ['none', 'gzip', 'zstd'], parquet: ['none', 'snappy', 'gzip'] },
  identifiers: { longest: 127, unit: 'bytes', caseSensitive: false, folds: 'lower', forbidden: /\p{Cc}/u },
  tellsQuotedMarker: false,
  nul: { csv: 'refused', parquet: 'refused', load: null },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^timestamp/i,
  numbers: { formats: ['csv'], precision: 38, scale: 37 },
  oneText: 'its COPY reads lists of the files that are written beside the scripts',
  needs: ['bucket'],
  takes: ['iamRole'],
  defaultSchema: 'public',
};

/** Amazon Redshift, with `aws s3` and psql. COPY: docs.aws.amazon.com/redshift/latest/dg/r_COPY.html. */
export const redshiftTarget: IngestTarget = {
  name: 'redshift',
  title: 'Redshift',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: redshiftType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
};

interface TableScripts {
  readonly load: TableLoad;
  readonly name: string;
  readonly given: View;
  readonly manifests: readonly Script[];
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const all = plan.tables.map((load): TableScripts => {
    const manifests = manifestsOf(load, plan);
    return { load, name: scriptName(load, 'load'), given: view(load, plan, manifests), manifests };
  });
  const tables = all.map(({ load, name, given, manifests }) => ({
    ...given,
    ...shellTitle(load),
    script: shellWord(name),
    scriptText: word(name),
    folder: shellFolder(load, place),
    folderText: commentText(bucketFolder(load, plan, 's3')),
    pattern: shellWord(load.files[0] === undefined ? '' : `part-*${endingOf(load.files[0].name)}`),
    bucketFolder: shellWord(`${bucketFolder(load, plan, 's3')}/`),
    manifests: manifests.map((manifest) => ({ manifest: shellWord(manifest.name) })),
  }));
  return [
    ...all.flatMap(({ name, given, manifests }) => [
      { name, text: render('redshift/load.sql', given), executable: false },
      ...manifests,
    ]),
    {
      name: 'upload.sh',
      text: render('redshift/upload.sh', { tables, parallel: plan.options.parallel }),
      executable: true,
    },
    { name: 'run.sh', text: render('redshift/run.sh', { tables }), executable: true },
    {
      name: 'README.md',
      text: render('redshift/readme.md', { tables, parallel: plan.options.parallel }),
      executable: false,
    },
  ];
}

/** COPY takes the files of a manifest and no others, all at once: "Using a manifest to specify data files". */
function manifestsOf(load: TableLoad, plan: IngestPlan): readonly Script[] {
  const lists = filesByBytes(load.files, plan.options.chunkBytes, Number.POSITIVE_INFINITY);
  const folder = bucketFolder(load, plan, 's3');
  const entry = ({ name, bytes }: LoadFile) => ({
    url: `${folder}/${name}`,
    mandatory: true,
    meta: { content_length: bytes },
  });
  return lists.map((files, index) => ({
    name: scriptName(load, `files-${index + 1}`).replace(/\.sql$/, '.json'),
    text: `${JSON.stringify({ entries: files.map(entry) }, null, 2)}\n`,
    executable: false,
  }));
}

function view(load: TableLoad, plan: IngestPlan, manifests: readonly Script[]): View {
  refuseParquetSkip(load, plan);
  checkTimes(load);
  const { format, columns } = load;
  const marker = format.nullMarker ?? '';
  const columnSql = (column: LoadColumn) => redshiftColumn(column, format.name, skipsRows(load, plan));
  const folder = bucketFolder(load, plan, 's3');
  const temporary = (suffix: string): Quoted => quoteIdentifier(`_sqlextract_${load.tag}_${suffix}`);
  return {
    ...warehouseView(load, plan, redshiftTarget, { columnSql }),
    stage: temporary('stage'),
    rowsTable: temporary('rows'),
    deletedNameText: quoteLiteral((load.deletedColumn ?? '').toLowerCase()),
    checks: tableChecks(load, (name) => quoteLiteral(name.toLowerCase()), redshiftHolds),
    schemaText: load.target.schema === null ? word('CURRENT_SCHEMA()') : quoteLiteral(load.target.schema.toLowerCase()),
    nameText: quoteLiteral(load.target.name.toLowerCase()),
    isParquet: format.name === 'parquet',
    isCompressed: format.name === 'csv' && format.compression !== 'none',
    compression: word(format.compression.toUpperCase()),
    // \N is what COPY takes for NULL by itself
    hasMarker: format.name === 'csv' && marker !== '\\N',
    nullMarker: marker === '\\N' || format.name === 'parquet' ? word('') : plainLiteral(marker, '--null'),
    role: roleLiteral(plan.options.locations.iamRole),
    copies: manifests.map(({ name }) => ({ address: plainLiteral(`${folder}/${name}`, '--bucket') })),
    comments: columns.flatMap(({ name, source }) =>
      source.note === undefined ? [] : [{ name: quoteIdentifier(name), comment: commentLiteral(source.note) }],
    ),
  };
}

/** Throws INGEST_TYPE: COPY of columnar files has no times. */
function checkTimes({ format, columns, source }: TableLoad): void {
  const time = columns.find((column) => column.source.type.kind === 'time');
  if (format.name !== 'parquet' || time === undefined) return;
  throw new SqlextractError({
    code: 'INGEST_TYPE',
    message: `column ${time.source.name} of ${displayName(source.table)}: Redshift does not read times from parquet files`,
    hint: 'extract with --format csv',
    fault: 'data',
  });
}
