import { Socket } from 'node:net';

/** What one read of the socket can bring. */
const BUFFER_BYTES = 128 * 1024;

/**
 * A socket that reads into buffers of its own and uses them again. Node otherwise makes a buffer a read; with half a gigabyte of rows that is
 * 8 000 of them, outside of V8's heap, and for every 64 MB of such memory V8 marks its whole heap: a fifth of the processor time of an
 * extract (docs/decisions/postgres-binary-copy.md). Not for TLS, which reads below this class.
 *
 *   no reader:  bytes ──copy──▶ 'data' event (the driver keeps parts of them), the buffer is free at once
 *   a reader:   bytes ──▶ the reader, which owns the buffer until `giveBack`
 */
export class RecyclingSocket extends Socket {
  /** Takes the driver's place while it is set. */
  reader: ((bytes: Buffer<ArrayBuffer>) => void) | null = null;
  private readonly free: Buffer<ArrayBuffer>[] = [];

  constructor() {
    const hooks = {
      next: () => Buffer.allocUnsafeSlow(BUFFER_BYTES),
      received: (_read: number, _buffer: Uint8Array) => true,
    };
    super({ onread: { buffer: () => hooks.next(), callback: (read, buffer) => hooks.received(read, buffer) } });
    hooks.next = () => this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    hooks.received = (read, buffer) => this.received(buffer.subarray(0, read) as Buffer<ArrayBuffer>);
  }

  /** The reader is done with bytes that it was given; nothing may look at them any more. */
  giveBack(bytes: Buffer<ArrayBuffer>): void {
    this.free.push(Buffer.from(bytes.buffer, 0, BUFFER_BYTES));
  }

  private received(bytes: Buffer<ArrayBuffer>): boolean {
    if (this.reader !== null) this.reader(bytes);
    else {
      this.emit('data', Buffer.from(bytes));
      this.giveBack(bytes);
    }
    return true;
  }
}
