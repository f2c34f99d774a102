import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_LINE_BYTES } from './lines.ts';
import { CHUNK_BYTES, lineOf, readAnswer, readFromAgent, readRequest } from './protocol.ts';

describe('a request', () => {
  it('is read with what it asks', () => {
    const asked = { process: 7, signal: 'SIGSTOP' };
    expect(readRequest('{"id":3,"ask":"signal","with":{"process":7,"signal":"SIGSTOP"}}')).toEqual({
      message: { id: 3, ask: 'signal', asked },
    });
  });

  it.each([
    ['no JSON', 'hello', null, 'LINE_NOT_JSON'],
    ['JSON that is cut off', '{"id":3,', null, 'LINE_NOT_JSON'],
    ['a number', '3', null, 'REQUEST_INVALID'],
    ['null', 'null', null, 'REQUEST_INVALID'],
    ['without an id', '{"ask":"beat","with":{}}', null, 'REQUEST_INVALID'],
    ['without a name', '{"id":3,"with":{}}', 3, 'REQUEST_INVALID'],
    ['unknown', '{"id":3,"ask":"format","with":{}}', 3, 'REQUEST_UNKNOWN'],
    ['of the name of a method of all objects', '{"id":3,"ask":"toString","with":{}}', 3, 'REQUEST_UNKNOWN'],
    ['without what it needs', '{"id":3,"ask":"stop","with":{"process":1}}', 3, 'REQUEST_INVALID'],
    ['with a wrong type', '{"id":3,"ask":"stop","with":{"process":"1","grace_ms":1}}', 3, 'REQUEST_INVALID'],
    ['that starts nothing', lineOf({ id: 3, ask: 'start', with: start([]) }), 3, 'REQUEST_INVALID'],
    [
      'for more than a chunk',
      lineOf({ id: 3, ask: 'read', with: read(CHUNK_BYTES + 1) }),
      3,
      'REQUEST_INVALID',
    ],
  ])('that is %s is refused, with the id where it has one', (_what, line, to, code) => {
    expect(readRequest(line)).toMatchObject({ to, refused: { code } });
  });

  it('is never an exception, whatever comes', () => {
    fc.assert(fc.property(fc.json(), (line) => void readRequest(line)));
    fc.assert(fc.property(fc.string(), (line) => void readRequest(line)));
  });

  it('says where it is wrong', () => {
    const line = lineOf({ id: 3, ask: 'start', with: { ...start(['true']), cores: [0, -1] } });
    expect(readRequest(line)).toMatchObject({
      refused: { message: expect.stringContaining('start: cores.1') },
    });
  });

  it('with a whole chunk fits into a line', () => {
    const data = Buffer.alloc(CHUNK_BYTES, 0xff).toString('base64');
    const line = lineOf({
      id: 2 ** 53 - 1,
      ask: 'write',
      with: { file: 'x'.repeat(4096), offset: 0, data, fresh: true },
    });
    expect(line.length).toBeLessThan(LONGEST_LINE_BYTES);
    expect(readRequest(line)).toHaveProperty('message');
  });
});

function start(argv: string[]): object {
  return {
    argv,
    cores: [],
    cwd: '/',
    env: {},
    takes_input: false,
    stdout_file: '/dev/null',
    stderr_file: '/dev/null',
  };
}

function read(bytes: number): object {
  return { file: '/dev/null', offset: 0, bytes };
}

describe('a line of the agent', () => {
  it.each([
    '{"event":"greeting","protocol":1}',
    '{"event":"ended","process":1,"end":"exited with code 0"}',
    '{"to":1,"answer":{"port":7}}',
    '{"to":1,"refused":{"code":"ENOENT","message":"no such file"}}',
    '{"to":null,"refused":{"code":"LINE_NOT_JSON","message":"x"}}',
  ])('is read: %s', (line) => {
    expect(readFromAgent(line)).toEqual({ message: JSON.parse(line) });
  });

  it.each(['Welcome to node0!', '{"event":"lunch"}', '{"to":"1","answer":{}}', '[]'])(
    'is none: %s',
    (line) => {
      expect(readFromAgent(line)).toHaveProperty('refused');
    },
  );

  it('answers what was asked, or is refused', () => {
    expect(readAnswer('port', { port: 7 })).toEqual({ message: { port: 7 } });
    expect(readAnswer('port', { pid: 7 })).toMatchObject({
      refused: { message: expect.stringContaining('port') },
    });
  });
});
