import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentCommand, carriedBy, folderInShell, type HostAccess, quoted } from './launch.ts';

const plain = { user: null, port: null, identity: null, jump: null };
const access = (given: Partial<HostAccess>): HostAccess => ({
  name: 'server0',
  launcher: 'ssh',
  ssh: { host: 'node0', ...plain },
  node: null,
  folder: '~/bypassbench',
  env: {},
  ...given,
});

describe('the command line', () => {
  it('of ssh leaves to ssh what is not said', () => {
    const words = carriedBy(access({}), 'true');
    expect(words.slice(0, 3)).toEqual(['ssh', '-T', '-x']);
    expect(words.slice(-3)).toEqual(['--', 'node0', "exec sh -c 'true'"]);
    expect(words).toContain('BatchMode=yes');
    for (const flag of ['-l', '-p', '-i', '-J', 'IdentitiesOnly=yes']) expect(words).not.toContain(flag);
  });

  it('of ssh says what is said', () => {
    const ssh = { host: 'node0', user: 'me', port: 2222, identity: '~/.ssh/id lab', jump: 'gate:22,inner' };
    const words = carriedBy(access({ ssh }), 'true').join(' ');
    expect(words).toContain(
      'IdentitiesOnly=yes -l me -p 2222 -i ~/.ssh/id lab -J gate:22,inner -- node0 exec',
    );
  });

  it('of ssh takes no host for an option', () => {
    const words = carriedBy(access({ ssh: { ...plain, host: '-oProxyCommand=touch /tmp/x' } }), 'true');
    expect(words.at(-3)).toBe('--');
  });

  it('of srun is one task on the node, with our input', () => {
    const words = carriedBy(access({ launcher: 'srun', ssh: null, node: 'c6525-1' }), 'true; false').join(
      ' ',
    );
    expect(words).toMatch(/^srun --nodelist=c6525-1 .*--ntasks=1 .*--input=0 .* sh -c true; false$/);
  });

  it('on this machine is a shell', () => {
    expect(carriedBy(access({ launcher: 'local' }), 'true')).toEqual(['sh', '-c', 'true']);
  });
});

describe('words for a shell', () => {
  const shell = (script: string, env: Record<string, string> = {}): string =>
    execFileSync('sh', ['-c', script], { encoding: 'utf8', env });

  it('are what they were, whatever is in them', () => {
    const text = fc.string({ unit: 'binary-ascii' }).filter((one) => !one.includes('\0'));
    const many = fc.sample(text, { numRuns: 200, seed: 1 });
    const wanted = [...many, `zwölf 語 it's "$HOME" \`x\` \\ !`, '', '-n', 'a\nb'];
    // A shell passes on bytes, and surrogates by themselves have none.
    const passable = wanted.map((one) => one.toWellFormed());
    const printed = shell(`printf '%s\\0' ${passable.map(quoted).join(' ')}`);
    expect(printed.split('\0').slice(0, -1)).toEqual(passable);
  });

  it('have the home for a tilde at the beginning only', () => {
    const of = (folder: string) => shell(`printf %s ${folderInShell(folder)}`, { HOME: '/home/my self' });
    expect(of('~/by pass')).toBe('/home/my self/by pass');
    expect(of('~')).toBe('/home/my self');
    expect(of('/x/~')).toBe('/x/~');
    expect(of('$HOME')).toBe('$HOME');
  });

  it('of an agent have its variables, and say why there is none', () => {
    const run = (folder: string): number | null => {
      try {
        execFileSync('sh', ['-c', agentCommand({ folder, env: { TMPDIR: "it's" } })], { stdio: 'ignore' });
        return 0;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
    expect(run('/there/is/none')).toBe(90);
    expect(run('/')).toBe(91);
    expect(agentCommand({ folder: 'x', env: { TMPDIR: "it's" } })).toContain(
      `export TMPDIR='it'\\''s'; bin/`,
    );
  });
});
