import { describe, expect, it } from 'vitest';
import { LibosError } from '../../errors.ts';
import { NO_IMPAIRMENT, parseImpairment } from './impairment.ts';

describe('parseImpairment', () => {
  it('reads what is named and leaves the rest', () => {
    expect(parseImpairment('loss=0.01,duplicate=0.02,reorder=.03,corrupt=1e-3,seed=7')).toEqual({
      ...NO_IMPAIRMENT,
      loss: 0.01,
      duplicate: 0.02,
      reorder: 0.03,
      corrupt: 0.001,
      seed: 7,
    });
    expect(parseImpairment(' reorder = 1 , reorder_delay_us = 12.5 ')).toEqual({
      ...NO_IMPAIRMENT,
      reorder: 1,
      reorderDelayUs: 12.5,
    });
    expect(parseImpairment('delay_us=20000,jitter_us=500.5,queue_frames=10')).toEqual({
      ...NO_IMPAIRMENT,
      delayUs: 20_000,
      jitterUs: 500.5,
      queueFrames: 10,
    });
  });

  it.each([
    ['', 'loss, duplicate, reorder, reorder_delay_us, corrupt, delay_us, jitter_us, queue_frames, seed'],
    ['lost=0.1', "no 'lost'"],
    ['toString=0.1', "no 'toString'"],
    ['loss=0.1,', "no ''"],
    ['loss=0.1,loss=0.2', 'loss is given twice'],
    ['loss', 'a probability from 0 to 1'],
    ['loss=', 'a probability from 0 to 1'],
    ['loss=1=1', 'a probability from 0 to 1'],
    ['loss=1.01', 'a probability from 0 to 1'],
    ['corrupt=-0.1', 'a probability from 0 to 1'],
    ['loss=0x1', 'a probability from 0 to 1'],
    ['loss=1%', 'a probability from 0 to 1'],
    ['seed=1.5', 'an integer from 0 on'],
    ['seed=1e300', 'an integer from 0 on'],
    ['reorder_delay_us=1e12', 'microseconds from 0 to 1e9'],
    ['delay_us=20ms', 'microseconds from 0 to 1e9, as in delay_us=20000'],
    ['jitter_us=-1', 'microseconds from 0 to 1e9'],
    ['queue_frames=0', 'an integer from 1 to 1e6'],
    ['queue_frames=1e7', 'an integer from 1 to 1e6'],
    ['queue_frames=1.5', 'an integer from 1 to 1e6'],
  ])('refuses %j and says what is allowed', (text, detail) => {
    expect(() => parseImpairment(text)).toThrow(LibosError);
    expect(() => parseImpairment(text)).toThrow(detail);
    expect(() => parseImpairment(text)).toThrow('INVALID_ARGUMENT');
  });
});
