/** Waits until a server is ready for requests, in the way that its config says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { System } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { TrialHost, TrialProcess } from '../machine/trial-host.ts';
import { refuseLost } from './lost-host.ts';
import { lastWords } from './trial-folder.ts';

const POLL_INTERVAL_MS = 10;

export interface Address {
  host: string;
  port: number;
}

export interface ServerLogs {
  stdoutFile: string;
  stderrFile: string;
}

export interface Startup {
  server: TrialProcess;
  /** Where it runs. */
  host: TrialHost;
  /** From where it is asked. */
  client: TrialHost;
  ready: System['ready'];
  /** Where the server was to listen. */
  address: Address;
  /** Its logs where it runs. */
  written: ServerLogs;
  /** What becomes of them here, once `collect` has brought them. */
  kept: ServerLogs;
  collect: () => Promise<void>;
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
  const { server, ready, host, client } = startup;
  const { stdoutFile, stderrFile } = startup.kept;
  const logs = [stdoutFile, stderrFile];
  const deadline = performance.now() + ready.timeout_s * 1000;
  for (;;) {
    const seen = await Promise.race([probe(startup), startup.interrupted]);
    refuseLost([host, client], logs);
    if (server.end !== null) {
      await startup.collect();
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
async function probe({ ready, address, host, client, written }: Startup): Promise<Address | string> {
  switch (ready.by) {
    case 'json_line':
      return addressInLine(await host.readLog(written.stdoutFile), address);
    case 'tcp_connect': {
      const seen = await client.converse(address.host, address.port, null);
      return seen === '' ? address : seen;
    }
    case 'resp_ping': {
      const seen = await client.converse(address.host, address.port, '*1\r\n$4\r\nPING\r\n');
      return seen === '+PONG' ? address : `PING got ${seen}`;
    }
    case 'output': {
      const outputs = [written.stdoutFile, written.stderrFile].map((file) => host.readLog(file));
      const output = (await Promise.all(outputs)).join('\n');
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
