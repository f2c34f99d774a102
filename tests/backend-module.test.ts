/** Backends from outside: in commands, on all their threads and in both processes, and in an experiment. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import type { DoctorFinding } from '../libos/finding.ts';
import { calibrationFormat, loadResultFormat, stagesFormat } from '../results/formats/index.ts';
import { ExampleServers } from './example-servers.ts';
import { bypassbench, testRuns } from './experiments-campaign.ts';
import { writeOutsideBackend } from './outside-backend.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-outside-'));
const module = writeOutsideBackend(join(folder, 'package'));
const sockets = join(folder, 'sockets');
mkdirSync(sockets);
const overPipes = ['--backend-module', module, '-o', `folder=${sockets}`];
/** Threads that sleep leave the cores to other tests. */
const serverOverPipes = [...overPipes, '--idle', 'sleep'];
const loadOverPipes = [...overPipes, '--idle', 'sleep'];
const servers = new ExampleServers();

afterEach(() => servers.end());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  name?: string;
  backend?: string;
  files?: { package: string | null; version: string | null; sha256: string; count: number };
  code?: string;
  message?: string;
}

/** What became of modules that one process loads in this order; paths count from the folder of the test. */
async function outcomesOf(...references: string[]): Promise<Outcome[]> {
  const loader = join(import.meta.dirname, 'backend-module-loader.ts');
  const asked = JSON.stringify(references.map((reference) => [reference, folder]));
  return JSON.parse((await run(process.execPath, [loader, asked])).stdout) as Outcome[];
}

/** A module of one file, with a descriptor that is whole but for `changes`; returns its path from the folder. */
function written(file: string, changes: string, head = ''): string {
  const text = `import pipes from './package/index.js';\n${head}\nexport default { ...pipes, ${changes} };\n`;
  writeFileSync(join(folder, file), text);
  return `./${file}`;
}

describe('commands over a backend from outside', () => {
  it('serve and load go over it, with several threads of a load, and say its name', async () => {
    const ready = await servers.start(bypassbench, [
      'serve',
      '--frontend',
      'libos',
      '--port',
      '0',
      ...serverOverPipes,
    ]);
    expect(ready).toMatchObject({ backend: 'pipes', address: '127.0.0.1' });
    const out = join(folder, 'load');
    const load = [
      'load',
      '--target',
      `127.0.0.1:${ready.port}`,
      ...loadOverPipes,
      '--keys',
      '50',
      '--populate',
      '--reply-timeout-s',
      '100',
      '--warmup-s',
      '0.02',
    ];
    await run(bypassbench, [
      ...load,
      '--requests',
      '500',
      '--connections',
      '4',
      '--threads',
      '2',
      '--out',
      out,
    ]);
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({
      backend: 'pipes',
      operations: [{ operation: 'get', hits: 500, requests: 500 }],
    });
    expect(await servers.end()).toEqual([0]);
  });

  it('an echo server goes over it', async () => {
    const { port } = await servers.start(bypassbench, ['echo', ...serverOverPipes]);
    const load = ['load', '--protocol', 'echo', '--target', `127.0.0.1:${port}`, ...loadOverPipes];
    const { stdout } = await run(bypassbench, [...load, '--requests', '100', '--warmup-s', '0']);
    expect(stdout).toContain('echo');
  });

  it('its floor is measured by the program that it names', async () => {
    const program = join(import.meta.dirname, '../loadgen/floor/native/build/floor-sockets');
    const floored = written(
      'floored.js',
      `floor: {
        target: 'the same over TCP',
        program: () => ${JSON.stringify(program)},
        server: ({ requestBytes, replyBytes }) => [requestBytes, replyBytes],
        client: ({ requestBytes, replyBytes }, said) => [/ready (\\d+)/.exec(said)[1], requestBytes, replyBytes],
      }`,
    );
    const out = join(folder, 'floor');
    const floor = ['floor', 'module', '--backend-module', join(folder, floored), '--out', out];
    await run(bypassbench, [...floor, '--warmup-s', '0', '--duration-s', '0.2']);
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({ backend: 'pipes', target: 'the same over TCP' });
    expect(result.operations[0].requests).toBeGreaterThan(0);
    await expect(run(bypassbench, ['floor', 'module', '--backend-module', module])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the descriptor of pipes has no floor'),
    });
  });

  it('the doctor lists its options', async () => {
    const asked = ['doctor', '--backend-module', module, '--options'];
    const { stdout } = await run(bypassbench, [...asked, '--json']);
    expect(JSON.parse(stdout)).toEqual({
      pipes: { folder: { help: 'where the sockets lie', default: null } },
    });
    expect((await run(bypassbench, asked)).stdout).toMatch(/pipes.*folder.*where the sockets lie/);
  });

  it('the doctor tries what it says of itself, and goes on where that fails', async () => {
    const findings = async (of: string): Promise<DoctorFinding[]> =>
      JSON.parse((await run(bypassbench, ['doctor', '--backend-module', of, '--json'])).stdout);
    const found = await findings(module);
    expect(found.at(-1)).toMatchObject({ what: 'Unix sockets', works: true });
    expect(found.map(({ what }) => what)).not.toContain('DPDK');
    const failing = written('failing.js', "name: 'failing', *examine() { throw new Error('no luck'); }");
    expect((await findings(join(folder, failing))).at(-1)).toMatchObject({
      what: 'failing',
      works: false,
      found: 'its examination failed: no luck',
    });
  });

  it.each([
    [['load', '--target', '127.0.0.1:1', '--backend', 'kernel'], 'leave --backend kernel out, or the module'],
    [
      ['load', '--target', '127.0.0.1:1', '--protocol', 'datagrams'],
      '--backend: pipes has no datagrams, of which --protocol datagrams is',
    ],
    [['serve', '--frontend', 'sockets'], 'the sockets front end runs on the kernel only'],
    [['serve', '--frontend', 'libos', '-o', 'smoke=1'], "there is no option 'smoke'; there is folder"],
  ])('%s is refused', async (words, message) => {
    await expect(run(bypassbench, [...words, '--backend-module', module])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(message),
    });
  });
});

