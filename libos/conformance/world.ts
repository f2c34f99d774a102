/** Two libOSes that can reach each other, and how the conformance suite waits while both make progress. */
import type {
  BackendDescriptor,
  Completion,
  Endpoint,
  Libos,
  QToken,
  QueueDescriptor,
  ScatterGatherArray,
} from '../index.ts';

export interface Addresses {
  serverAddress: string;
  /** Default: the same as the server's, as on the loopback interface. */
  clientAddress?: string;
}

/** Of both sides; a backend's other options are its own. */
export interface WorldOptions {
  poolLimitBytes: number;
  idle: 'poll' | 'sleep';
  connectTimeoutMs: number;
}

/** Makes worlds, one for each test. */
export interface WorldMaker {
  /** The side that listens, and the side that connects. Both in checked mode. */
  create(options: WorldOptions): Addresses & { server: Libos; client: Libos };
}

/** What a backend gives the suite. */
export interface TestedBackend extends WorldMaker {
  /** The most that a connection takes of a push while the peer pops nothing: the buffers of both sides. */
  readonly unreadBytes: number;
  /** The longest datagram that it carries; MOST_DATAGRAM_BYTES or more where it refuses none, 0 where it has none. */
  readonly datagramBytes: number;
  readonly acknowledges: BackendDescriptor['acknowledges'];
  readonly socketOptions?: BackendDescriptor['socketOptions'];
  /** Why a group of cases cannot be run, by its name: for what is no fault of ours. */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** The server makes no progress, and answers no call, until it is thawed; absent where both share a process. */
  freeze?(frozen: boolean): void;
  /** Ends what outlives the worlds, when the suite is through. Throws how it ended, unless well. */
  close?(): Promise<void>;
}

/** A completion whose fields stay as they are: the suite looks at it after further waits. */
export type Kept = Readonly<Completion>;

/** Where longer ones are not refused, no longer ones are asked for. */
export const MOST_DATAGRAM_BYTES = 1024 * 1024;

const PATIENCE_MS = 10_000;
/** And so many turns: a process that was stopped meanwhile has not waited. */
const PATIENCE_TURNS = 10_000;
/** As many at least is a while, in which what is under way arrives, also where time is virtual. */
const WHILE_TURNS = 100;
const defaultOptions: WorldOptions = {
  poolLimitBytes: 512 * 1024 * 1024,
  idle: 'poll',
  connectTimeoutMs: 10_000,
};

/** Of these, no connection takes all before the peer pops. */
export function overfullBytes({ unreadBytes }: TestedBackend): number {
  return unreadBytes + 1024 * 1024;
}

/** The operation that was waited for did not complete. */
export class NoCompletion extends Error {
  constructor() {
    super(`no completion within ${PATIENCE_MS / 1000} s`);
  }
}

export class World {
  readonly server: Libos;
  readonly client: Libos;
  /** Of the server, and of the client. */
  readonly address: string;
  readonly clientAddress: string;
  readonly #gone = new Set<Libos>();

  constructor(backend: WorldMaker, options: Partial<WorldOptions> = {}) {
    const made = backend.create({ ...defaultOptions, ...options });
    const { server, client, serverAddress, clientAddress = serverAddress } = made;
    this.server = server;
    this.client = client;
    this.address = serverAddress;
    this.clientAddress = clientAddress;
  }

  other(side: Libos): Libos {
    return side === this.server ? this.client : this.server;
  }

  /** One side is shut down, the other goes on alone. */
  leave(side: Libos): void {
    side.shutdown();
    this.#gone.add(side);
  }

  /** Waits on `side` while the other side, if it is there, makes progress. */
  wait(side: Libos, token: QToken): Kept {
    const giveUp = Date.now() + PATIENCE_MS;
    const other = this.other(side);
    for (let turns = 0; ; turns++) {
      const completion = side.wait(token, 0);
      if (completion) return { ...completion };
      if (!this.#gone.has(other)) other.waitNext(0, 0);
      if (Date.now() > giveUp && turns > PATIENCE_TURNS) throw new NoCompletion();
    }
  }

  /** One side makes progress for a while, and the other one none if it shares the process. */
  alone(side: Libos, forMs: number): void {
    const end = Date.now() + forMs;
    for (let turns = 0; turns < WHILE_TURNS || Date.now() < end; turns++) side.waitNext(0, 0);
  }

  /** Both sides make progress for a while; nothing is handed out. */
  settle(forMs = 20): void {
    const end = Date.now() + forMs;
    for (let turns = 0; turns < WHILE_TURNS || Date.now() < end; turns++) {
      this.server.waitNext(0, 0);
      this.client.waitNext(0, 0);
    }
  }

  listen(backlog = 16): { qd: QueueDescriptor; endpoint: Endpoint } {
    const qd = this.server.socket('stream');
    this.server.bind(qd, { address: this.address, port: 0 });
    this.server.listen(qd, backlog);
    return { qd, endpoint: this.server.localEndpoint(qd) };
  }

  /** A connection: its queue on the server's and on the client's side. */
  connect(listener = this.listen()): { serverQd: QueueDescriptor; clientQd: QueueDescriptor } {
    const accept = this.server.accept(listener.qd);
    const clientQd = this.client.socket('stream');
    const connected = this.wait(this.client, this.client.connect(clientQd, listener.endpoint));
    if (connected.error) throw new Error(`connect: ${connected.error}`);
    const accepted = this.wait(this.server, accept);
    if (accepted.error) throw new Error(`accept: ${accepted.error}`);
    return { serverQd: accepted.newQd, clientQd };
  }

  buffer(side: Libos, data: Uint8Array | string): ScatterGatherArray {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const sga = side.alloc(Math.max(bytes.length, 1));
    sga.fill(bytes);
    return sga;
  }

  /** Pushes and gives the token; the buffers are freed when it completes. */
  pushFreeing(side: Libos, qd: QueueDescriptor, data: Uint8Array | string): QToken {
    const sga = this.buffer(side, data);
    const token = side.push(qd, sga);
    side.free(sga);
    return token;
  }

  /** The next data of a queue as a copy, null at the end of the stream; throws the error code otherwise. */
  pop(side: Libos, qd: QueueDescriptor): Uint8Array | null {
    const completion = this.wait(side, side.pop(qd));
    if (completion.error) throw new Error(completion.error);
    if (completion.sga === null) return null;
    const data = completion.sga.copyOut();
    side.free(completion.sga);
    return data;
  }

  popText(side: Libos, qd: QueueDescriptor): string | null {
    const data = this.pop(side, qd);
    return data && Buffer.from(data).toString();
  }

  /** Pops until `bytes` bytes came or the stream ended. */
  popAll(side: Libos, qd: QueueDescriptor, bytes = Number.POSITIVE_INFINITY): Buffer {
    const parts: Uint8Array[] = [];
    for (let have = 0; have < bytes; ) {
      const data = this.pop(side, qd);
      if (data === null) break;
      parts.push(data);
      have += data.length;
    }
    return Buffer.concat(parts);
  }

  shutdown(): void {
    try {
      this.client.shutdown();
    } finally {
      this.server.shutdown();
    }
  }
}
