/** The null server, seen from the calibration: starts its process, hears of it, stops it. */
import { fork } from 'node:child_process';
import type { Endpoint } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import type { Injected } from './null-server.ts';
import type { NullServerNews, NullServerStart } from './null-server-process.ts';

/** To put a device away, on however busy a machine. */
const STOP_GRACE_MS = 10_000;

export class NullServerLink {
  /** Rejects with CALIBRATION_FAILED. */
  readonly ready: Promise<Endpoint>;
  /** Null when its thread had to be ended. Rejects with CALIBRATION_FAILED. */
  readonly finished: Promise<Injected | null>;
  readonly #child: ReturnType<typeof fork>;

  constructor(start: NullServerStart) {
    const ready = Promise.withResolvers<Endpoint>();
    const finished = Promise.withResolvers<Injected | null>();
    const fail = (message: string): void => {
      const error = new LoadError('CALIBRATION_FAILED', `the null server: ${message}`);
      ready.reject(error);
      finished.reject(error);
    };
    // Whoever is interested awaits them.
    ready.promise.catch(() => {});
    finished.promise.catch(() => {});
    this.ready = ready.promise;
    this.finished = finished.promise;
    this.#child = fork(new URL('./null-server-process.ts', import.meta.url), {
      // For the bytes of the reply.
      serialization: 'advanced',
      // What devices print is no part of the table.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (news: NullServerNews) => {
      if (news.kind === 'ready') ready.resolve(news.endpoint);
      else if (news.kind === 'finished') finished.resolve(news.injected);
      else fail(news.message);
    });
    this.#child.once('error', ({ message }) => fail(message));
    // It comes behind the last news, where the end of the process may come before.
    this.#child.once('disconnect', () => fail('its process ended'));
    this.#child.send(start);
  }

  /** Resolves when the process has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.connected) child.send('stop');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    await ended;
    clearTimeout(killer);
  }
}
