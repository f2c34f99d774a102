/** Starts real servers for tests, on free ports, and ends them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../experiments/index.ts';

export interface RunningServer {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** Debian's redis-server, or another one, without persistence. The set-up script installs Debian's on the PATH. */
export async function startRedis(args: string[] = [], program = 'redis-server'): Promise<RunningServer> {
  const port = await freePort('127.0.0.1');
  const fixed = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, [...fixed, ...args], { stdio: 'ignore' });
  await once(child, 'spawn');
  await untilListening(port);
  return { port, pid: child.pid!, stop: () => end(child) };
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = net.connect(port, '127.0.0.1');
    const settled = new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    const up = await settled;
    socket.destroy();
    if (up) return;
    await sleep(25);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
