/**
 * Which writes must be there after a kill: those that Redis acknowledged, and behind them at most some that it was sent
 * and did not answer, in the order in which each connection sent them. Pure: it is told of requests and replies, and
 * judges what a restarted server holds.
 */

export const writeKinds = ['SET', 'INCR', 'RPUSH', 'XADD'] as const;

export type WriteKind = (typeof writeKinds)[number];

export interface Write {
  kind: WriteKind;
  /** Begins with its kind and a colon. Only one connection sets a key of SET; all others are anybody's. */
  key: string;
  /** No other write has the same one; INCR has none. */
  value: string;
}

export interface SentWrite extends Write {
  connection: number;
  acknowledged: boolean;
  /** Of SET, which asks for it, the value before; of INCR the count, of RPUSH the length, of XADD the entry's id. */
  reply: string;
}

/**
 * What a server holds, by key: of a string its value, of a list its elements, of a stream `ID VALUE` of each entry.
 */
export type Stored = ReadonlyMap<string, readonly string[]>;

/** All that is known of a key. */
interface History {
  /** What was there after the last restart. */
  before: readonly string[];
  /** In the order of each connection. */
  sent: readonly SentWrite[];
  there: readonly string[];
}

export class Ledger {
  #acknowledged = 0;
  /** Who waits for how many acknowledged writes. */
  #waiter: { count: number; resolve(): void } | null = null;
  #before: Stored = new Map();
  readonly #byKey = new Map<string, SentWrite[]>();
  readonly #byConnection = new Map<number, SentWrite[]>();

