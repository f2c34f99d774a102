import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StampedConnection, StampFile, Transfer } from '../../formats/index.ts';
import { breakdownAt } from './breakdown.ts';
import { joinStamps, type StagedRequest } from './join.ts';
import { boundOf } from './one-way.ts';
import { splitStages } from './stage.ts';

const transfer = (
  start: number,
  end: number,
  application: number,
  enter: number,
  leave: number,
): Transfer => ({
  start,
  end,
  application,
  enter,
  leave,
});
const request = (requestEnd: number, replyEnd: number) => ({
  requestEnd,
  replyEnd,
  latency_ns: 120,
  behind_ns: 0,
  sent_ns: 0,
});

function file(
  ports: string,
  connection: Partial<StampedConnection>,
  machine = 'm',
  ns_per_count = 1,
): StampFile {
  const whole = { pushes: [], pops: [], requests: [], ...connection };
  const newest = { count: 0, monotonic_ns: 0 };
  return { machine, ns_per_count, newest, connections: new Map([[ports, whole]]) };
}

/** One request of 10 bytes, a reply of 5: points at 0, 10, 20, 30, ... 110. */
const clientConnection = {
  pushes: [transfer(0, 10, 0, 10, 20)],
  pops: [transfer(0, 5, 110, 90, 100)],
  requests: [request(10, 5)],
};
const serverConnection = {
  pops: [transfer(0, 10, 50, 30, 40)],
  pushes: [transfer(0, 5, 60, 70, 80)],
};

