import type { ManifestFormat } from '../model/manifest.ts';
import type { ColumnSchema } from '../model/table.ts';
import type { IngestPlan, Locations, TableLoad } from './ingest-plan.ts';
import type { Quoted } from './quoted.ts';
import type { View } from './render.ts';

/**
 * A warehouse or database that files are loaded into. To add one: a file `targets/<name>.ts` with one of these, a folder
 * `templates/<name>/`, one line in registry.ts, and `tests/ingest/<name>.test.ts`, which runs `tests/conformance/target.suite.ts` over it.
 *
 * A script of a target does the same in every mode, in this order:
 *
 *   prepare   the schema, the table (unless create is off) and the ledger are there; the staging table is made
 *   load      every file goes into the staging table, each once
 *   publish   one transaction, or what the target has instead: the run is claimed in the ledger (it has it already: nothing is done; it
 *             has a later one: refused); the rows loaded are as many as the manifest says; no key stands twice; then the mode's statements
 *   cleanup   the staging table is gone, also when a step failed
 */
export interface IngestTarget {
  /** As typed after `--target`; also the folder of its templates. */
  readonly name: string;
  /** As people write it: `SQL Server`. */
  readonly title: string;
  /** The versions, as one text of the command line: `mariadb`. Empty where there is nothing to choose. */
  readonly flavors: readonly string[];
  readonly capabilities: TargetCapabilities;
  /**
   * What a column becomes, or why it cannot. Never a silent loss: what is changed on the way (`timestamp with zone` kept as UTC without
   * zone) is said in `note`.
   */
  columnType(column: TypedColumn, flavor: string | null): TargetType | TypeRefusal;
  /** Quotes a name, whatever is in it. Throws INGEST_NAME for what the target cannot name at all. */
  quoteIdentifier(name: string): Quoted;
  /** `"schema"."name"`, each quoted; a schema of null is left to the session. */
  qualify(schema: string | null, name: string): Quoted;
  /** Quotes a text value, whatever is in it. */
  quoteLiteral(text: string): Quoted;
  /** The files to write, in the order in which they are run. A name without folder; the same plan gives the same texts. */
  scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[];
}

/** They arrive; they cannot, and `--nul remove` takes the character out on the way; they cannot. */
export type NulFate = 'kept' | 'removable' | 'refused';

export interface TargetCapabilities {
  /** Formats that its own client reads, and with which compressions. A format that is missing is read by `load`, or not at all. */
  readonly reads: Readonly<Partial<Record<ManifestFormat['name'], readonly ManifestFormat['compression'][]>>>;
  readonly identifiers: {
    readonly longest: number;
    readonly unit: 'bytes' | 'characters';
    /** False: names that differ in case only are the same name. */
    readonly caseSensitive: boolean;
    /** The case that a name gets even when it is quoted; null: it stays as it is. */
    readonly folds: 'lower' | 'upper' | null;
    /** Characters that no name can hold, even quoted; null: none. */
    readonly forbidden: RegExp | null;
  };
  /** The target reads an unquoted `\N` as NULL and a quoted one as text. False: files that hold such a text are refused. */
  readonly tellsQuotedMarker: boolean;
  /** What becomes of texts that hold U+0000: by its scripts, from files of either format, and by `load`; null: there is none. */
  readonly nul: Readonly<Record<ManifestFormat['name'], NulFate>> & { readonly load: NulFate | null };
  /** Rows that do not fit can be left out, counted and kept (`--on-error skip`). Text: why not. */
  readonly rejects: true | string;
  /** Rows and ledger change together or not at all. Text: what it has instead, for the script's header. */
  readonly transactional: true | string;
  /** Rows are taken out, others put in, and the ledger written, together or not at all. */
  readonly takesOutAndIn: boolean;
  /** Types, as its catalog writes them, of columns that can say when a row was deleted (`--deleted-column`). Text: why it cannot mark rows. */
  readonly moments: RegExp | string;
  /** Texts of exact numbers become its decimals (`--measure`), from files of these formats, up to so many digits; null: they stay texts. */
  readonly numbers: {
    readonly formats: readonly ManifestFormat['name'][];
    readonly precision: number;
    readonly scale: number;
  } | null;
  /** Its SQL scripts, one after the other, are a text that its client can be given (`--stdout`). Text: why not. */
  readonly oneText: true | string;
  /** Places that must be given for its scripts. */
  readonly needs: readonly (keyof Locations)[];
  /** Places that are of use. */
  readonly takes: readonly (keyof Locations)[];
  /** Where there is no `--schema` and the source has schemas: what its `public` or `dbo` becomes. */
  readonly defaultSchema: string | null;
  /** A schema is a database, and the connection names one: tables go there, whatever the schema of the source is called, unless `--schema` is given. */
  readonly schemaIsDatabase?: true;
}

/** A column with what is known of its values. */
export interface TypedColumn {
  readonly source: ColumnSchema;
  /** Largest value in bytes; null: not known, or not to be used. */
  readonly measuredBytes: number | null;
  /** Part of the key: some targets cannot index what is wide. */
  readonly isKey: boolean;
}

export interface TargetType {
  readonly kind: 'type';
  /** As it stands in CREATE TABLE. */
  readonly sql: string;
  /** One sentence when the value's form changes; null when it is the same. */
  readonly note: string | null;
}

export interface TypeRefusal {
  readonly kind: 'refusal';
  /** Completes "column x of table y: …". */
  readonly reason: string;
  /** What to type instead. */
  readonly hint: string;
}

export interface Script {
  /** `01-users-publish.sql`, `run.sh`. */
  readonly name: string;
  readonly text: string;
  readonly executable: boolean;
}

export interface ScriptPlace {
  /** The file as the script names it: relative to the folder that the script is run in, or absolute. POSIX separators. */
  pathOf(file: { readonly path: string }): string;
}

/** One step of a table's load as SQL, for scripts and for `load` alike. */
export type LoadStep = 'prepare' | 'publish' | 'cleanup';

/** A target whose steps can be run by `load` through a driver, statement texts from the same templates as the scripts'. */
export interface LoadableTarget extends IngestTarget {
  /** SQL of one step without commands of the target's own client. */
  step(step: LoadStep, load: TableLoad, plan: IngestPlan): string;
  view(load: TableLoad, plan: IngestPlan): View;
}
