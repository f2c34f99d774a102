/** What ethtool(8) prints of an interface, of any of its versions: those before 5.15 print JSON of few things only. */
import { execa } from 'execa';

/** What it printed, or why nothing: a clause. */
export type Told = { text: string } | { why: string };

/** Asks ethtool, such as `-k`, of an interface. */
export type AskEthtool = (flag: string, name: string) => Promise<Told>;

export const NO_ETHTOOL = 'ethtool is not installed there (apt-get install ethtool)';
/** Where administrators' programs are, which is not on everyone's PATH. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin';
/** A NIC's firmware may be slow to answer. */
const PATIENCE_MS = 10_000;

export const askEthtool: AskEthtool = async (flag, name) => {
  const { failed, code, stdout, stderr } = await execa('ethtool', [flag, name], {
    reject: false,
    stdin: 'ignore',
    timeout: PATIENCE_MS,
    env: { LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:${SYSTEM_FOLDERS}` },
  });
  if (code === 'ENOENT') return { why: NO_ETHTOOL };
  return failed ? { why: whyNot(`${stderr}`) } : { text: `${stdout}` };
};

/** `netlink error: Operation not supported`, `Cannot get device ring settings: Operation not supported` */
export function whyNot(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const reason = lines.at(-1)?.split(': ').at(-1)?.trim();
  return reason ? `its driver does not tell (${reason})` : 'its driver does not tell';
}

/** What is printed of a setting that a NIC has not. */
const NOT_THERE = new Set(['', 'n/a']);
/** `Adaptive RX: off  TX: off`, where all others have a line each. */
const TWO_IN_A_LINE = /^(.*) RX: *(\S+) +TX: *(\S+)$/;
const SECTION_OF_NOW = 'Current hardware settings:';

/**
 * Settings by the names by which ethtool sets them (`rx-usecs`, `adaptive-rx`), of what it prints for -k, -c, -g and
 * -l. Of rings and channels those in use; their most are left out.
 */
export function ethtoolSettings(text: string): Record<string, string> {
  const [, now] = text.split(SECTION_OF_NOW);
  const pairs = (now ?? text).split('\n').flatMap((line): [string, string][] => {
    const both = TWO_IN_A_LINE.exec(line.trim());
    if (both) {
      const [, kind = '', rx = '', tx = ''] = both;
      return [
        [`${kind} rx`, rx],
        [`${kind} tx`, tx],
      ];
    }
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
  });
  return Object.fromEntries(
    pairs
      .map(([name, value]) => [name.trim().toLowerCase().replaceAll(' ', '-'), value.trim()] as const)
      .filter(([, value]) => !NOT_THERE.has(value)),
  );
}

/** Of -i: `driver`, `version`, `firmware-version`, `bus-info`; null where it is empty. */
export function ethtoolField(text: string, name: string): string | null {
  const value = new RegExp(`^${name}: *(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return NOT_THERE.has(value.toLowerCase()) ? null : value;
}
