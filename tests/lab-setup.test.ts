/** `bypassbench lab setup` over real OpenSSH, of a small checkout: what is brought, and what is said if it is not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setUpHost } from '../experiments/lab-setup.ts';
import { LabRig, mayMakeLab, OTHER_USER } from './lab-rig.ts';

describe.runIf(mayMakeLab())('lab setup (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  const repository = mkdtempSync(path.join(os.tmpdir(), 'lab-setup-test-'));
  beforeAll(async () => {
    rig = await LabRig.make();
    mkdirSync(path.join(repository, 'scripts'));
    git('init', '--quiet');
    commit('one');
  });
  afterAll(async () => {
    rmSync(repository, { recursive: true });
    await rig?.close();
  });

  function git(...words: string[]): string {
    const author = ['-c', 'user.name=rig', '-c', 'user.email=rig@localhost'];
    return execFileSync('git', ['-C', repository, ...author, ...words], { encoding: 'utf8' }).trim();
  }

  /** Its set-up says who it is, where it is, and one variable; it fails with `1` where it is told to. */
  function commit(word: string, exitCode = 0): string {
    const script = `console.log('${word}', process.cwd(), process.env.WORD); process.exit(${exitCode});\n`;
    writeFileSync(path.join(repository, 'scripts/setup.mjs'), script);
    git('add', 'scripts');
    git('commit', '--quiet', '--allow-empty', '-m', word);
    return git('rev-parse', 'HEAD');
  }

  const env = { WORD: "it's", PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin` };
  const access = (folder: string) => rig.hosts.client0.access({ folder, user: OTHER_USER, env });

  async function setUp(folder: string): Promise<string[]> {
    const said: string[] = [];
    await setUpHost(access(folder), { repository, say: (line) => said.push(line) });
    return said;
  }

  it('brings the commit into a folder with spaces, and what is new of the next one, and runs its set-up', async () => {
    const first = git('rev-parse', 'HEAD');
    const home = path.join(rig.folder, 'home');
    writeFileSync(path.join(repository, 'not-committed'), 'stays here');
    const said = await setUp('~/by pass/bench');
    expect(said[0]).toBe(`client0: commit ${first.slice(0, 12)} is brought to ~/by pass/bench`);
    expect(said).toContain(`client0: one ${home}/by pass/bench it's`);
    expect(rig.hosts.client0.run('ls', `${home}/by pass/bench`)).toBe('scripts\n');

    expect((await setUp('~/by pass/bench'))[0]).toBe(`client0: is at commit ${first.slice(0, 12)}`);

    const second = commit('two');
    expect((await setUp('~/by pass/bench'))[0]).toContain(second.slice(0, 12));
    writeFileSync(path.join(home, 'by pass/bench/scripts/setup.mjs'), 'changed there');
    commit('three');
    await expect(setUp('~/by pass/bench')).rejects.toMatchObject({
      code: 'HOST_SETUP_FAILED',
      message: expect.stringContaining('scripts/setup.mjs'),
    });
  });

  it.each([
    ['a set-up that fails', { folder: '~/failing' }, 'HOST_SETUP_FAILED', /four .*failing/s],
    ['a folder that holds something else', { folder: '/etc' }, 'HOST_SETUP_FAILED', /holds something else/],
    ['a folder that may not be made', { folder: '/of-root' }, 'HOST_SETUP_FAILED', /Permission denied/],
    [
      'a host without git',
      { folder: '~/x', env: { ...env, PATH: '/nowhere' } },
      'HOST_SETUP_FAILED',
      /has no git/,
    ],
    ['a host that is down', { folder: '~/x', target: 'refused' }, 'HOST_REFUSED', /does sshd run/],
  ])('says what is wrong: %s', async (_what, given, code, told) => {
    commit('four', 1);
    const wrong = rig.hosts.client0.access({ user: OTHER_USER, env, ...given });
    const failure = setUpHost(wrong, { repository, say: () => {} });
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(told) });
  });
});