describe('joining', () => {
  test('two sides with one counter: every point in its place', () => {
    const { requests, stages } = joinStamps(file('7:8', clientConnection), file('8:7', serverConnection));
    expect(requests).toHaveLength(1);
    expect(requests[0].stages_ns).toEqual(stages.map(() => 10));
    expect(stages.map(({ name }) => name)).toEqual(splitStages.map(({ name }) => name));
  });

  test('a counter that is not of nanoseconds', () => {
    const { requests } = joinStamps(
      file('7:8', clientConnection, 'm', 0.5),
      file('8:7', serverConnection, 'm', Number.NaN),
    );
    expect(requests[0].stages_ns.every((ns) => ns === 5)).toBe(true);
  });

  test('what runs in parallel counts once: the sending call returns after the other side has received', () => {
    const client = { ...clientConnection, pushes: [transfer(0, 10, 0, 10, 45)] };
    const { requests } = joinStamps(file('7:8', client), file('8:7', serverConnection));
    const [libos, send, between, receive] = requests[0].stages_ns;
    expect([libos, send, between, receive]).toEqual([10, 20, 0, 10]);
    expect(requests[0].stages_ns.reduce((sum, ns) => sum + ns)).toBe(110);
  });

  test('the receiving call was entered before the sending one: all of it is sending', () => {
    const server = { ...serverConnection, pops: [transfer(0, 10, 50, 5, 40)] };
    const { requests } = joinStamps(file('7:8', clientConnection), file('8:7', server));
    expect(requests[0].stages_ns.slice(0, 4)).toEqual([10, 0, 0, 30]);
  });

  test('two counters: the server by its own, and one stage for both ways', () => {
    const shift = ({ start, end, application, enter, leave }: Transfer) =>
      transfer(start, end, 1e6 + 2 * application, 1e6 + 2 * enter, 1e6 + 2 * leave);
    const server = {
      pops: serverConnection.pops.map(shift),
      pushes: serverConnection.pushes.map(shift),
    };
    const { requests, stages } = joinStamps(file('7:8', clientConnection), file('8:7', server, 'other', 0.5));
    const byName = Object.fromEntries(stages.map(({ name }, index) => [name, requests[0].stages_ns[index]]));
    expect(byName.server_application).toBe(10);
    expect(byName.both_ways_between).toBe(20);
    expect(requests[0].stages_ns.reduce((sum, ns) => sum + ns)).toBe(110);
  });

  test('two counters: neither where the other one begins nor how fast it runs makes a difference', () => {
    const stagesBy = (offset: number, ns_per_count: number): number[] => {
      const by = ({ start, end, application, enter, leave }: Transfer) =>
        transfer(
          ...([start, end] as const),
          ...([application, enter, leave].map((ns) => offset + ns / ns_per_count) as [
            number,
            number,
            number,
          ]),
        );
      const server = {
        pops: serverConnection.pops.map(by),
        pushes: serverConnection.pushes.map(by),
      };
      return joinStamps(file('7:8', clientConnection), file('8:7', server, 'other', ns_per_count)).requests[0]
        .stages_ns;
    };
    const expected = stagesBy(0, 1);
    const offset = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    const ns_per_count = fc.integer({ min: 1, max: 40 }).map((rate) => rate / 8);
    fc.assert(
      fc.property(offset, ns_per_count, (begin, rate) => {
        for (const [index, ns] of stagesBy(begin, rate).entries()) expect(ns).toBeCloseTo(expected[index], 1);
      }),
    );
  });

  test('the way there is estimated within the bound of the clocks, wherever they begin and drift', () => {
    const far = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
    const wrong = fc.integer({ min: -1000, max: 1000 });
    const drift = fc.integer({ min: -500, max: 500 }).map((ppm) => ppm / 1e6);
    fc.assert(
      fc.property(far, far, wrong, wrong, drift, (begin, clientBegin, early, late, ppm) => {
        const client = { ...file('7:8', clientConnection), newest: { count: 0, monotonic_ns: clientBegin } };
        // Its clock runs faster by so much; its counter counts what its clock shows.
        const by = ({ start, end, application, enter, leave }: Transfer): Transfer => ({
          ...{ start, end },
          ...{ application: application * (1 + ppm), enter: enter * (1 + ppm), leave: leave * (1 + ppm) },
        });
        const pushes = serverConnection.pushes.map(by);
        const server = {
          ...file('8:7', { pops: serverConnection.pops.map(by), pushes }, 'other'),
          newest: { count: 0, monotonic_ns: begin },
        };
        const ahead = (ns: number, error_ns: number) => ({
          at_ns: clientBegin + ns,
          offset_ns: begin + ns * ppm - clientBegin + error_ns,
          bound_ns: Math.abs(error_ns),
        });
        const clock = { before: ahead(-1e6, early), after: ahead(1e6, late) };
        const [joined] = joinStamps(client, server, clock).requests;
        // It was 10 ns on the way there.
        expect(Math.abs(joined!.request_way_ns! - 10)).toBeLessThanOrEqual(boundOf(clock) + 0.1);
      }),
    );
    const same = joinStamps(file('7:8', clientConnection), file('8:7', serverConnection), {
      before: { at_ns: 0, offset_ns: 5, bound_ns: 1 },
      after: { at_ns: 1, offset_ns: 5, bound_ns: 1 },
    });
    expect(same.requests.map(({ request_way_ns }) => request_way_ns)).toEqual([null]);
  });

  test('no stamps of the server: its part is one block', () => {
    const { requests, stages } = joinStamps(file('7:8', clientConnection), null);
    const byName = Object.fromEntries(stages.map(({ name }, index) => [name, requests[0].stages_ns[index]]));
    expect(byName).toMatchObject({ client_device_send: 10, server_and_kernel: 70, server_command: 0 });
  });

  test('requests in one push, replies in several pops: by the byte that ends each', () => {
    const client = {
      pushes: [transfer(0, 20, 0, 10, 20)],
      pops: [transfer(0, 5, 110, 90, 100), transfer(5, 10, 130, 110, 120)],
      requests: [request(10, 5), request(20, 10)],
    };
    const server = {
      pops: [transfer(0, 15, 50, 30, 40), transfer(15, 20, 52, 42, 50)],
      pushes: [transfer(0, 10, 60, 70, 80)],
    };
    const { requests } = joinStamps(file('7:8', client), file('8:7', server));
    expect(requests.map(({ stages_ns }) => stages_ns.reduce((sum, ns) => sum + ns))).toEqual([110, 130]);
    expect(requests.map(({ stages_ns }) => stages_ns[5])).toEqual([10, 8]);
  });

  test('a request with a stamp missing, or with its stamps out of order, is only counted', () => {
    const none = joinStamps(file('7:8', clientConnection), file('8:7', { pops: serverConnection.pops }));
    expect(none).toMatchObject({ requests: [], incomplete: 1, inconsistent: 0 });
    const gap = { ...clientConnection, pushes: [transfer(12, 20, 0, 10, 20)] };
    expect(joinStamps(file('7:8', gap), file('8:7', serverConnection)).incomplete).toBe(1);
    const late = { ...serverConnection, pushes: [transfer(0, 5, 60, 300, 400)] };
    const wrong = joinStamps(file('7:8', clientConnection), file('8:7', late));
    expect(wrong).toMatchObject({ requests: [], incomplete: 0, inconsistent: 1 });
  });

  test('in an open loop a stage before all others is how far behind its schedule a request was', () => {
    const requests = [{ ...request(10, 5), behind_ns: 30 }];
    const joined = joinStamps(file('7:8', { ...clientConnection, requests }), file('8:7', serverConnection));
    expect(joined.stages[0].name).toBe('client_schedule');
    expect(joined.requests[0]).toMatchObject({ latency_ns: 150 });
    expect(joined.requests[0].stages_ns.slice(0, 3)).toEqual([30, 10, 10]);
  });

  test('a counter whose rate is not known makes no stages', () => {
    const other = file('8:7', serverConnection, 'other', Number.NaN);
    expect(() => joinStamps(file('7:8', clientConnection), other)).toThrow('still running');
  });

  test('connections are told apart by their ports', () => {
    const client = file('7:8', clientConnection);
    client.connections.set('9:8', { ...clientConnection, pushes: [transfer(0, 10, 5, 10, 20)] });
    expect(joinStamps(client, file('8:7', serverConnection))).toMatchObject({ incomplete: 1 });
  });
});

