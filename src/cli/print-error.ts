import { scrubSecrets } from '../config/redact.ts';
import { type Problem, SqlextractError, toProblem } from '../model/problem.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { printJson, printNote } from './print.ts';

export interface ErrorPrinting {
  readonly json: boolean;
  readonly secrets: readonly string[];
}

/**
 * Says an error the way it is for: a person's error as one sentence with code and hint, a bug with its stack; as
 * `{error: …}` on stdout with `--json`. Returns the exit code.
 */
export function printError(error: unknown, { json, secrets }: ErrorPrinting): number {
  const problem = scrubbedProblem(problemOf(error), secrets);
  if (json) printJson({ error: document(problem) });
  else for (const line of linesOf(problem)) printNote(line);
  return EXIT_CODES[problem.fault];
}

/** The lines for a problem, also one that a report holds. */
export function linesOf(problem: Problem): readonly string[] {
  const causes = (problem.causes ?? [])
    .filter((cause) => cause !== problem.message)
    .map((cause) => `    cause: ${cause}`);
  const hint = problem.hint === undefined ? [] : [`    hint: ${problem.hint}`];
  const stack = problem.fault === 'bug' && problem.stack !== undefined ? [problem.stack] : [];
  return [`Error: ${problem.message}`, `    code: ${problem.code}`, ...causes, ...hint, ...stack];
}

/** What oclif throws for a command line that it cannot parse is the usage's fault; it knows no codes of ours. */
function problemOf(error: unknown): Problem {
  if (error instanceof SqlextractError || !isCliError(error)) return toProblem(error);
  const [message = '', ...more] = plain(error.message).split('\n');
  const rest = more.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('See more help'));
  return {
    code: 'USAGE',
    message: [message, ...rest].join(' '),
    hint: 'see `sqlextract --help`, or a command with --help',
    fault: 'usage',
    verdict: 'fatal',
  };
}

function isCliError(error: unknown): error is Error {
  return error instanceof Error && 'oclif' in error;
}

/** Without the colours that oclif puts in. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- an escape sequence begins with a control character
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}

/** For problems inside of reports, which say what a server answered. */
export function scrubbedProblem(problem: Problem, secrets: readonly string[]): Problem {
  const scrub = (text: string): string => scrubSecrets(text, secrets);
  return {
    ...problem,
    message: scrub(problem.message),
    ...(problem.hint === undefined ? {} : { hint: scrub(problem.hint) }),
    ...(problem.causes === undefined ? {} : { causes: problem.causes.map(scrub) }),
    ...(problem.stack === undefined ? {} : { stack: scrub(problem.stack) }),
  };
}

function document(problem: Problem): Readonly<Record<string, unknown>> {
  const { code, message, hint = null, fault, causes = [], stack } = problem;
  return { code, message, hint, fault, causes, ...(stack === undefined ? {} : { stack }) };
}
