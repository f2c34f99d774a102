/**
 * A log that a process writes by itself, kept to a size: of one that gets longer the beginning and the end stay. A
 * process that writes little is never looked at: the first write after a while wakes us, and while it goes on
 * the size is looked at now and then.
 */
import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  watch,
  writeSync,
} from 'node:fs';

const KEPT_BYTES = 256 * 1024;
/** Cut when it is longer than this. */
const MOST_BYTES = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 100;

export class BoundedLog {
  /** For the process: whatever it writes goes to the end, wherever that is. It gets a copy; close this one. */
  readonly fd: number;
  readonly #file: string;
  readonly #own: number;
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Its size when it was looked at last. */
  #seen = 0;
  #cutBytes = 0;
  /** The end of what was cut off last. */
  #cutEnd: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants;
    this.#file = file;
    this.fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    this.#own = openSync(file, 'r+');
    this.#waitForWrite();
  }

  /** The process has ended: says in the log what was left out of it. */
  finish(): void {
    this.#watcher?.close();
    if (this.#timer) clearInterval(this.#timer);
    // It may have ended before anybody looked.
    this.#cutIfLong();
    if (this.#cutBytes > 0) this.#joinEnds();
    closeSync(this.#own);
  }

  #joinEnds(): void {
    const rest = this.#read(KEPT_BYTES);
    const end = lastBytes(Buffer.concat([this.#cutEnd, rest]));
    const leftOut = this.#cutBytes + rest.length - end.length;
    const note = `\n[bypassbench left out at least ${leftOut} bytes of this log here]\n`;
    ftruncateSync(this.#own, KEPT_BYTES);
    try {
      const text = Buffer.concat([Buffer.from(note), end]);
      writeSync(this.#own, text, 0, text.length, KEPT_BYTES);
    } catch (error) {
      // On a full disk the log stays without its end.
      if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  #waitForWrite(): void {
    try {
      this.#watcher = watch(this.#file, { persistent: false }, () => {
        this.#watcher?.close();
        this.#watcher = null;
        this.#lookNowAndThen();
      });
    } catch {
      // The limit of watches is reached (inotify(7)).
      this.#lookNowAndThen();
    }
  }

  #lookNowAndThen(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  #look(): void {
    const size = this.#cutIfLong();
    if (size === this.#seen && this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
      this.#waitForWrite();
    }
    this.#seen = size;
  }

  /** Returns how long it was. */
  #cutIfLong(): number {
    const { size } = fstatSync(this.#own);
    if (size > MOST_BYTES) {
      this.#cutEnd = this.#read(size - KEPT_BYTES);
      // By now it is longer. What comes between this line and the next is cut off and not counted.
      this.#cutBytes += fstatSync(this.#own).size - KEPT_BYTES;
      ftruncateSync(this.#own, KEPT_BYTES);
    }
    return size;
  }

  /** What stands behind `position`; of more than is kept the end. */
  #read(position: number): Buffer {
    const { size } = fstatSync(this.#own);
    const from = Math.max(position, size - KEPT_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    return buffer.subarray(0, readSync(this.#own, buffer, 0, buffer.length, from));
  }
}

function lastBytes(bytes: Buffer): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - KEPT_BYTES));
}
