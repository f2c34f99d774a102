/** What every backend must do, part 7: what is set of a single stream. */
import assert from 'node:assert/strict';
import type { Libos, QueueDescriptor } from '../../index.ts';
import { type ConformanceCase, each, group } from '../case.ts';
import { codeOf, failureOf } from '../outcome.ts';
import { overfullBytes, type TestedBackend, type World } from '../world.ts';

/** Far below what any backend has by default. */
const USER_TIMEOUT_MS = 300;
const PATIENT_MS = 60_000;
const KEEP_ALIVE_MS = 100;
const SILENCE_MS = 500;

/** Pushes more than the peer takes and closes; gives how the push ends. */
function closeBehindTooMuch(
  world: World,
  side: Libos,
  qd: QueueDescriptor,
  backend: TestedBackend,
): string | null {
  const token = world.pushFreeing(side, qd, new Uint8Array(overfullBytes(backend)));
  world.settle();
  side.close(qd);
  return world.wait(side, token).error;
}

const wrong: [string, object][] = [
  ['a user timeout of 0', { userTimeoutMs: 0 }],
  ['a user timeout below 0', { userTimeoutMs: -1 }],
  ['a user timeout with a fraction', { userTimeoutMs: 0.5 }],
  ['a user timeout without an end', { userTimeoutMs: Number.POSITIVE_INFINITY }],
  ['a silence below 0', { keepAliveMs: -1 }],
  ['an option that there is not', { patience: 1 }],
];

export const socketOptionCases: readonly ConformanceCase[] = [
  ...group(
    'options of a stream',
    { needs: ['socket options'] },
    {
      'its user timeout ends what a closed connection still has for a peer that takes nothing'({
        world,
        server,
        client,
        backend,
      }) {
        const listener = world.listen();
        const accept = server.accept(listener.qd);
        const qd = client.socket('stream');
        client.setOptions(qd, { userTimeoutMs: USER_TIMEOUT_MS });
        assert.equal(world.wait(client, client.connect(qd, listener.endpoint)).error, null);
        const { newQd } = world.wait(server, accept);
        assert.equal(closeBehindTooMuch(world, client, qd, backend), 'TIMED_OUT');
        assert.equal(
          failureOf(() => world.popAll(server, newQd)),
          'CONNECTION_RESET',
        );
      },

      'may be set while it is connected'({ world, client, backend }) {
        const { clientQd } = world.connect();
        client.setOptions(clientQd, { userTimeoutMs: PATIENT_MS });
        client.setOptions(clientQd, { userTimeoutMs: USER_TIMEOUT_MS });
        assert.equal(closeBehindTooMuch(world, client, clientQd, backend), 'TIMED_OUT');
      },

      'of a listener are those of the connections that it accepts'({ world, server, backend }) {
        const listener = world.listen();
        server.setOptions(listener.qd, { userTimeoutMs: USER_TIMEOUT_MS });
        const { serverQd } = world.connect(listener);
        assert.equal(closeBehindTooMuch(world, server, serverQd, backend), 'TIMED_OUT');
      },

      'are its own: what is not set stays as it was'({ world, client, backend }) {
        const listener = world.listen();
        const impatient = world.connect(listener);
        const patient = world.connect(listener);
        client.setOptions(impatient.clientQd, { userTimeoutMs: USER_TIMEOUT_MS });
        client.setOptions(impatient.clientQd, { keepAliveMs: 0 });
        const token = world.pushFreeing(client, patient.clientQd, new Uint8Array(overfullBytes(backend)));
        world.settle();
        client.close(patient.clientQd);
        assert.equal(closeBehindTooMuch(world, client, impatient.clientQd, backend), 'TIMED_OUT');
        assert.equal(client.wait(token, 0), null);
      },

      'keepAliveMs leaves a peer alone that lives, however long it is silent'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        client.setOptions(clientQd, { keepAliveMs: KEEP_ALIVE_MS });
        server.setOptions(serverQd, { keepAliveMs: KEEP_ALIVE_MS });
        world.settle(SILENCE_MS);
        client.setOptions(clientQd, { keepAliveMs: 0 });
        world.pushFreeing(client, clientQd, 'still here');
        assert.equal(world.popText(server, serverQd), 'still here');
      },

      ...each(wrong, ([name, options]) => [
        `refuses ${name}`,
        ({ client }) => {
          const qd = client.socket('stream');
          assert.equal(
            codeOf(() => client.setOptions(qd, options)),
            'INVALID_ARGUMENT',
          );
        },
      ]),

      'are of no descriptor that is not open'({ client }) {
        const qd = client.socket('stream');
        client.close(qd);
        assert.equal(
          codeOf(() => client.setOptions(qd, {})),
          'BAD_QUEUE',
        );
      },
    },
  ),
  ...group(
    'options of a datagram socket',
    { needs: ['datagrams'] },
    {
      'are none'({ client }) {
        const qd = client.socket('datagram');
        assert.equal(
          codeOf(() => client.setOptions(qd, { userTimeoutMs: USER_TIMEOUT_MS })),
          'NOT_SUPPORTED',
        );
      },
    },
  ),
];