describe('a module', () => {
  it('is found by its path, in JavaScript and in TypeScript, and by the name of its package', async () => {
    cpSync(join(folder, 'package'), join(folder, 'node_modules', 'pipes-backend'), { recursive: true });
    const typed = "import type { BackendDescriptor } from 'bypassbench/backend-api';";
    written('typed.ts', "name: 'typed'", `${typed}\nconst one: BackendDescriptor['name'] = 'x';\nvoid one;`);
    const [byPackage, byPath] = await outcomesOf('pipes-backend', './typed.ts');
    expect(byPackage).toMatchObject({ name: 'pipes', backend: 'pipes' });
    expect(byPath).toMatchObject({ name: 'typed', backend: 'pipes' });
  });

  it('is known by its package, its version, and a hash of all its files, wherever they lie', async () => {
    const [first] = await outcomesOf('./package/index.js');
    expect(first.files).toMatchObject({ package: 'pipes-backend', version: '1.2.0', count: 2 });
    const elsewhere = writeOutsideBackend(join(folder, 'elsewhere', 'package'));
    const [same] = await outcomesOf(elsewhere);
    expect(same.files).toEqual(first.files);
    const transport = join(folder, 'elsewhere', 'package', 'transport.js');
    writeFileSync(transport, `${readFileSync(transport, 'utf8')}\n`);
    const [other] = await outcomesOf(elsewhere);
    expect(other.files?.sha256).not.toBe(first.files?.sha256);
    const listed = written(
      'listed.js',
      "name: 'listed', files: [new URL('./package/package.json', import.meta.url)]",
    );
    expect((await outcomesOf(listed))[0].files?.count).toBe(4);
  });

  it('that is none, or whose name is taken, is refused with the remedy', async () => {
    const refused: [reference: string, message: string][] = [
      ['./nothing.js', `there is no such file: a path counts from ${folder}`],
      ['./package', 'it is a folder: name the module in it, such as index.js'],
      ['no-such-package', 'npm install it there, or give a path, which begins with ./ or /'],
      [written('text.js', '', 'throw new Error("no luck");'), 'it fails as it is loaded: no luck (file:'],
      [
        written('later.js', 'apiVersion: 2'),
        'is of version 2 of bypassbench/backend-api, and this bypassbench has version 1',
      ],
      [written('bad-name.js', "name: 'Pipes!'"), 'name must be small letters'],
      [
        written(
          'bad-fields.js',
          "create: null, capabilities: { datagrams: true }, options: { x: 1 }, defaultBind: 'lo'",
        ),
        'create must be a function',
      ],
      [
        written('no-transport.js', "name: 'idle', create: () => ({ poll() {} })"),
        'is no Transport of bypassbench/backend-api: it lacks open, bind',
      ],
      [written('taken.js', "name: 'kernel'"), "its backend is called 'kernel', as one of this project is"],
    ];
    writeFileSync(join(folder, 'none.js'), 'export const backend = {};\n');
    refused.push(['./none.js', 'its default export is no descriptor: export default { name, apiVersion']);
    writeFileSync(join(folder, 'enum.ts'), 'enum Kind { A }\nexport default { kind: Kind.A };\n');
    refused.push(['./enum.ts', 'Node strips types and does no more']);
    const installed = join(folder, 'node_modules', 'typed-backend');
    mkdirSync(installed, { recursive: true });
    writeFileSync(
      join(installed, 'package.json'),
      '{ "name": "typed-backend", "exports": "./index.ts", "type": "module" }',
    );
    writeFileSync(join(installed, 'index.ts'), 'export default {};\n');
    refused.push([
      'typed-backend',
      'Node runs TypeScript by itself outside of node_modules only: build the package',
    ]);
    const outcomes = await outcomesOf(...refused.map(([reference]) => reference));
    for (const [index, [reference, message]] of refused.entries()) {
      expect(outcomes[index]).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message),
      });
      if (reference !== './no-transport.js') {
        expect(outcomes[index].message).toMatch(/^--backend-module: /);
        expect(outcomes[index].message).toContain(reference);
      }
    }
    for (const field of ['capabilities', 'options', 'defaultBind']) {
      expect(outcomes[6].message).toContain(`${field} must be`);
    }
    const twins = await outcomesOf(
      './package/index.js',
      written('twin.js', "title: 'Twin'"),
      './package/index.js',
    );
    expect(twins.map(({ name }) => name)).toEqual(['pipes', undefined, 'pipes']);
    expect(twins[1].message).toContain(`is called 'pipes', as that of ${module} is: give it another name`);
  });
});

