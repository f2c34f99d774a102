/** What tshark makes of a recording: Wireshark's dissectors and its analysis of TCP. */
import { execFileSync } from 'node:child_process';

/** Checks are off by default, since many a capture is taken before a NIC has filled the checksums in. */
const checksums = ['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
/** Some protocol lives at any port: the bytes of a test are to be nobody's. */
const payloadIsData = ['tcp', 'udp'].flatMap((protocol) => ['-d', `${protocol}.port==1-65535,data`]);

/**
 * The fields of each frame that matches a display filter, in the frames' order; empty where a frame has no
 * such one.
 */
export function fieldsOf<Name extends string>(
  file: string,
  filter: string,
  names: readonly Name[],
): Record<Name, string>[] {
  const fields = names.flatMap((name) => ['-e', name]);
  const format = ['-T', 'fields', '-E', 'occurrence=f', ...fields];
  const args = ['-n', '-r', file, ...checksums, ...payloadIsData, '-Y', filter, ...format];
  const output = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1024 ** 3 });
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, string>;
    });
}
