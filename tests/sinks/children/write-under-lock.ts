import { workerData } from 'node:worker_threads';
import { localSink } from '../../../src/sinks/local.ts';
import { holding } from '../../../src/sinks/write-lock.ts';

interface Order {
  readonly folder: string;
  readonly name: string;
  readonly writes: number;
  /** Three words: the lock, overlaps seen, steps done. */
  readonly shared: SharedArrayBuffer;
}

/** Writes a file under the lock, and between its writes takes the lock for a step that notices company. */
const { folder, name, writes, shared } = workerData as Order;
const words = new Int32Array(shared);
const lock = words.subarray(0, 1);
const sink = localSink({ folder, writeLock: lock });
await using writer = await sink.begin(name);
for (let count = 0; count < writes; count += 1) {
  await writer.write(Buffer.alloc(65_536, count));
  await holding(lock, async () => {
    const before = Atomics.load(words, 2);
    await new Promise((resolve) => setImmediate(resolve));
    if (Atomics.load(words, 2) !== before) Atomics.add(words, 1, 1);
    Atomics.store(words, 2, before + 1);
  });
}
await writer.seal();
await writer.publish();
