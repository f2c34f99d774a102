import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { quote, stepScript } from './initramfs.ts';

describe('quote', () => {
  it('is read back by the shell as it was', async () => {
    const awkward = `it's "$HOME" \`x\` \\ * ; & \t|`;
    const { stdout } = await execa('sh', ['-c', `printf %s ${quote(awkward)}`], { stripFinalNewline: false });
    expect(stdout).toBe(awkward);
  });
});

describe('stepScript', () => {
  const run = (command: string[], timeoutS = 10) => {
    const script = stepScript({ title: '', command, timeoutS, env: { GREETING: "it's me" } }, '/usr');
    return execa('sh', ['-c', script], { reject: false });
  };

  it('runs the command in the folder, with its environment, and passes its exit code on', async () => {
    const { stdout, exitCode } = await run(['sh', '-c', 'echo "$PWD, $GREETING, $1"; exit 3', '-', 'a b']);
    expect(stdout).toBe("/usr, it's me, a b");
    expect(exitCode).toBe(3);
  });

  it('ends a command at its time limit', async () => {
    expect(await run(['sleep', '60'], 0.2)).toMatchObject({ exitCode: 124 });
  });
});
