import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import {
  formatFlags,
  jsonFlag,
  policyFlags,
  queryFlags,
  selectionFlags,
  sourceFlags,
  tableFlags,
} from '../cli/flags.ts';

export default class Inspect extends BaseCommand {
  static override summary = 'Show the tables of a source, or the columns of some: type there, type in the file, keys.';
  static override description =
    'Reads the catalog only, no rows. Row numbers are the estimates of the database. The key is what ranges would be cut from.';
  static override examples = [
    { description: 'All tables of the source in sqlextract.yaml', command: '<%= config.bin %> inspect' },
    {
      description: 'What becomes of the columns of one table in CSV',
      command: '<%= config.bin %> inspect --table public.users --format csv',
    },
    {
      description: 'Every type of the source and what becomes of it, without a connection',
      command: '<%= config.bin %> inspect --types --source postgres://localhost/shop',
    },
    {
      description: 'By what each table is best extracted incrementally, and the command for it',
      command: '<%= config.bin %> inspect --suggest',
    },
    {
      description: 'As JSON, of a database given in the environment',
      command: "SQLEXTRACT_SOURCE=postgres://reader@localhost/shop <%= config.bin %> inspect --table 'sales.*' --json",
    },
  ];
  static override flags = {
    ...sourceFlags,
    ...tableFlags,
    ...queryFlags,
    columns: selectionFlags.columns,
    'exclude-columns': selectionFlags['exclude-columns'],
    'as-text': selectionFlags['as-text'],
    format: formatFlags.format,
    types: boolean({
      summary: 'Show the type contract: every type of the source, what it becomes, and what each format writes.',
      description: 'With --table of the columns of these tables.',
    }),
    suggest: boolean({
      summary: 'Suggest per table what to go by in incremental runs: column, strategy, key, and why.',
      description:
        'With --table for these tables. Where the database has no estimate, up to 100,000 entries of a key are counted.',
      exclusive: ['types', 'query', 'name'],
    }),
    ...policyFlags,
    ...jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Inspect);
    const settings = await this.settings(flags);
    const { inspectSource } = await import('../cli/inspect-source.ts');
    const { describeInspection } = await import('../cli/inspection-text.ts');
    const { printJson, printLine } = await import('../cli/print.ts');
    const described = (flags.table ?? []).length > 0 || flags.query !== undefined || flags.name !== undefined;
    const { describeColumnTypes, describeSourceTypes } = await import('../cli/types-text.ts');
    if (flags.types && !described) {
      const { typesOfSource } = await import('../cli/source-types.ts');
      const types = await typesOfSource(settings);
      if (flags.json) printJson(types);
      else for (const line of describeSourceTypes(types)) printLine(line);
      return;
    }
    if (flags.suggest) {
      const { suggestSource } = await import('../cli/suggest-source.ts');
      const { describeSuggestions } = await import('../cli/suggestion-text.ts');
      const report = await suggestSource(settings, described);
      if (flags.json) printJson(report);
      else for (const line of describeSuggestions(report)) printLine(line);
      return;
    }
    const found = await inspectSource(settings, described);
    if (flags.json) printJson(found);
    else for (const line of flags.types ? describeColumnTypes(found) : describeInspection(found)) printLine(line);
  }
}
