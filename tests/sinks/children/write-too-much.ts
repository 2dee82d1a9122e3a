import { toProblem } from '../../../src/model/problem.ts';
import { localSink } from '../../../src/sinks/local.ts';

/** Run under `ulimit -f`: the second write does not fit, the kernel takes a part of it first. */
process.on('SIGXFSZ', () => undefined);
await using writer = await localSink({ folder: process.argv[2] ?? '' }).begin('part-000001.csv');
await writer.write(Buffer.alloc(400_000));
const second = await writer.write(Buffer.alloc(400_000)).then(() => null, toProblem);
process.stdout.write(JSON.stringify({ first: 'written', second: second?.code ?? 'written', fault: second?.fault }));
