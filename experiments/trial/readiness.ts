/** Waits until a server is ready for requests, in the way that its config says. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { System } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { RunningProcess } from '../machine/process.ts';
import { lastWords, readLog } from './trial-folder.ts';

const POLL_INTERVAL_MS = 10;
/** A probe that gets no answer in this time is given up, and the next one tried. */
const PROBE_TIMEOUT_MS = 1000;

export interface Address {
  host: string;
  port: number;
}

export interface Startup {
  server: RunningProcess;
  ready: System['ready'];
  /** Where the server was to listen. */
  address: Address;
  stdoutFile: string;
  stderrFile: string;
  /** Rejects when the run is interrupted. */
  interrupted: Promise<never>;
}

/** The line that `bypassbench serve` prints; it may say more than is needed here. */
const readyLine = z.object({
  ready: z.literal(true),
  address: z.string().optional(),
  port: z.int().min(1).max(65_535),
});

/**
 * The address to send requests to, once the server is ready; a TrialFailure when it ends or its time is over,
 * with what was seen last.
 */
export async function waitUntilReady(startup: Startup): Promise<Address> {
  const { server, ready, stdoutFile, stderrFile } = startup;
  const logs = [stdoutFile, stderrFile];
  const deadline = performance.now() + ready.timeout_s * 1000;
  for (;;) {
    const seen = await Promise.race([probe(startup), startup.interrupted]);
    if (server.end !== null) {
      const said = await lastWords([stderrFile, stdoutFile]);
      const why = said === null ? '' : `: ${said}`;
      throw new TrialFailure(`the server ${server.end} before it was ready${why}`, logs);
    }
    if (typeof seen !== 'string') return seen;
    if (performance.now() > deadline) {
      throw new TrialFailure(`the server was not ready after ${ready.timeout_s} s: ${seen}`, logs);
    }
    await Promise.race([sleep(POLL_INTERVAL_MS), startup.interrupted]);
  }
}

/** The address when the server is ready, else what was seen instead. */
async function probe({ ready, address, stdoutFile, stderrFile }: Startup): Promise<Address | string> {
  switch (ready.by) {
    case 'json_line':
      return addressInLine(await readLog(stdoutFile), address);
    case 'tcp_connect': {
      const seen = await converse(address, null);
      return seen === '' ? address : seen;
    }
    case 'resp_ping': {
      const seen = await converse(address, '*1\r\n$4\r\nPING\r\n');
      return seen === '+PONG' ? address : `PING got ${seen}`;
    }
    case 'output': {
      const output = `${await readLog(stdoutFile)}\n${await readLog(stderrFile)}`;
      const pattern = new RegExp(ready.pattern);
      const matched = output.split('\n').some((line) => pattern.test(line));
      return matched ? address : `no line of its output matches /${ready.pattern}/`;
    }
  }
}

function addressInLine(stdout: string, address: Address): Address | string {
  // The last piece has no line end yet, and may be half a line.
  for (const line of stdout.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const parsed = readyLine.safeParse(parseJson(line));
    if (parsed.success)
      return { host: reachable(parsed.data.address ?? address.host, address), port: parsed.data.port };
  }
  return 'it printed no {"ready":true,...,"port":...} line on stdout';
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A server bound to every address is reached at the one that it was asked for. */
function reachable(host: string, asked: Address): string {
  return host === '0.0.0.0' ? asked.host : host;
}

/**
 * Connects, sends `request` and resolves to the first line of the answer, without its line end. With no
 * request, resolves to an empty line once connected. When that fails, resolves to why.
 */
function converse({ host, port }: Address, request: string | null): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: PROBE_TIMEOUT_MS });
    let answer = '';
    const finish = (line: string): void => {
      socket.destroy();
      resolve(line);
    };
    socket.setEncoding('latin1');
    socket.on('connect', () => (request === null ? finish('') : socket.write(request)));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n')) finish(answer.slice(0, answer.indexOf('\r\n')));
    });
    socket.on('timeout', () => finish(`no answer from ${host}:${port}`));
    socket.on('end', () => finish(`a closed connection from ${host}:${port}`));
    socket.on('error', (error) => finish(error.message));
  });
}
