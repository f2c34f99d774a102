/** What a script's options mean: those of TCP by their names, and what the test has around the stack. */
import type { LinkOptions } from '../../sim/link.ts';
import { defaultTcpOptions, type TcpOptions } from './options.ts';
import type { ScriptOption } from './test-script.ts';
import { ScriptSyntaxError, Words } from './test-script-words.ts';

export interface World {
  tcp: Partial<TcpOptions>;
  link: LinkOptions;
  /** The stack does not know the peer's Ethernet address yet. */
  stranger: boolean;
}

/** `min-rto` for minRtoUs, `receive-window` for receiveWindowBytes. */
const nameOf = (key: string): string =>
  key.replace(/(Us|Bytes)$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const keyOf = new Map(Object.keys(defaultTcpOptions).map((key) => [nameOf(key), key as keyof TcpOptions]));

/** @throws ScriptSyntaxError */
export function worldOf(options: readonly ScriptOption[], line: number): World {
  const tcp: Record<string, unknown> = {};
  const world: World = { tcp, link: {}, stranger: false };
  for (const { name, value } of options) {
    const words = new Words(value ?? '', line);
    const key = keyOf.get(name);
    if (key !== undefined) tcp[key] = tcpValue(key, words);
    else if (name === 'mtu' || name === 'buffers') world.link[name] = words.count(`behind "${name}"`);
    else if (name === 'stranger') world.stranger = true;
    else {
      const names = [...keyOf.keys(), 'mtu', 'buffers', 'stranger'];
      throw new ScriptSyntaxError(line, `"${name}" is none of the options ${names.join(', ')}`);
    }
    words.end();
  }
  return world;
}

function tcpValue(key: keyof TcpOptions, words: Words): unknown {
  const normal = defaultTcpOptions[key];
  if (typeof normal === 'boolean') return words.isAtEnd || words.oneOf(['on', 'off'], 'it is') === 'on';
  if (words.takeIf('off')) return 0;
  if (key.endsWith('Us')) return words.timeOf(words.word('a time, such as 50ms'));
  return typeof normal === 'number' ? words.number0(`behind "${nameOf(key)}"`) : words.word('its value');
}
