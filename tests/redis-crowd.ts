/** Crowds of connections to a server: more than it takes, and such as go without a word. */
import { readdirSync, readFileSync } from 'node:fs';
import { pumpUntil, type RawSocket } from './raw-socket.ts';
import type { Side } from './redis-answers.ts';

export const REFUSAL = '-ERR max number of clients reached\r\n';

/** Files that a process of this limit may have open at a time, less some for others. */
export function connectionsAtOnce(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Number(limit) - 500;
}

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** Connections that were accepted, each with its answer to a PING. */
export async function acceptedConnections(side: Side, count: number): Promise<RawSocket[]> {
  const sockets = Array.from({ length: count }, () => side.connect());
  await pingAll(sockets);
  return sockets;
}

/** Throws when one of them is not answered. */
export async function pingAll(sockets: readonly RawSocket[]): Promise<void> {
  for (const socket of sockets) {
    socket.clear();
    socket.write('PING\r\n');
  }
  await pumpUntil(sockets, 'all are answered', () => sockets.every(({ text }) => text === '+PONG\r\n'));
}

/** As many as may wait at a listener: Linux drops what is too many, and a client that says nothing never learns. */
const STEP = 200;

/** Opens so many, and holds all of them until each is closed: how often each outcome was. */
export async function outcomesOf(side: Side, count: number): Promise<Record<string, number>> {
  const sockets: RawSocket[] = [];
  try {
    while (sockets.length < count) {
      const step = Array.from({ length: Math.min(STEP, count - sockets.length) }, () => side.connect());
      sockets.push(...step);
      await pumpUntil(step, 'all are closed', () => step.every(({ closed }) => closed !== null));
    }
    const outcomes: Record<string, number> = {};
    for (const { text, closed } of sockets) {
      const outcome = `${text}${closed}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    return outcomes;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** Connections that go in the middle of a request, by a reset or an end, at once or when they were heard. */
export async function storm(side: Side, count: number): Promise<void> {
  const sockets = Array.from({ length: count }, () => side.connect());
  for (const [index, socket] of sockets.entries()) {
    socket.write(index % 3 === 0 ? 'PING\r\n*2\r\n$3\r\nGET\r\n$9' : '*1\r\n$4\r\nPI');
    if (index % 2 === 0) socket.end();
  }
  for (const socket of sockets) socket.pump();
  for (const [index, socket] of sockets.entries()) if (index % 4 === 1) socket.reset();
  const heard = sockets.filter((_, index) => index % 12 === 3);
  await pumpUntil(sockets, 'the answers', () =>
    heard.every(({ text, closed }) => text !== '' || closed !== null),
  );
  for (const socket of sockets) socket.reset();
}
