import type { LoadOptions } from '@oclif/core/interfaces';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { wantsJson } from './cli/base-command.ts';
import { armExitCode, decideExitCode } from './cli/exit-codes.ts';

/** One call of the program. The process' exit code is 1 until the command has ended. */
export async function main(argv: string[], options: LoadOptions): Promise<void> {
  // else oclif looks for a transpiler, or runs dist where src was asked for
  settings.enableAutoTranspile = false;
  armExitCode();
  quietOnClosedPipe();
  try {
    await run(argv, options);
    decideExitCode(0);
  } catch (error) {
    const { printError } = await import('./cli/print-error.ts');
    decideExitCode(printError(await explained(error, argv), { json: wantsJson(argv), secrets: [] }));
  }
}

/** `sqlextract inspect | head`: whoever read has enough; that is no error. */
function quietOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** oclif says `command extrcat not found`, also of `inspect users`; the nearest command is more useful. */
async function explained(error: unknown, argv: readonly string[]): Promise<unknown> {
  const unknown = error instanceof Error && /^command .+ not found$/.test(error.message);
  if (!unknown) return error;
  const [{ COMMANDS }, { nearestName }, { SqlextractError }] = await Promise.all([
    import('./commands/index.ts'),
    import('./model/nearest-names.ts'),
    import('./model/problem.ts'),
  ]);
  const [typed = '', argument = ''] = argv;
  if (Object.hasOwn(COMMANDS, typed)) {
    return new SqlextractError({
      code: 'USAGE',
      message: `${typed} takes no argument: ${argument}`,
      hint: `see \`sqlextract ${typed} --help\``,
      fault: 'usage',
    });
  }
  const near = nearestName(typed, Object.keys(COMMANDS));
  return new SqlextractError({
    code: 'USAGE_COMMAND',
    message: `there is no command ${typed}${near === null ? '' : `; did you mean ${near}?`}`,
    hint: `the commands are ${Object.keys(COMMANDS).join(', ')}; see \`sqlextract --help\``,
    fault: 'usage',
  });
}
