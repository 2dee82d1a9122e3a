import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Sink } from '../../src/sinks/sink.ts';

/** A place to store files, seen from outside. */
export interface SinkUnderTest {
  /** `mayReplace` as in the sink's own options. */
  open(mayReplace: (name: string) => boolean): Sink;
  /** The bytes under a final name; null when there is no such file. */
  read(name: string): Promise<Uint8Array | null>;
  /** Every name there, also temporary ones. */
  names(): Promise<readonly string[]>;
  /** Puts a file of somebody else under a name. */
  putForeign(name: string, bytes: Uint8Array): Promise<void>;
}

const NAME = 'part-000001.parquet';

/** What every sink must do (sinks/sink.ts). `make` gives a new, empty place each time. */
export function sinkSuite(kind: string, make: () => Promise<SinkUnderTest>): void {
  describe(`${kind} keeps the contract of a sink`, () => {
    describeWholeFiles(make);
    describeAborts(make);
    describeReplacing(make);
  });
}

function describeWholeFiles(make: () => Promise<SinkUnderTest>): void {
  it('shows a file only when it is published, with all its bytes in order', async () => {
    const place = await make();
    const parts = [randomBytes(1), randomBytes(3_000_000), new Uint8Array(0), randomBytes(70_000)];
    const whole = Buffer.concat(parts);
    await using writer = await place.open(never).begin(NAME);
    for (const part of parts) await writer.write(part);
    expect(await place.read(NAME)).toBeNull();
    expect(await writer.seal()).toEqual({ bytes: whole.byteLength, sha256: sha256(whole) });
    expect(await place.read(NAME)).toBeNull();
    await writer.publish();
    expect(Buffer.compare((await place.read(NAME)) ?? Buffer.alloc(0), whole)).toBe(0);
    expect(await place.names()).toEqual([NAME]);
  });

  it('keeps the order of writes that were not waited for', async () => {
    const place = await make();
    const parts = Array.from({ length: 40 }, (_, index) => Buffer.alloc(20_000 + index, index));
    await using writer = await place.open(never).begin(NAME);
    await Promise.all(parts.map((part) => writer.write(part)));
    const sealed = await writer.seal();
    await writer.publish();
    expect(sealed.sha256).toBe(sha256(Buffer.concat(parts)));
    expect(Buffer.compare((await place.read(NAME)) ?? Buffer.alloc(0), Buffer.concat(parts))).toBe(0);
  });

  it('publishes a file without bytes', async () => {
    const place = await make();
    await using writer = await place.open(never).begin(NAME);
    expect(await writer.seal()).toEqual({ bytes: 0, sha256: sha256(Buffer.alloc(0)) });
    await writer.publish();
    expect((await place.read(NAME))?.byteLength).toBe(0);
  });

  it('seals several files before it publishes the first', async () => {
    const place = await make();
    const sink = place.open(never);
    await using one = await sink.begin('part-000001.csv');
    await using two = await sink.begin('part-000001-0002.csv');
    await one.write(Buffer.from('1'));
    await two.write(Buffer.from('2'));
    await one.seal();
    await two.seal();
    await one.publish();
    await two.publish();
    expect(await place.names()).toEqual(['part-000001-0002.csv', 'part-000001.csv']);
  });
}

function describeAborts(make: () => Promise<SinkUnderTest>): void {
  it('leaves nothing of a file that was not published', async () => {
    const place = await make();
    const sink = place.open(never);
    for (const seal of [false, true]) {
      const writer = await sink.begin(NAME);
      const written = writer.write(randomBytes(500_000));
      if (seal) await written.then(() => writer.seal());
      await writer[Symbol.asyncDispose]();
      await written;
      await writer[Symbol.asyncDispose]();
      expect(await place.names()).toEqual([]);
    }
  });

  it('keeps a published file when its writer is disposed', async () => {
    const place = await make();
    const writer = await place.open(never).begin(NAME);
    await writer.seal();
    await writer.publish();
    await writer[Symbol.asyncDispose]();
    expect(await place.names()).toEqual([NAME]);
  });

  it('refuses steps out of order', async () => {
    const place = await make();
    await using writer = await place.open(never).begin(NAME);
    await expect(writer.publish()).rejects.toThrow(/sealed/);
    await writer.seal();
    await expect(writer.write(Buffer.from('late'))).rejects.toThrow(/open/);
    await expect(writer.seal()).rejects.toThrow(/open/);
    await writer.publish();
    await expect(writer.publish()).rejects.toThrow(/sealed/);
  });
}

function describeReplacing(make: () => Promise<SinkUnderTest>): void {
  it('refuses a foreign file under the final name and leaves it as it is', async () => {
    const place = await make();
    await place.putForeign(NAME, Buffer.from('mine'));
    await expect(place.open(never).begin(NAME)).rejects.toMatchObject({
      problem: { code: 'FILE_IN_THE_WAY', fault: 'disk' },
    });
    expect(Buffer.from((await place.read(NAME)) ?? '').toString()).toBe('mine');
    expect(await place.names()).toEqual([NAME]);
  });

  it('refuses a foreign file that came while it was writing', async () => {
    const place = await make();
    {
      await using writer = await place.open(never).begin(NAME);
      await writer.write(Buffer.from('ours'));
      await writer.seal();
      await place.putForeign(NAME, Buffer.from('mine'));
      await expect(writer.publish()).rejects.toMatchObject({ problem: { code: 'FILE_IN_THE_WAY' } });
    }
    expect(Buffer.from((await place.read(NAME)) ?? '').toString()).toBe('mine');
    expect(await place.names()).toEqual([NAME]);
  });

  it('replaces a file of an earlier attempt, never appends to it', async () => {
    const place = await make();
    await place.putForeign(NAME, Buffer.from('a longer text of an earlier attempt'));
    await using writer = await place.open((name) => name === NAME).begin(NAME);
    await writer.write(Buffer.from('new'));
    await writer.seal();
    await writer.publish();
    expect(Buffer.from((await place.read(NAME)) ?? '').toString()).toBe('new');
  });

  it('takes no name that leads out of its place', async () => {
    const place = await make();
    for (const name of ['../x', 'a/b', '.', '..', '', '.hidden', 'a\\b', '-rf', 'x\n', 'x'.repeat(300)]) {
      await expect(place.open(always).begin(name)).rejects.toThrow(/not a name/);
    }
    expect(await place.names()).toEqual([]);
  });
}

function never(): boolean {
  return false;
}

function always(): boolean {
  return true;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
