import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { jsonFlag, policyFlags, queryFlags, selectionFlags, sourceFlags, tableFlags } from '../cli/flags.ts';
import { loadFlags } from '../cli/load-flags.ts';

export default class Types extends BaseCommand {
  static override summary = 'Show what becomes of types on their way, before any run: source, Parquet and CSV, target.';
  static override description =
    'What is converted, what is lost and what is refused. Without --table of every type of the source, and nothing is connected to; with ' +
    '--table of the columns of these tables, from the catalog. The target itself is never connected to.';
  static override examples = [
    {
      description: 'Every type of a source, without a connection',
      command: '<%= config.bin %> types --source postgres://localhost/shop --target snowflake',
    },
    {
      description: 'The columns of some tables',
      command: "<%= config.bin %> types --table 'sales.*' --target mysql --flavor mariadb",
    },
  ];
  static override flags = {
    ...sourceFlags,
    target: string({
      summary: 'Kind of target (snowflake, postgres, …), or a name from `targets:` in sqlextract.yaml.',
      helpValue: '<name>',
    }),
    flavor: loadFlags.flavor,
    ...tableFlags,
    ...queryFlags,
    columns: selectionFlags.columns,
    'exclude-columns': selectionFlags['exclude-columns'],
    'as-text': selectionFlags['as-text'],
    ...policyFlags,
    ...jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Types);
    const settings = await this.settings(flags);
    const [{ targetTypes }, { describeTargetTypes }, { printJson, printLine }] = await Promise.all([
      import('../cli/target-types.ts'),
      import('../cli/target-types-text.ts'),
      import('../cli/print.ts'),
    ]);
    const described = (flags.table ?? []).length > 0 || flags.query !== undefined || flags.name !== undefined;
    const found = await targetTypes(settings, flags, described);
    if (flags.json) printJson(found);
    else for (const line of describeTargetTypes(found)) printLine(line);
  }
}
