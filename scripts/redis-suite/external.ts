/** The servers that a unit of the suite is run against from outside, as Redis' own continuous integration does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../experiments/index.ts';
import { built, bypassbench } from './suite.ts';

const START_TRIES = 400;
const TRY_MS = 50;
const END_MS = 10_000;

export interface ExternalServer {
  port: number;
  stop(): Promise<void>;
}

/** Unmodified redis-server without persistence; `folder` is where it would write. */
export async function startRedisServer(folder: string): Promise<ExternalServer> {
  const port = await freePort('127.0.0.1');
  const allowed = ['protected-configs', 'debug-command', 'module-command'];
  return started(port, join(built, 'redis-server'), [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...allowed.flatMap((name) => [`--enable-${name}`, 'yes']),
  ]);
}

/** The engine in TypeScript, on the libOS over the kernel. */
export async function startTypescript(): Promise<ExternalServer> {
  const port = await freePort('127.0.0.1');
  return started(port, bypassbench, ['serve', '--frontend', 'libos', '--port', `${port}`]);
}

async function started(port: number, program: string, args: string[]): Promise<ExternalServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries === START_TRIES || child.exitCode !== null) throw new Error(`${program} does not start`);
    await sleep(TRY_MS);
  }
  return { port, stop: () => end(child) };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return answer;
}

/** A test may have ended it already, or left it busy. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(forced);
}
