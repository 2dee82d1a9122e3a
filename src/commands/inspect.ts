import { BaseCommand } from '../cli/base-command.ts';
import { formatFlags, jsonFlag, selectionFlags, sourceFlags, tableFlags } from '../cli/flags.ts';

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
      description: 'As JSON, of a database given in the environment',
      command: "SQLEXTRACT_SOURCE=postgres://reader@localhost/shop <%= config.bin %> inspect --table 'sales.*' --json",
    },
  ];
  static override flags = {
    ...sourceFlags,
    ...tableFlags,
    columns: selectionFlags.columns,
    'exclude-columns': selectionFlags['exclude-columns'],
    'as-text': selectionFlags['as-text'],
    format: formatFlags.format,
    ...jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Inspect);
    const settings = await this.settings(flags);
    const { inspectSource } = await import('../cli/inspect-source.ts');
    const { describeInspection } = await import('../cli/inspection-text.ts');
    const { printJson, printLine } = await import('../cli/print.ts');
    const found = await inspectSource(settings, (flags.table ?? []).length > 0);
    if (flags.json) printJson(found);
    else for (const line of describeInspection(found)) printLine(line);
  }
}