describe('an experiment over a backend from outside', () => {
  const create = testRuns();
  const cores = availableCores();
  const kvOverPipes = {
    use: 'kvserver-module',
    name: 'kv-pipes',
    label: 'kvserver, libOS over pipes',
    backend: 'pipes',
    backend_module: module,
    device: 'Unix sockets',
    provenance: 'software_device',
    options: { folder: '{dir}' },
    server_cores: [cores[0]],
    client: { core: cores.at(-1) },
    share_cores: true,
  };

  it('names it in its manifest and under its figure, and has its stages', { timeout: 120_000 }, async () => {
    const workload = {
      operations: ['get'],
      keys: 50,
      value_bytes: 64,
      warmup_s: 0.02,
      duration_s: 0.1,
      margin_s: 100,
    };
    const stages = { every: 1, duration_s: 0.3 };
    const one = create({ systems: [kvOverPipes], workload, stages, calibration: { duration_s: 0.1 } });
    const { exitCode, stderr } = await one.start();
    expect([exitCode, stderr]).toEqual([one.exitCodeOfPoints(), expect.stringContaining('kv-pipes')]);
    expect(one.trials()).toMatchObject([{ status: 'ok' }]);
    expect(one.manifest().backends).toEqual([
      {
        name: 'pipes',
        title: 'Pipes',
        api_version: 1,
        moments: true,
        module: {
          package: 'pipes-backend',
          version: '1.2.0',
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          files: 2,
        },
        versions: { pipes: '7' },
      },
    ]);
    const text = readFileSync(join(one.out, 'figure.txt'), 'utf8');
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(
      /through the Pipes \(pipes-backend 1\.2\.0, [0-9a-f]{12}\) backend/,
    );
    // Against a server in another process, which has the module as well. Of one core there is none.
    if (cores.length > 1) {
      const calibrated = join(one.out, 'calibration', 'pipes', 'calibration.json');
      const { backend, delays } = calibrationFormat.read(readFileSync(calibrated, 'utf8'));
      expect(backend).toBe('pipes');
      for (const { injected_us, p50_us } of delays) expect(p50_us).toBeGreaterThan(injected_us);
    }
    const [trial] = one.trialFolders();
    const packed = readFileSync(join(trial, 'get-c1', 'stamped', 'stages.json.gz'));
    expect(stagesFormat.read(gunzipSync(packed).toString('utf8')).joined).toBeGreaterThan(0);
  });

  it.each([
    [
      { backend_module: './nowhere.js' },
      /systems\[0\]\.backend_module: .*nowhere\.js: there is no such file/,
    ],
    [
      { backend: 'tubes', client: { backend: 'pipes' } },
      /\.backend: is 'tubes', and the backend of its module is 'pipes': say that/,
    ],
    [{ client: { backend: 'dpkd' } }, /client\.backend: 'dpkd' is not allowed: did you mean 'dpdk'\?/],
    [
      { start: 'bypassbench serve --frontend libos --port 0', options: {} },
      /backend_module: the server cannot get it: no word of/,
    ],
  ])('is refused before anything starts: %j', async (changes, message) => {
    const one = create({ systems: [{ ...kvOverPipes, ...changes }] });
    const { exitCode, stderr } = await one.start();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });
});
