/**
 * Reads the file of a ring of stamps. libos/stamps/ring.ts writes it and draws its layout; it imports none of
 * this, and a test holds the two together.
 */
import { FormatError } from './format.ts';

/** What `bypassbench load --stamps-every` leaves in its folder; a server's is there where the server has stamps. */
export const CLIENT_STAMPS_FILE = 'client.stamps';
export const SERVER_STAMPS_FILE = 'server.stamps';

const HEADER_BYTES = 4096;
const RECORD_BYTES = 64;
const kinds = { push: 1, pop: 2, request: 3 } as const;

/** A push or a pop: which bytes of the stream it carried, and when. Times are counts of the machine's counter. */
export interface Transfer {
  start: number;
  end: number;
  application: number;
  enter: number;
  leave: number;
}

/** A request of the load generator, by the bytes up to its own end and up to the end of its reply. */
export interface StampedRequest {
  requestEnd: number;
  replyEnd: number;
  latency_ns: number;
  behind_ns: number;
  sent_ns: number;
}

/** What was stamped of one connection, in order. */
export interface StampedConnection {
  pushes: Transfer[];
  pops: Transfer[];
  requests: StampedRequest[];
}

export interface StampFile {
  /** Another for each machine and each of its boots: the same means the same counter. */
  machine: string;
  ns_per_count: number;
  /** Counter and CLOCK_MONOTONIC at one moment, the last one that the file has both of. */
  newest: { count: number; monotonic_ns: number };
  /** By "local port:peer's port". */
  connections: Map<string, StampedConnection>;
}

/** Throws FormatError INVALID when the bytes are not those of a ring. */
export function readStampFile(file: Uint8Array): StampFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const refuse = (what: string): never => {
    throw new FormatError('INVALID', what);
  };
  if (file.length < HEADER_BYTES || Buffer.from(file.subarray(0, 8)).toString('latin1') !== 'BBSTAMP1') {
    refuse('these are no stamps');
  }
  const capacity = view.getInt32(8, true);
  const written = view.getFloat64(16, true);
  const records = Math.min(written, capacity);
  if (!(records >= 0) || file.length < HEADER_BYTES + records * RECORD_BYTES) refuse('it is cut off');
  const oldest = written > capacity ? written % capacity : 0;
  const connections = new Map<string, StampedConnection>();
  for (let i = 0; i < records; i++) {
    readRecord(view, HEADER_BYTES + ((oldest + i) % capacity) * RECORD_BYTES, connections);
  }
  return {
    machine: Buffer.from(file.subarray(64, 80)).toString('hex'),
    ns_per_count: nsPerCount(view),
    newest: { count: Number(view.getBigUint64(40, true)), monotonic_ns: view.getFloat64(48, true) },
    connections,
  };
}

function readRecord(view: DataView, at: number, connections: Map<string, StampedConnection>): void {
  const kind = view.getUint32(at, true);
  const key = `${view.getUint16(at + 4, true)}:${view.getUint16(at + 6, true)}`;
  let connection = connections.get(key);
  if (connection === undefined) {
    connection = { pushes: [], pops: [], requests: [] };
    connections.set(key, connection);
  }
  const double = (offset: number): number => view.getFloat64(at + offset, true);
  const count = (offset: number): number => Number(view.getBigUint64(at + offset, true));
  if (kind === kinds.request) {
    connection.requests.push({
      requestEnd: double(8),
      replyEnd: double(16),
      latency_ns: double(24),
      behind_ns: double(32),
      sent_ns: double(40),
    });
    return;
  }
  const transfer = {
    end: double(8),
    start: double(8) - double(40),
    application: count(16),
    enter: count(24),
    leave: count(32),
  };
  if (kind === kinds.push) connection.pushes.push(transfer);
  else if (kind === kinds.pop) connection.pops.push(transfer);
}

/** From the two pairs of readings of the counter and CLOCK_MONOTONIC; a server that still runs has one, and no rate. */
function nsPerCount(view: DataView): number {
  const counts = Number(view.getBigUint64(40, true) - view.getBigUint64(24, true));
  const ns = view.getFloat64(48, true) - view.getFloat64(32, true);
  return counts > 0 ? ns / counts : Number.NaN;
}