  /** How many writes were acknowledged in all. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Notes a write before it is sent. */
  send(connection: number, write: Write): SentWrite {
    const sent = { ...write, connection, acknowledged: false, reply: '' };
    appendTo(this.#byKey, write.key, sent);
    appendTo(this.#byConnection, connection, sent);
    return sent;
  }

  /** `reply`: empty for nil. */
  acknowledge(sent: SentWrite, reply: string): void {
    sent.acknowledged = true;
    sent.reply = reply;
    this.#acknowledged++;
    if (this.#acknowledged === this.#waiter?.count) this.#waiter.resolve();
  }

  /** Resolves right behind the acknowledgement of that many writes more, before anything else happens. */
  acknowledgedMore(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiter = { count: this.#acknowledged + count, resolve };
    });
  }

  /** What is wrong with what a restarted server holds, each by key; nothing when no acknowledged write is lost. */
  check(stored: Stored): string[] {
    const keys = new Set([...this.#before.keys(), ...this.#byKey.keys(), ...stored.keys()]);
    const faults = [...keys].flatMap((key) => {
      const before = this.#before.get(key) ?? [];
      const sent = this.#byKey.get(key) ?? [];
      const kind = kindOf(key);
      if (kind === null || (before.length === 0 && sent.length === 0)) return [`${key}: nobody wrote it`];
      const history = { before, sent, there: stored.get(key) ?? [] };
      return faultsOf[kind](history).map((fault) => `${key}: ${fault}`);
    });
    return [...faults, ...this.#gaps(stored)];
  }

  /** Takes what is there for what must be there from now on. */
  adopt(stored: Stored): void {
    this.#before = stored;
    this.#byKey.clear();
    this.#byConnection.clear();
  }

  /** A connection's writes are run in order, so those that are there are its first ones. */
  #gaps(stored: Stored): string[] {
    const present = new Map<string, Set<string>>();
    for (const [key, sent] of this.#byKey) {
      present.set(key, valuesThere(sent, stored.get(key) ?? []));
    }
    return [...this.#byConnection.values()].flatMap((sent) => {
      // Of increments only the sum is there.
      const telling = sent.filter(({ kind }) => kind !== 'INCR');
      const isThere = ({ key, value }: SentWrite) => present.get(key)?.has(value);
      const missing = telling.findIndex((write) => !isThere(write));
      const behind = missing < 0 ? undefined : telling.slice(missing).find(isThere);
      if (behind === undefined) return [];
      const [first, later] = [telling[missing], behind].map(({ key, value }) => `${key} ${shown(value)}`);
      return [`connection ${behind.connection}: ${later} is there, but not ${first}, which it sent before`];
    });
  }
}

function appendTo<Key>(lists: Map<Key, SentWrite[]>, key: Key, write: SentWrite): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [write]);
  else list.push(write);
}

/** null: no key of ours. */
export const kindOf = (key: string): WriteKind | null =>
  writeKinds.find((kind) => key.startsWith(`${kind}:`)) ?? null;

const faultsOf: Record<WriteKind, (history: History) => string[]> = {
  SET: faultsOfValue,
  INCR: faultsOfCount,
  RPUSH: (history) =>
    faultsOfEntries(history, {
      valueIn: (element) => element,
      isThere: ({ reply, value }) => history.there[Number(reply) - 1] === value,
    }),
  XADD: (history) => {
    const entries = new Set(history.there);
    return faultsOfEntries(history, {
      valueIn: valueOfEntry,
      isThere: ({ reply, value }) => entries.has(`${reply} ${value}`),
    });
  },
};

function faultsOfValue({ before, sent, there }: History): string[] {
  const values = [before[0] ?? '', ...sent.map(({ value }) => value)];
  const faults = sent
    .filter(({ acknowledged, reply }, index) => acknowledged && reply !== values[index])
    .map(({ reply, value }) => `the reply to the write of ${shown(value)} says ${shown(reply)} was there`);
  const held = there[0] ?? '';
  const known = sent.filter(({ acknowledged }) => acknowledged).length;
  if (!values.slice(known).includes(held)) {
    faults.push(`holds ${shown(held)}, and ${shown(values[known])} was acknowledged`);
  }
  return faults;
}

function faultsOfCount({ before, sent, there }: History): string[] {
  const faults: string[] = [];
  const from = Number(before[0] ?? 0);
  const to = from + sent.length;
  const replies = sent.filter(({ acknowledged }) => acknowledged).map(({ reply }) => Number(reply));
  const wrong = replies.find((reply) => !(reply > from && reply <= to));
  if (wrong !== undefined)
    faults.push(`counts from ${from} to ${to}, and an increment was answered with ${wrong}`);
  if (new Set(replies).size < replies.length) faults.push('two increments were answered with the same count');
  const held = Number(there[0] ?? 0);
  const known = replies.reduce((most, reply) => Math.max(most, reply), from);
  if (!(held >= known)) faults.push(`holds ${held}, and ${known} was acknowledged`);
  if (held > to) faults.push(`holds ${held}, and increments up to ${to} were sent`);
  return faults;
}

interface EntryKind {
  valueIn(entry: string): string;
  /** Whether an acknowledged write is where its reply says. */
  isThere(write: SentWrite): boolean;
}

function faultsOfEntries({ before, sent, there }: History, { valueIn, isThere }: EntryKind): string[] {
  const faults: string[] = [];
  const changed = before.findIndex((entry, index) => there[index] !== entry);
  if (changed >= 0) faults.push(`${shown(before[changed])} was there after the last restart, and is not now`);
  for (const write of sent) {
    if (write.acknowledged && !isThere(write)) {
      faults.push(`${shown(write.value)} was acknowledged with ${shown(write.reply)}, and is not there`);
    }
  }
  const unseen = new Set(sent.map(({ value }) => value));
  for (const entry of there.slice(before.length)) {
    if (!unseen.delete(valueIn(entry)))
      faults.push(`${shown(entry)} is there, and was not sent, or not twice`);
  }
  return faults;
}

/** Which of the values that were sent are there, or were. */
function valuesThere(sent: readonly SentWrite[], there: readonly string[]): Set<string> {
  const { kind } = sent[0];
  if (kind === 'RPUSH') return new Set(there);
  if (kind === 'XADD') return new Set(there.map(valueOfEntry));
  const last = sent.findIndex(({ value }) => value === there[0]);
  return new Set(sent.slice(0, last + 1).map(({ value }) => value));
}

const valueOfEntry = (entry: string): string => entry.slice(entry.indexOf(' ') + 1);

const SHOWN_CHARS = 40;

function shown(value: string): string {
  if (value === '') return 'nothing';
  return value.length > SHOWN_CHARS ? `'${value.slice(0, SHOWN_CHARS)}...'` : `'${value}'`;
}
