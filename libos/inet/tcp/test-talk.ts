/**
 * Two applications that talk over a TCP connection by a script, for the tests of TCP: what each pushes and
 * when, how it reads, how it ends. What comes is compared byte for byte with what the other side has pushed
 * at that place.
 */
import type { ErrorCode } from '../../errors.ts';
import type { ScatterGatherArray } from '../../memory/sga.ts';
import type { Completion } from '../../pdpi.ts';
import type { Host, TestHosts } from '../../sim/test-hosts.ts';
import type { TcpConnection } from './connection.ts';

export interface Script {
  writes: readonly {
    /** After the write before. */
    waitUs: number;
    bytes: number;
    acknowledged: boolean;
    /** The application frees the buffers straight after the push. */
    freed: boolean;
  }[];
  /** How it ends, so long after its last write: after a half-close it reads on. */
  end: { how: 'shutdown' | 'close'; waitUs: number };
  /** Pops that wait at a time. */
  pops: number;
  /** Where in the stream it stops to read, and for how long. */
  rests: readonly { afterBytes: number; forUs: number }[];
  /** Received arrays that it keeps before it frees the oldest. */
  keeps: number;
}

/** Positions of a stream are told apart over a length that is no multiple of any buffer's or segment's. */
const PERIOD = 65_521;
const LONGEST = 1 << 20;
const pattern = Buffer.alloc(PERIOD + LONGEST);
for (let i = 0; i < pattern.length; i++) {
  const position = i % PERIOD;
  pattern[i] = (position * 31 + (position >> 8) * 7) & 0xff;
}

/** Where in the pattern the stream of each direction starts. */
export type Direction = 0 | 1;
const STARTS = [0, 30_011] as const;

function streamOf(direction: Direction, position: number, length: number): Buffer {
  const start = (STARTS[direction] + position) % PERIOD;
  return pattern.subarray(start, start + length);
}

export class Talker {
  readonly connection: TcpConnection;
  pushedBytes = 0;
  /** Of these, in pushes that completed without an error. */
  handedOverBytes = 0;
  receivedBytes = 0;
  endOfStream = false;
  error: ErrorCode | null = null;
  /** It has closed its queue: by its script, at the end of both streams, or after an error. */
  closed = false;
  /** It has closed before it knew that either side had nothing more to say. */
  closedEarly = false;
  readonly #hosts: TestHosts;
  readonly #host: Host;
  readonly #qd: number;
  readonly #script: Script;
  readonly #direction: Direction;
  readonly #kept: ScatterGatherArray[] = [];
  #written = 0;
  #rested = 0;
  #resting = false;
  #popping = 0;
  #finished = false;

  /** @param direction which of the two streams it writes */
  constructor(hosts: TestHosts, host: Host, qd: number, script: Script, direction: Direction) {
    this.#hosts = hosts;
    this.#host = host;
    this.#qd = qd;
    this.#script = script;
    this.#direction = direction;
    this.connection = host.connectionOf(qd);
    this.#read();
    this.#planWrite();
  }

  get allHandedOver(): boolean {
    return this.#finished && this.handedOverBytes === this.pushedBytes;
  }

  #planWrite(): void {
    const { writes, end } = this.#script;
    const next = writes[this.#written];
    this.#hosts.after(next === undefined ? end.waitUs : next.waitUs, () => {
      if (this.closed || this.error !== null) return;
      if (next === undefined) {
        this.#end();
        return;
      }
      this.#written++;
      this.#push(next);
      this.#planWrite();
    });
  }

  #push({ bytes, acknowledged, freed }: Script['writes'][number]): void {
    const { libos } = this.#host;
    const array = libos.alloc(bytes);
    array.fill(streamOf(this.#direction, this.pushedBytes, bytes));
    this.pushedBytes += bytes;
    const token = libos.push(this.#qd, array, acknowledged ? 'acknowledged' : 'handed-over');
    if (freed) libos.free(array);
    this.#host.when(token, ({ error, sga }) => {
      if (sga !== null) libos.free(sga);
      if (error !== null) {
        this.#failed(error);
        return;
      }
      this.handedOverBytes += bytes;
      this.#closeWhenDone();
    });
  }

  #end(): void {
    this.#finished = true;
    if (this.#script.end.how === 'close') {
      this.closedEarly = !this.endOfStream || !this.allHandedOver;
      this.#close();
    } else {
      this.#host.libos.shutdownWrite(this.#qd);
      this.#closeWhenDone();
    }
  }

  #read(): void {
    const { libos } = this.#host;
    const { pops, rests } = this.#script;
    while (this.#popping < pops && !this.#resting && !this.endOfStream && this.error === null) {
      const rest = rests[this.#rested];
      if (rest !== undefined && this.receivedBytes >= rest.afterBytes) {
        this.#rested++;
        this.#resting = true;
        this.#hosts.after(rest.forUs, () => {
          this.#resting = false;
          if (!this.closed) this.#read();
        });
        return;
      }
      this.#popping++;
      this.#host.when(libos.pop(this.#qd), (completion) => this.#popped(completion));
    }
  }

  #popped({ error, sga }: Completion): void {
    this.#popping--;
    if (error !== null) this.#failed(error);
    else if (sga === null) this.endOfStream = true;
    else this.#take(sga);
    if (this.closed) return;
    this.#read();
    this.#closeWhenDone();
  }

  #take(sga: ScatterGatherArray): void {
    if (this.endOfStream) throw new Error('data behind the end of the stream');
    const direction = this.#direction === 0 ? 1 : 0;
    for (let i = 0; i < sga.segmentCount; i++) {
      const { bytes, offset, length } = sga.segments[i];
      const expected = streamOf(direction, this.receivedBytes, length);
      if (expected.compare(bytes, offset, offset + length) !== 0)
        throw new Error(`the ${length} bytes from ${this.receivedBytes} on are not those that were sent`);
      this.receivedBytes += length;
    }
    this.#kept.push(sga);
    while (this.#kept.length > (this.closed ? 0 : this.#script.keeps))
      this.#host.libos.free(this.#kept.shift()!);
  }

  #failed(error: ErrorCode): void {
    if (this.closed) return;
    this.error ??= error;
    this.#close();
  }

  /** A close cancels what was not handed over. */
  #closeWhenDone(): void {
    if (this.allHandedOver && this.endOfStream && this.#popping === 0) this.#close();
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#host.libos.close(this.#qd);
    for (const sga of this.#kept.splice(0)) this.#host.libos.free(sga);
  }
}
