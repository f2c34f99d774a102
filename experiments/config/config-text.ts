/** A resolved config as YAML, which is a config again. */
import { Document, isCollection, isMap, isScalar, isSeq, visit } from 'yaml';
import type { ResolvedConfig } from './config.ts';
import { joinWords } from './words.ts';

const LINE_WIDTH = 110;

/** Command lines, which are shorter as one string. */
const wordKeys = ['start', 'version', 'command'];

/** With a comment at each system and floor that says what it is made of. */
export function configText({ config, sources }: ResolvedConfig): string {
  const document = new Document(config);
  visit(document, {
    Pair(_, { key, value }) {
      if (!isSeq(value)) return;
      if (isScalar(key) && wordKeys.includes(String(key.value))) {
        return document.createPair(key.value, joinWords(value.toJSON().map(String)));
      }
      if (!value.items.some(isCollection)) value.flow = true;
    },
  });
  for (const list of ['systems', 'floors']) {
    const entries = document.get(list);
    if (!isSeq(entries)) continue;
    for (const entry of entries.items) {
      const name = isMap(entry) && entry.get('name', true);
      if (isMap(entry) && isScalar(name))
        entry.commentBefore = ` ${origin(sources.get(String(name.value)) ?? [])}`;
    }
  }
  return document.toString({ lineWidth: LINE_WIDTH });
}

/** `made of kv-dpdk and kvserver, of experiments/systems/kvserver.yaml` */
function origin(entries: readonly { name: string; file: string }[]): string {
  if (entries.length === 0) return 'written out in the experiment';
  const files = [...new Set(entries.map(({ file }) => file))];
  const parts = files.map((file) => {
    const names = entries.filter((entry) => entry.file === file).map(({ name }) => name);
    return `${names.join(' and ')}, of ${file}`;
  });
  return `made of ${parts.join('; ')}`;
}
