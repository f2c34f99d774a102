/** Runs a floor's program as the two processes between which it measures. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadError } from '../errors.ts';
import { Side } from './side.ts';

export interface Pair {
  program: string;
  /** Where the client is another one. */
  clientProgram?: string;
  env: NodeJS.ProcessEnv;
  /** What follows `server` on its command line. */
  server: Argument[];
  /** What follows `client` on its command line; `said` is what the server printed when it was ready. */
  client: (said: string) => Argument[];
}
type Argument = string | number;

/** How long the server may take to say why after the client has failed. */
const NEWS_MS = 1000;

/**
 * The client's standard output, once it has ended well; null when `stop` resolved first. Throws FLOOR_FAILED, also
 * where a side crashed as it ended: what it had exchanged before may be wrong as well.
 */
export async function runPair(pair: Pair, stop: Promise<void>): Promise<string | null> {
  const sides: Side[] = [];
  const printed = await exchange(pair, stop, sides);
  for (const { crash } of sides) if (crash !== null) throw crash;
  return printed;
}

/** The same, with the sides that it has started, which have ended then. */
async function exchange(pair: Pair, stop: Promise<void>, sides: Side[]): Promise<string | null> {
  const stopped = stop.then(() => null);
  const start = (name: 'server' | 'client', rest: Argument[]): Side => {
    const program = name === 'client' ? (pair.clientProgram ?? pair.program) : pair.program;
    const side = new Side(name, [program, name, ...rest.map(String)], pair.env);
    sides.push(side);
    return side;
  };
  try {
    const server = start('server', pair.server);
    const said = await Promise.race([server.spoke(), stopped]);
    if (said === null) return null;
    const client = start('client', pair.client(said));
    return await Promise.race([resultOf(client, server), stopped]);
  } finally {
    await Promise.all(sides.map((side) => side.end()));
  }
}

/** Rejects with both failures: a side that fails takes the other one with it. */
async function resultOf(client: Side, server: Side): Promise<string> {
  const serverFailure = server.succeeded.then(
    () => null,
    (error: Error) => error,
  );
  try {
    return await client.succeeded;
  } catch (error) {
    const first = await Promise.race([serverFailure, sleep(NEWS_MS, null)]);
    if (first === null) throw error;
    throw new LoadError('FLOOR_FAILED', `${first.message}; ${(error as Error).message}`);
  }
}

/** The number that a server said when it was ready: of the port it listens on, of its process. Throws FLOOR_FAILED. */
export function numberSaid(said: string, what: string): string {
  const [, number] = /^ready (\d+)\n/.exec(said) ?? [];
  if (number === undefined)
    throw new LoadError('FLOOR_FAILED', `the floor's server said '${said}' and no ${what}`);
  return number;
}
