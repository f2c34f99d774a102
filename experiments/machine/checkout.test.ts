/** Checkouts of commits and folders, on a small repository that has a set-up of its own. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { commandPath, gitState, isPath, openCheckouts, ownCheckout } from './checkout.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'checkout-test-'));
  folders.push(folder);
  return folder;
}

/** Counts its runs beside the worktree, and prints. */
const goodSetup = `
import { appendFileSync } from 'node:fs';
appendFileSync('../runs-of-setup', '.');
console.log('something was installed');`;

class Repository {
  readonly folder = createFolder();
  readonly lines: string[] = [];

  git(...args: string[]) {
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    return execa('git', [...author, ...args], { cwd: this.folder });
  }

  /** A commit with this set-up and command; its hash. */
  async commit(setup: string, command = '#!/bin/sh\nexit 0\n'): Promise<string> {
    if (!existsSync(path.join(this.folder, '.git'))) await this.git('init', '--quiet');
    for (const name of ['bin', 'scripts']) mkdirSync(path.join(this.folder, name), { recursive: true });
    writeFileSync(path.join(this.folder, 'scripts', 'setup.mjs'), setup);
    writeFileSync(path.join(this.folder, 'bin', 'bypassbench'), command);
    chmodSync(path.join(this.folder, 'bin', 'bypassbench'), 0o755);
    writeFileSync(path.join(this.folder, '.gitignore'), '.checkouts/\n');
    await this.git('add', '.');
    await this.git('commit', '--quiet', '--message', 'a commit');
    return (await this.git('rev-parse', 'HEAD')).stdout;
  }

  open(...systems: { name: string; checkout?: string }[]) {
    const subjects = { systems: systems.map((system) => ({ ...system, floor: [] })), floors: [] };
    return openCheckouts(subjects, (line) => this.lines.push(line), this.folder);
  }

  inCache(name: string): string {
    return path.join(this.folder, '.checkouts', name);
  }
}

test('our own command is that of the checkout that is meant, any other that of the PATH', () => {
  const other = { folder: '/other', git: { commit: null, dirty: false }, loadOptions: new Set<string>() };
  expect(commandPath('bypassbench', undefined)).toBe(path.join(ownCheckout, 'bin', 'bypassbench'));
  expect(commandPath('bypassbench', other)).toBe('/other/bin/bypassbench');
  expect(commandPath('redis-server', other)).toBe('redis-server');
  expect(commandPath('built:redis-server', other)).toBe('redis-server');
});

test('the commit of this checkout', async () => {
  const { commit } = await gitState(ownCheckout);
  expect(commit).toSatisfy((value) => value === null || /^[0-9a-f]{40,64}$/.test(value as string));
});

test.each([
  ['.', true],
  ['..', true],
  ['./a', true],
  ['../a', true],
  ['/a', true],
  ['5fe8fa9', false],
  ['feature/x', false],
  ['v1.0', false],
])('%s is a path: %s', (wanted, expected) => {
  expect(isPath(wanted)).toBe(expected);
});

test('a commit is checked out beside and set up once, however often it is named', async () => {
  const repository = new Repository();
  const first = await repository.commit(goodSetup);
  const second = await repository.commit(`${goodSetup}\n// changed`);
  const systems = [
    { name: 'this' },
    { name: 'before', checkout: first.slice(0, 7) },
    { name: 'before-again', checkout: first.slice(0, 7) },
  ];
  const checkouts = await repository.open(...systems);
  expect([...checkouts.keys()]).toEqual(['before', 'before-again']);
  const name = first.slice(0, 12);
  expect(checkouts.get('before')).toEqual({
    folder: repository.inCache(name),
    git: { commit: first, dirty: false },
    loadOptions: new Set(),
  });
  expect(readFileSync(repository.inCache(`${name}/scripts/setup.mjs`), 'utf8')).toBe(goodSetup);
  expect(readFileSync(repository.inCache(`${name}.setup.log`), 'utf8')).toContain('something was installed');
  expect(repository.lines).toEqual([
    `.checkouts/${name}: checked out; its set-up runs (log: .checkouts/${name}.setup.log)`,
    expect.stringMatching(/: set up in \d+ s$/),
  ]);

  const again = await repository.open({ name: 'x', checkout: first }, { name: 'y', checkout: 'HEAD' });
  expect(again.get('x')!.folder).toBe(checkouts.get('before')!.folder);
  expect(again.get('y')!.git.commit).toBe(second);
  expect(readFileSync(repository.inCache('runs-of-setup'), 'utf8')).toBe('..');
});

