/**
 * Twitter's public cache traces (Yang, Yue, Rashmi, "A large scale analysis of hundreds of in-memory cache clusters at
 * Twitter", OSDI 2020; github.com/twitter/cache-trace) as traces of ours. A row has seven columns with a comma between
 * two:
 *
 *     timestamp in s, anonymized key, key size, value size, client id, operation, TTL
 *
 * What a trace of ours cannot say is changed, and counted: operations that write become a set of that size, whatever
 * they are, and gets a get. Times are whole seconds there: the requests of a second are spread over it evenly, in their
 * order. A key that is shorter than the original was, by its size, gets dots behind it. Clients and TTLs are left out.
 */
import { LoadError } from '../../errors.ts';
import { KEY_BYTES_MAX, NO_SIZE, type TraceOperation, traceLine, VALUE_BYTES_MAX } from './format.ts';

const operations: Record<string, TraceOperation> = {
  get: 'get',
  gets: 'get',
  set: 'set',
  add: 'set',
  replace: 'set',
  cas: 'set',
  append: 'set',
  prepend: 'set',
  incr: 'set',
  decr: 'set',
  delete: 'del',
};

const COLUMNS = 'timestamp, key, key size, value size, client id, operation, TTL';
const DOT = 46;
const NS = 1e9;

interface Row {
  operation: TraceOperation;
  key: Uint8Array;
  valueBytes: number;
}

export class TwitterConverter {
  /** Rows by their operation. */
  readonly counts = new Map<string, number>();
  readonly #file: string;
  /** Rows of the second that is going on. */
  #rows: Row[] = [];
  #second = -1;
  #firstSecond = -1;
  #number = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * One row, without its end, whose characters are bytes (latin1). Returns the lines of the second before, if it is
   * over.
   */
  row(text: string): string {
    this.#number++;
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line === '') return '';
    // A key may have commas; the other columns have none.
    const columns = line.split(',');
    if (columns.length < 7) this.#refuse(`has ${columns.length} columns, not ${COLUMNS}`);
    const [keySize, valueSize, , operation] = columns.slice(-5);
    const second = this.#whole(columns[0], 'timestamp', 9_000_000_000);
    if (second < this.#second) this.#refuse('is of an earlier second than the row above it');
    const row = this.#rowOf(columns.slice(1, -5).join(','), keySize, valueSize, operation);
    const done = second > this.#second ? this.end() : '';
    this.#second = second;
    if (this.#firstSecond < 0) this.#firstSecond = second;
    this.#rows.push(row);
    return done;
  }

  /** The lines of the last second. */
  end(): string {
    const startNs = (this.#second - this.#firstSecond) * NS;
    const lines = this.#rows.map(({ operation, key, valueBytes }, index) =>
      traceLine(startNs + Math.floor((index * NS) / this.#rows.length), operation, key, valueBytes),
    );
    this.#rows = [];
    return lines.join('');
  }

  #rowOf(text: string, keySize: string, valueSize: string, named: string): Row {
    const operation = Object.hasOwn(operations, named) ? operations[named] : undefined;
    if (operation === undefined) {
      return this.#refuse(`has the operation '${named}', not one of ${Object.keys(operations).join(', ')}`);
    }
    const bytes = this.#whole(keySize, 'key size', KEY_BYTES_MAX);
    const original = Buffer.from(text, 'latin1');
    if (original.length === 0 || original.length > KEY_BYTES_MAX)
      this.#refuse('has no key, or too long a one');
    const key = new Uint8Array(Math.max(bytes, original.length)).fill(DOT);
    key.set(original);
    const value = this.#whole(valueSize, 'value size', VALUE_BYTES_MAX);
    this.counts.set(named, (this.counts.get(named) ?? 0) + 1);
    // A get without a size found nothing.
    const valueBytes = operation === 'set' || (operation === 'get' && value > 0) ? value : NO_SIZE;
    return { operation, key, valueBytes };
  }

  #whole(text: string, what: string, most: number): number {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value <= most
      ? value
      : this.#refuse(`has the ${what} '${text}', which is no whole number up to ${most}`);
  }

  #refuse(why: string): never {
    throw new LoadError('TRACE', `${this.#file}:${this.#number}: the row ${why}`);
  }
}
