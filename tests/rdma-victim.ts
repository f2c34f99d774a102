/**
 * A client that is to be killed: it keeps requests in flight on several connections over shm for as long as it lives,
 * and says so once each has had a reply. `rdma-victim.ts PORT VALUE_BYTES get|set`.
 */
import { openLibos } from '../libos/index.ts';
import { NO_CONNECT_TIMEOUT_MS, waitPatiently } from './patience.ts';

const CONNECTIONS = 4;
const IN_FLIGHT = 4;
const CONNECT_PATIENCE_MS = 10_000;

const [port, valueBytes, operation] = process.argv.slice(2);
const libos = await openLibos({ backend: 'rdma', idle: 'poll', connectTimeoutMs: NO_CONNECT_TIMEOUT_MS });
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const key = `victim-${valueBytes}`;
const value = 'v'.repeat(Number(valueBytes));
const set = Buffer.from(`*3\r\n${bulk('SET')}${bulk(key)}${bulk(value)}`);
const get = Buffer.from(`*2\r\n${bulk('GET')}${bulk(key)}`);
const [request, replyBytes] = operation === 'get' ? [get, bulk(value).length] : [set, '+OK\r\n'.length];

function push(qd: number, bytes: Uint8Array): void {
  const sga = libos.alloc(bytes.length);
  sga.fill(bytes);
  libos.push(qd, sga);
  libos.free(sga);
}

const qds = Array.from({ length: CONNECTIONS }, () => {
  const qd = libos.socket('stream');
  const connected = waitPatiently(
    libos,
    libos.connect(qd, { address: '127.0.0.1', port: Number(port) }),
    CONNECT_PATIENCE_MS,
  );
  if (connected?.error !== null) throw new Error(`connect: ${connected?.error ?? 'no answer'}`);
  return qd;
});
/** Bytes of replies that are still to come, by connection: of the first SET, then of what keeps being asked. */
const left = new Map(qds.map((qd) => [qd, '+OK\r\n'.length]));
const answered = new Set<number>();
for (const qd of qds) {
  push(qd, set);
  libos.pop(qd);
}
for (;;) {
  const count = libos.waitNext(64, 1000);
  for (let i = 0; i < count; i++) {
    const { operation: what, qd, sga, error } = libos.completions[i];
    if (error !== null) throw new Error(`${what}: ${error}`);
    if (what !== 'pop') continue;
    let missing = left.get(qd)! - sga!.byteLength;
    libos.free(sga!);
    libos.pop(qd);
    if (!answered.has(qd)) {
      answered.add(qd);
      for (let k = 0; k < IN_FLIGHT; k++) push(qd, request);
      missing = replyBytes;
      if (answered.size === CONNECTIONS) console.log('running');
    }
    for (; missing <= 0; missing += replyBytes) push(qd, request);
    left.set(qd, missing);
  }
}
