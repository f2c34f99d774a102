import { describe, expect, it } from 'vitest';
import { OptionReader, withBackendOption } from './backend-options.ts';
import { createLibos } from './every-backend.ts';

describe('a backend option', () => {
  it('is added to those before it; its value may be anything, also empty or with further equals signs', () => {
    const one = withBackendOption('device=memif');
    const three = withBackendOption('gateway=', withBackendOption('impair=loss=0.01,seed=7', one));
    expect(three).toEqual({ device: 'memif', impair: 'loss=0.01,seed=7', gateway: '' });
    expect(one).toEqual({ device: 'memif' });
  });

  it.each(['device', '=memif', 'Device=memif', 'de vice=memif', '-device=memif', ''])('is not %j', (text) => {
    expect(() => withBackendOption(text, {})).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`'${text}' is not KEY=VALUE`),
      }),
    );
  });

  it('cannot be given twice', () => {
    expect(() => withBackendOption('mtu=1500', { mtu: '9000' })).toThrow(
      "mtu is given twice, as '9000' and as '1500': give it once",
    );
  });

  it('is not one of an object that every object has', () => {
    expect(withBackendOption('constructor=x', {})).toEqual({ constructor: 'x' });
  });

  it('is refused where a backend has none of that name', () => {
    const reader = new OptionReader('wires', { mut: '9000' });
    expect(() => reader.checkKnown(['mtu', 'queues'])).toThrow(
      "there is no option 'mut'; there is mtu, queues",
    );
    reader.checkKnown(['mut']);
    const every = new OptionReader('wires', { constructor: 'x' });
    expect(() => every.checkNames({ mtu: ['a'] }, 'device', 'a')).toThrow("there is no option 'constructor'");
  });

  it('is refused by the kernel backend, which has none', () => {
    expect(() => createLibos({ backend: 'kernel', backendOptions: { mtu: '9000' } })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('the kernel backend takes no options: leave out mtu'),
      }),
    );
    createLibos({ backend: 'kernel', backendOptions: {} }).shutdown();
  });
});