describe('a breakdown', () => {
  /** Latencies 1 to 1,000 us, half in the first stage, a tenth not stamped. */
  const requests: StagedRequest[] = Array.from({ length: 1000 }, (_, index) => {
    const latency_ns = (index + 1) * 1000;
    const stages_ns = splitStages.map((_, stage) => (stage < 2 ? [0.5, 0.4][stage] * latency_ns : 0));
    return { sent_ns: 0, latency_ns, stages_ns, request_way_ns: null };
  });

  test('is of the requests near the quantile, and adds up to their mean latency', () => {
    const at = breakdownAt(requests, splitStages, 'p50', null)!;
    expect(at.requests).toBe(100);
    expect(at.latency_us).toBeCloseTo(500.5);
    expect(at.stages_us.client_libos_send).toBeCloseTo(250.25);
    expect(at.stages_us.rest).toBeCloseTo(50.05);
    expect(Object.values(at.stages_us).reduce((sum, us) => sum + us)).toBeCloseTo(at.latency_us);
    const tail = breakdownAt(requests, splitStages, 'p99', null)!;
    expect(tail.latency_us).toBeCloseTo(990.5);
    expect(tail.requests).toBe(10);
  });

  test('is none of too few', () => {
    expect(breakdownAt(requests.slice(0, 700), splitStages, 'p99', null)).toBeNull();
    expect(breakdownAt([], splitStages, 'p50', null)).toBeNull();
  });

  test("takes the server's own account out of the block that is not split, and leaves it out without one", () => {
    const { requests: joined, stages } = joinStamps(file('7:8', clientConnection), null);
    const many = Array.from({ length: 200 }, () => joined[0]);
    const at = breakdownAt(many, stages, 'p50', 0.03)!;
    expect(at.stages_us).toMatchObject({ server_command: 0.03 });
    expect(at.stages_us.server_and_kernel).toBeCloseTo(0.04);
    expect(breakdownAt(many, stages, 'p50', null)!.stages_us).not.toHaveProperty('server_command');
    const long = breakdownAt(many, stages, 'p50', 1)!.stages_us;
    expect(long.server_command).toBeCloseTo(0.07);
    expect(long.server_and_kernel).toBe(0);
  });
});
