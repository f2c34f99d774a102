/** The application on the stack under test: writes, reads, rests and ends as a case says (case.ts). */
import type { ErrorCode } from '../../../libos/errors.ts';
import type { ScatterGatherArray } from '../../../libos/memory/sga.ts';
import type { Completion } from '../../../libos/pdpi.ts';
import type { Host } from '../../../libos/sim/test-hosts.ts';
import type { Application as Script } from './case.ts';
import { requireStream, streamBytes } from './stream.ts';

export class Application {
  pushedBytes = 0;
  receivedBytes = 0;
  endOfStream = false;
  error: ErrorCode | null = null;
  closed = false;
  /** It has closed before it had read all. */
  closedEarly = false;
  readonly #after: (us: number, act: () => void) => void;
  readonly #host: Host;
  readonly #qd: number;
  readonly #script: Script;
  #written = 0;
  #rested = 0;
  #reading = false;
  #pending = 0;
  #finished = false;

  constructor(host: Host, qd: number, script: Script, after: (us: number, act: () => void) => void) {
    this.#host = host;
    this.#qd = qd;
    this.#script = script;
    this.#after = after;
    this.#read();
    this.#planWrite();
  }

  #planWrite(): void {
    const { writes, end } = this.#script;
    const next = writes[this.#written++];
    this.#after(next === undefined ? end.waitUs : next.waitUs, () => {
      if (this.closed) return;
      if (next === undefined) this.#end();
      else {
        this.#push(next);
        this.#planWrite();
      }
    });
  }

  #push({ bytes, acknowledged, freed }: Script['writes'][number]): void {
    const { libos } = this.#host;
    const array = libos.alloc(bytes);
    array.fill(streamBytes('stack', this.pushedBytes, bytes));
    this.pushedBytes += bytes;
    this.#pending++;
    const token = libos.push(this.#qd, array, acknowledged ? 'acknowledged' : 'handed-over');
    if (freed) libos.free(array);
    this.#host.when(token, ({ error, sga }) => {
      this.#pending--;
      if (sga !== null) libos.free(sga);
      if (error !== null) this.#failed(error);
      else this.#closeWhenDone();
    });
  }

  #end(): void {
    this.#finished = true;
    if (this.#script.end.how === 'close') {
      this.closedEarly = !this.endOfStream;
      this.#close();
    } else {
      this.#host.libos.shutdownWrite(this.#qd);
      this.#closeWhenDone();
    }
  }

  #read(): void {
    if (this.#reading || this.closed || this.endOfStream) return;
    const rest = this.#script.rests[this.#rested];
    this.#reading = true;
    if (rest !== undefined && this.receivedBytes >= rest.afterBytes) {
      this.#rested++;
      this.#after(rest.forUs, () => {
        this.#reading = false;
        this.#read();
      });
    } else this.#host.when(this.#host.libos.pop(this.#qd), (completion) => this.#popped(completion));
  }

  #popped({ error, sga }: Completion): void {
    this.#reading = false;
    if (error !== null) this.#failed(error);
    else if (sga === null) this.endOfStream = true;
    else this.#take(sga);
    this.#read();
    this.#closeWhenDone();
  }

  #take(sga: ScatterGatherArray): void {
    for (let i = 0; i < sga.segmentCount; i++) {
      const { bytes, offset, length } = sga.segments[i];
      requireStream('peer', this.receivedBytes, bytes.subarray(offset, offset + length));
      this.receivedBytes += length;
    }
    this.#host.libos.free(sga);
  }

  #failed(error: ErrorCode): void {
    if (this.closed) return;
    this.error ??= error;
    this.#close();
  }

  #closeWhenDone(): void {
    if (this.#finished && this.endOfStream && this.#pending === 0) this.#close();
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#host.libos.close(this.#qd);
  }
}
