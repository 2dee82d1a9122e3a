import { Command } from '@oclif/core/command';
import type { Settings } from '../config/settings.ts';
import { decideExitCode } from './exit-codes.ts';

/**
 * What every command extends. A command file imports this and `flags.ts` only, and the rest inside `run()` with
 * `await import()`: all command files are read for every call, also for `--help`.
 */
export abstract class BaseCommand extends Command {
  /** Found while the settings were read; what is printed later is scrubbed of them. */
  private secrets: readonly string[] = [];

  override async init(): Promise<void> {
    const [{ faultSpec }, { armFaultPoint }] = await Promise.all([
      import('../config/process-environment.ts'),
      import('../model/fault-point.ts'),
    ]);
    armFaultPoint(faultSpec());
  }

  /** Flags > environment > file > defaults, with the warnings said; a password in argv is hidden from `ps`. */
  protected async settings(flags: Readonly<Record<string, unknown>>): Promise<Settings> {
    process.title = 'sqlextract';
    const [{ loadSettings }, { secretsOfUrl }, { printWarning }] = await Promise.all([
      import('../config/load-settings.ts'),
      import('../config/redact.ts'),
      import('./print.ts'),
    ]);
    const given = flags as Parameters<typeof loadSettings>[0]['flags'];
    this.secrets = ['source', 'target'].flatMap((name) => secretsOfUrl(textOf(given[name])));
    const settings = await loadSettings({ flags: given, cwd: process.cwd() });
    this.secrets = [...this.secrets, ...settings.secrets];
    for (const warning of settings.warnings) printWarning(warning);
    return settings;
  }

  /** Prints the error and decides the exit code; nothing goes on to oclif's own printing. */
  protected override async catch(error: Error): Promise<void> {
    const { printError } = await import('./print-error.ts');
    if (isHelpShown(error)) decideExitCode(0);
    else decideExitCode(printError(error, { json: wantsJson(this.argv), secrets: this.secrets }));
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** oclif leaves a command whose `--help` was shown by throwing. */
function isHelpShown(error: Error): boolean {
  return (
    (error as { readonly code?: unknown }).code === 'EEXIT' &&
    (error as { oclif?: { exit?: number } }).oclif?.exit === 0
  );
}

export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}
