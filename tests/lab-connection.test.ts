/** Hosts reached by real OpenSSH: what works, what is said where it does not, and what is left when an end dies. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { measureClocks } from '../experiments/agent/clocks.ts';
import { connect, type HostConnection } from '../experiments/agent/connection.ts';
import { putFile } from '../experiments/agent/file-transfer.ts';
import type { HostAccess } from '../experiments/agent/launch.ts';
import { runThere } from '../experiments/agent/run-there.ts';
import {
  CHECKOUT,
  INTERFACE,
  LabRig,
  mayMakeLab,
  OTHER_USER,
  PREFIX_BITS,
  type RigHost,
  type RigHostName,
} from './lab-rig.ts';
import { root } from './source-tree.ts';

/** A link that is cut is noticed within five seconds; after ten no process is left. */
const GONE_MS = 10_000;

describe.runIf(mayMakeLab())('hosts over ssh (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  const host = (name: RigHostName): RigHost => rig.hosts[name];
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig.close());

  async function connected(access: HostAccess): Promise<HostConnection> {
    const connection = await connect(access);
    onTestFinished(() => connection.close());
    return connection;
  }

  async function sleeper(connection: HostConnection) {
    const { folder } = await connection.ask('folder', { shared: false });
    const [stdoutFile, stderrFile] = [`${folder}/stdout`, `${folder}/stderr`];
    const argv = ['sh', '-c', 'setsid sleep 600 & exec sleep 600'] as const;
    const started = await connection.start({
      argv: [...argv],
      cores: [],
      cwd: folder,
      env: {},
      stdoutFile,
      stderrFile,
    });
    return { started, folder };
  }

  async function untilEmpty(...names: RigHostName[]): Promise<void> {
    const until = performance.now() + GONE_MS;
    while (names.some((name) => host(name).processes().length > 0)) {
      if (performance.now() > until) {
        expect(names.map((name) => host(name).processes())).toEqual(names.map(() => []));
      }
      await sleep(50);
    }
  }

  it('do what they are asked, at one time, in folders with spaces, and keep nothing', async () => {
    const names = ['server0', 'client0', 'client1'] as const;
    const reached = await Promise.all(
      names.map(async (name) => ({
        there: host(name),
        connection: await connected(host(name).access({ env: { WORD: 'a b' } })),
      })),
    );
    const made = await Promise.all(reached.map(({ connection }) => sleeper(connection)));
    for (const { there, connection } of reached) {
      const facts = await connection.ask('examine', { programs: [], products: [] });
      expect(facts.interfaces[INTERFACE]).toContain(`${there.address}/${PREFIX_BITS}`);
      const said = await runThere(connection, ['sh', '-c', 'echo "$WORD"; pwd'], 60_000);
      expect(said.stdout).toMatch(new RegExp(`^a b\n${there.folder}/tmp/bypassbench-run-`));
      const { realtime } = await measureClocks(connection);
      expect(Math.abs(realtime.offset_ns)).toBeLessThanOrEqual(realtime.bound_ns);
    }
    for (const { connection } of reached) await connection.close();
    await untilEmpty(...names);
    expect(made.map(({ folder }) => existsSync(folder))).toEqual([false, false, false]);
  });

  it('serve a user without root', async () => {
    const connection = await connected(host('client0').access({ user: OTHER_USER }));
    const said = await runThere(connection, ['id', '-un'], 60_000);
    expect(said.stdout).toBe(`${OTHER_USER}\n`);
    await expect(
      connection.ask('set_sysctls', { values: { 'net.ipv4.ip_forward': '0' } }),
    ).rejects.toMatchObject({
      code: 'HOST_REQUEST_REFUSED',
      message: expect.stringContaining('EACCES'),
    });
  });

  it.each([
    ['no.such.name.invalid', 'HOST_NAME_UNKNOWN', 'no.such.name.invalid'],
    ['locked', 'HOST_LOGIN_REFUSED', 'ssh.identity'],
    ['unknown', 'HOST_KEY_UNKNOWN', "'ssh unknown'"],
    ['changed', 'HOST_KEY_CHANGED', 'ssh-keygen -R changed'],
    ['refused', 'HOST_REFUSED', 'does sshd run'],
    ['down', 'HOST_DOWN', 'is it up'],
  ])('that cannot be reached are told by kind: %s', async (target, code, remedy) => {
    const message = expect.stringContaining(remedy);
    await expect(connect(host('server0').access({ target }))).rejects.toMatchObject({ code, message });
  });

  it('without bypassbench are told to be set up', async () => {
    const message = expect.stringContaining('bypassbench lab setup server0');
    const code = 'HOST_NOT_SET_UP';
    for (const folder of ['~/none', '/']) {
      await expect(connect(host('server0').access({ folder }))).rejects.toMatchObject({ code, message });
    }
  });

  it('with another version are told both, and to be set up', async () => {
    const folder = path.join(rig.folder, 'other');
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=rig', '-c', 'user.email=rig@localhost', ...words], {
        encoding: 'utf8',
      }).trim();
    execFileSync('git', ['clone', '--quiet', '--shared', '--no-checkout', root, folder]);
    const other = git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'another');
    const own = git('rev-parse', 'HEAD');
    git('update-ref', 'HEAD', other);
    copyTree(folder);
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const failure = await connect(host('server0').access({ folder })).catch((error) => error);
    expect(failure).toMatchObject({ code: 'HOST_VERSION' });
    for (const words of [own.slice(0, 12), other.slice(0, 12), 'bypassbench lab setup server0']) {
      expect(failure.message).toContain(words);
    }
  });

  /** The files of this checkout as they are. */
  function copyTree(folder: string): void {
    const script =
      'git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$0"';
    execFileSync('sh', ['-c', script, folder], { cwd: root, stdio: 'pipe' });
  }

  it('that are slow to start are waited for, and that is said; not for ever', async () => {
    const folder = path.join(rig.folder, 'slow');
    mkdirSync(path.join(folder, 'bin'), { recursive: true });
    const program = path.join(folder, 'bin/bypassbench');
    writeFileSync(
      program,
      `#!/bin/sh\nprintf 'Hello\\nWelcome!'\nsleep 6\nexec '${CHECKOUT}/bin/bypassbench' "$@"\n`,
    );
    chmodSync(program, 0o755);
    const said: string[] = [];
    const connection = await connect(host('server0').access({ folder }), { say: (line) => said.push(line) });
    await connection.close();
    // What a login prints without a line's end stands before the first word. A tree with changes is spoken of, too.
    expect(said).toContain('host server0 is slow to answer');
    await expect(connect(host('server0').access({ folder }), { patienceMs: 3000 })).rejects.toMatchObject({
      code: 'HOST_SILENT',
      message: expect.stringMatching(/3 s\n {2}Hello/),
    });
    await untilEmpty('server0');
  });

  it('without space say so, and keep no part of a file', async () => {
    const small = path.join(host('client1').folder, 'small');
    mkdirSync(small);
    host('client1').run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small);
    const connection = await connected(host('client1').access({ env: { TMPDIR: small } }));
    const { folder } = await connection.ask('folder', { shared: false });
    const large = path.join(rig.folder, 'large');
    writeFileSync(large, Buffer.alloc(3_000_000, 1));
    await expect(putFile(connection, large, `${folder}/large`)).rejects.toMatchObject({
      code: 'HOST_NO_SPACE',
      message: expect.stringContaining('TMPDIR'),
    });
    expect(host('client1').run('ls', folder)).toBe('');
    writeFileSync(large, 'small');
    await putFile(connection, large, `${folder}/large`);
    expect(host('client1').run('cat', `${folder}/large`)).toBe('small');
  });

  it('whose agent is killed are lost, and keep nothing that it started', async () => {
    const connection = await connected(host('server0').access());
    const { started } = await sleeper(connection);
    // Its own, whatever agent of before has not ended yet.
    const { pid } = await connection.ask('hello', {});
    host('server0').run('kill', '-KILL', `${pid}`);
    expect(await connection.ended).toMatchObject({
      code: 'HOST_LOST',
      message: expect.stringContaining('SIGKILL'),
    });
    expect(await started.ended).toBe('was lost with its host');
    // What has left the process group of what it started is found by the next.
    await (await connect(host('server0').access())).close();
    await untilEmpty('server0');
  });

  it('whose link is cut are lost at both ends, while others go on', async () => {
    const [cut, other] = await Promise.all(
      ['client0', 'client1'].map((name) => connected(host(name as RigHostName).access())),
    );
    const { started } = await sleeper(cut!);
    rig.setLink('client0', 'down');
    onTestFinished(() => rig.setLink('client0', 'up'));
    const asked = cut!.ask('hello', {}).catch((error) => error);
    expect(await cut!.ended).toMatchObject({ code: 'HOST_LOST' });
    expect(await asked).toMatchObject({ code: 'HOST_LOST' });
    expect(await started.ended).toBe('was lost with its host');
    await untilEmpty('client0');
    expect((await other!.ask('hello', {})).version).toBeDefined();
  });

  it.each([false, true])(
    'keep nothing of a controller that is killed; its link cut as well: %s',
    async (isCut) => {
      const controller: ChildProcess = spawn(
        process.execPath,
        [
          path.join(root, 'tests/lab-controller.ts'),
          ...(['server0', 'client0'] as const).map((name) => JSON.stringify(host(name).access())),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(controller.stdout!, 'data');
      expect(host('server0').processes().length).toBeGreaterThan(3);
      if (isCut) {
        rig.setLink('client0', 'down');
        onTestFinished(() => rig.setLink('client0', 'up'));
      }
      controller.kill('SIGKILL');
      await untilEmpty('server0', 'client0');
    },
  );
});
