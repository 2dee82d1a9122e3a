/** Whose fault it is; decides the exit code (cli/exit-codes.ts). */
export type Fault = 'usage' | 'configuration' | 'state' | 'source' | 'data' | 'disk' | 'incomplete' | 'bug';

/**
 * What the run should do about an error, as the source that raised it says:
 * retry – the chunk again on the same connection; reconnect – the chunk again on a new connection;
 * smaller – as reconnect, but cut in two when it can be (a time limit, a memory limit of the server);
 * epoch-lost – the snapshot is gone, a new one is needed; fatal – stop.
 */
export type Verdict = 'retry' | 'reconnect' | 'smaller' | 'epoch-lost' | 'fatal';

/** An error as plain data: it crosses threads and goes to the state, the report and `--json`. Holds no secret. */
export interface Problem {
  /** Stable, upper case: `TABLE_NOT_FOUND`. Listed in docs/errors.md. */
  readonly code: string;
  /** One sentence that names the table, column or key. */
  readonly message: string;
  /** What to type or do next. */
  readonly hint?: string;
  readonly fault: Fault;
  readonly verdict: Verdict;
  /** The driver's own words, innermost last. */
  readonly causes?: readonly string[];
  /** Only for bugs. */
  readonly stack?: string;
}

/** An error that a person can act on. Anything thrown that is not one of these is a bug and keeps its stack. */
export class SqlextractError extends Error {
  override readonly name = 'SqlextractError';
  readonly problem: Problem;

  constructor(problem: Omit<Problem, 'verdict'> & { verdict?: Verdict }, cause?: unknown) {
    super(problem.message, cause === undefined ? undefined : { cause });
    this.problem = { verdict: 'fatal', ...problem };
  }
}

/**
 * Any thrown value as a Problem. Errors that are not ours become `INTERNAL` with their stack; but that a file of the program is not there is
 * the installation's fault: its parts are read when they are needed.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof SqlextractError) return error.problem;
  const thrown = error instanceof Error ? error : new Error(String(error));
  if ((thrown as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return partIsGone(thrown.message);
  return {
    code: 'INTERNAL',
    message: thrown.message,
    hint: 'this is a bug in sqlextract: please report it with this stack',
    fault: 'bug',
    verdict: 'fatal',
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
  };
}

function partIsGone(message: string): Problem {
  return {
    code: 'PROGRAM_INCOMPLETE',
    message: `a part of the program is missing: ${message}`,
    hint: 'was the program replaced while it ran? install it whole, then the same command goes on',
    fault: 'configuration',
    verdict: 'fatal',
  };
}