test('files changed in the worktree are reported, and one at another commit is refused', async () => {
  const repository = new Repository();
  const first = await repository.commit(goodSetup);
  const second = await repository.commit(`${goodSetup}\n// changed`);
  const { folder } = (await repository.open({ name: 'x', checkout: first })).get('x')!;
  writeFileSync(path.join(folder, 'bin', 'bypassbench'), 'changed');
  expect((await repository.open({ name: 'x', checkout: first })).get('x')!.git.dirty).toBe(true);
  await execa('git', ['checkout', '--quiet', '--force', second], { cwd: folder });
  await expect(repository.open({ name: 'x', checkout: first })).rejects.toMatchObject({
    code: 'CHECKOUT_INVALID',
    message: expect.stringContaining('is not at the commit that it is named after'),
  });
});

test('a worktree whose folder was removed is made again', async () => {
  const repository = new Repository();
  const commit = await repository.commit(goodSetup);
  const { folder } = (await repository.open({ name: 'x', checkout: commit })).get('x')!;
  rmSync(folder, { recursive: true });
  await repository.open({ name: 'x', checkout: commit });
  expect(readFileSync(repository.inCache('runs-of-setup'), 'utf8')).toBe('..');
});

test('a set-up that fails shows the end of its log, and is tried again', async () => {
  const repository = new Repository();
  const commit = await repository.commit(`console.log('no network'); process.exitCode = 1;`);
  const attempt = () => repository.open({ name: 'x', checkout: commit });
  for (let tried = 0; tried < 2; tried++) {
    await expect(attempt()).rejects.toMatchObject({
      code: 'CHECKOUT_SETUP_FAILED',
      message: expect.stringMatching(
        /^the set-up of \.checkouts\/\w{12} failed; its log, .*, ends:\n {2}no network$/,
      ),
    });
  }
});

test('what is no commit, and a copy that is no clone', async () => {
  const repository = new Repository();
  await repository.commit(goodSetup);
  await expect(repository.open({ name: 'x', checkout: 'no-such-tag' })).rejects.toMatchObject({
    code: 'CHECKOUT_UNKNOWN',
    message: expect.stringMatching(/^checkout no-such-tag is no commit, tag or branch of this clone: /),
  });
  await expect(
    openCheckouts(
      { systems: [{ name: 'x', checkout: 'main', floor: [] }], floors: [] },
      () => {},
      createFolder(),
    ),
  ).rejects.toMatchObject({
    code: 'CHECKOUT_UNKNOWN',
    message: expect.stringContaining('is no git clone'),
  });
});

test('a folder is used as it is, if it is a checkout and set up', async () => {
  const repository = new Repository();
  const command = '#!/bin/sh\n[ "$1" != load ] || echo "  --core <n>  pin; not --server_core"\n';
  const commit = await repository.commit('', command);
  const checkouts = await openCheckouts(
    {
      systems: [
        { name: 'y', floor: ['of-none'] },
        { name: 'x', checkout: repository.folder, floor: ['floor', 'of-none'] },
      ],
      floors: [{ name: 'floor' }, { name: 'of-none' }],
    },
    () => {},
  );
  expect(checkouts.get('x')).toEqual({
    folder: repository.folder,
    git: { commit, dirty: false },
    loadOptions: new Set(['--core', '--server']),
  });
  expect(checkouts.get('floor')).toBe(checkouts.get('x'));
  expect(checkouts.has('of-none')).toBe(false);

  await repository.commit('', '#!/bin/sh\necho its own Node is missing >&2\nexit 1\n');
  await expect(repository.open({ name: 'x', checkout: repository.folder })).rejects.toMatchObject({
    code: 'CHECKOUT_INVALID',
    message: expect.stringMatching(/does not start \(its own Node is missing\): run 'npm run setup' there$/),
  });
  const empty = createFolder();
  await expect(repository.open({ name: 'x', checkout: empty })).rejects.toMatchObject({
    code: 'CHECKOUT_INVALID',
    message: expect.stringContaining(`checkout ${empty} is no checkout of bypassbench`),
  });
});
