import { openJob } from '../../../src/checkpoint/open-job.ts';
import { toProblem } from '../../../src/model/problem.ts';
import { requestFor } from '../job-example.ts';

/** Takes the job of a table and keeps it until killed or told to end; prints what came of it. */
const [stateDir = '', table = ''] = process.argv.slice(2);
try {
  const job = openJob(requestFor(stateDir, table));
  process.stdout.write(`held ${job.jobId}\n`);
  process.stdin.once('data', () => {
    job[Symbol.dispose]();
    process.stdin.destroy();
  });
} catch (error) {
  const { code, message, fault } = toProblem(error);
  process.stdout.write(`${JSON.stringify({ code, message, fault })}\n`);
}
