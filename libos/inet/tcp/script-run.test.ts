/** What a script of segments tells when the stack does not do what it says, or when it says what cannot be done. */
import { describe, expect, it } from 'vitest';
import { doScript } from './test-script-files.ts';
import { parseScript } from './test-script-parser.ts';

/** The heading takes two lines, so that the body begins at the third. */
function faultOf(body: string): string {
  const script = parseScript(`rule: a\nsource: b\n${body}`);
  try {
    doScript(script, 'a.segments');
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('a script whose segments come', () => {
  it('passes, whatever a line leaves out', () => {
    const body = `listen
      < S mss 1000 sackok
      > S. 0 ack 1 win 65535 mss 1460 sackok no ts no wscale
      < 1 ack 1 win 3000
      accept
      push 5000
      > 1:3001 ack 1 by 1000
      +50us < 1 ack 3001 win 3000
      > 3001:5001
      @900us < ack 5001`;
    expect(faultOf(body)).toBe('none');
  });
});

describe('a script is failed, with its line,', () => {
  it('by a segment that is another, which is told with what is different and with the exchange', () => {
    expect(faultOf('established mss 1000 win 2000\npush 500\n> 1:1001 ack 2 win 5')).toBe(
      `a.segments:5: expected > 1:1001 ack 2 win 5
  but ack is 1, not 2, win is 65535, not 5:
    > P. 1:501 ack 1 win 65535
  the exchange until then:
           0ms  < S 0 win 2000 mss 1000
           0ms  > S. 0 ack 1 win 65535 mss 1460
           0ms  < 1 ack 1 win 2000
           0ms  push 500
           0ms  > P. 1:501 ack 1 win 65535`,
    );
  });

  it.each([
    ['other numbers', '> 2:502', 'the sequence number is 1, not 2'],
    ['more of it', '> 1:601', 'only 1:501 came'],
    ['less of it', '> 1:401', 'its length is 500, not 400'],
    ['smaller segments', '> 1:501 by 100', 'its length is 500, not 100'],
    ['another flag', '> F 1:501', 'the flags is none, not F'],
    ['no flag', '> SP 1:501 ack 1', 'the flags is P, not SP'],
    ['an option', '> 1:501 sackok', 'it has no sackok'],
    ['timestamps', '> 1:501 ts', 'that it has ts is false, not true'],
    ['SACK blocks', '> 1:501 sack 5:9', 'sack is none, not 5:9'],
    ['no ACK', '> R 1:501', 'it has an ACK'],
    ['another port', '> 1:501 to 7', 'its ports are others'],
    ['another time', '+5ms > 1:501', 'but at 0ms came'],
    ['nothing', '', 'nothing was to be sent at the end of the script, but at 0ms came'],
    ['nothing before the next line', '< ack 1', 'nothing was to be sent before "< ack 1"'],
    ['nothing for a while', 'nothing for 1ms', 'nothing was to be sent in "nothing for 1ms"'],
  ])('that expects %s', (_, line, fault) => {
    expect(faultOf(`established mss 1000\npush 500\n${line}`)).toContain(fault);
  });

  it.each([
    ['comes too late', '+49ms > 1:501', 'nothing came until 49ms'],
    ['comes too early', '+51ms > 1:501', 'expected > 1:501 at 51ms\n  but at 50ms came'],
    ['comes before a range', '+51ms..60ms > 1:501', 'expected > 1:501 at 51ms to 60ms\n  but at 50ms came'],
    ['comes after a range', '+30ms..49ms > 1:501', 'nothing came until 49ms'],
    [
      'comes while nothing is to',
      '+51ms < ack 501',
      'nothing was to be sent before "< ack 501", but at 50ms came',
    ],
    ['comes twice', '+50ms > 1:501\n> 1:501', 'nothing came until 50ms'],
    ['is later than its line', 'nothing for 20ms\n@10ms < ack 501', 'it is later already: 20ms'],
  ])('when the segment %s', (_, lines, fault) => {
    expect(faultOf(`established mss 1000\npush 500\n> 1:501\n${lines}`)).toContain(fault);
  });

  it('in the middle of what several segments make up', () => {
    const fault = faultOf('established mss 1000 win 3000\npush 2500\n> 1:3001');
    expect(fault).toContain('expected > 1:3001\n  but its length is 500, not 1000:\n    > P. 2001:2501');
    expect(faultOf('established mss 1000 win 3000\npush 3000\n> 1:2001')).toContain(
      'at the end of the script',
    );
  });

  it.each([
    ['state', 'state CLOSED', 'the state is ESTABLISHED, not CLOSED'],
    ['error', '! TIMED_OUT', 'the error is none, not TIMED_OUT'],
    ['window', 'cwnd 9000', 'cwnd is 10000, not 9000'],
    ['time', 'rto 51ms', 'rto is 50ms, not 51ms'],
    ['measurement', 'srtt none', 'srtt is 0ms, not none'],
    ['recovery', 'recovery fast', 'recovery is open, not fast'],
    ['counter', 'counter probes 1', 'probes is 0, not 1'],
    ['counter that is none', 'counter colour 1', '"colour" is none of the counters segments-received'],
    ['listener', 'complete 1', 'complete is 0, not 1'],
  ])('by another %s', (_, line, fault) => {
    expect(faultOf(`established mss 1000\n${line}`)).toContain(`a.segments:4: ${fault}`);
  });

  it.each([
    ['takes a connection that is not complete', 'listen\naccept', '4: no connection is complete'],
    ['accepts without a listener', 'accept', '3: "accept" without "listen"'],
    ['pushes without a connection', 'push 5', '3: no connection: "connect" or "accept" comes before'],
    ['asks for the state of what is not there', '! none', '3: there is no connection'],
    ['pops more than has come', 'established\npop 5', '4: 0 bytes have come that nobody has read, not 5'],
    [
      'pops a part of an array',
      'established\n< 1:11 ack 1\npop 5 of 10',
      '5: pop hands out whole arrays: 10 bytes',
    ],
    ['pops the end before it has come', 'established\npop end', '4: the stream has not ended'],
    ['echoes what has not come', 'established\n< ack 1 ts ecr 5', '4: nothing that can be echoed has come'],
  ])('that %s', (_, body, fault) => {
    expect(faultOf(body)).toContain(`a.segments:${fault}`);
  });

  it('inside of what it repeats', () => {
    const fault = faultOf('established\nrepeat 3\n< R 5\n> ack 1\nend\nrepeat 2\npush 1\nend');
    expect(fault).toContain('a.segments:9: nothing was to be sent before "push 1"');
  });

  it.each([
    ['that is none', 'colour red', '"colour" is none of the options congestion, nagle'],
    ['without a unit', 'min-rto 50', '"50" is no time'],
    ['that says too much', 'min-rto 50ms, mtu none', '"none" is no number'],
  ])('by an option %s', (_, option, fault) => {
    const script = parseScript(`rule: a\nsource: b\noptions: ${option}\nlisten`);
    expect(() => doScript(script, 'a.segments')).toThrow(`a.segments:3: ${fault}`);
  });
});
