/** `bypassbench trace`: makes traces for `load --trace`, and looks them over. */
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Command } from 'commander';
import { LoadError } from '../errors.ts';
import { fileBytes, surveyTrace } from '../workload/trace/file.ts';
import { TRACE_COLUMNS, TRACE_HEAD, traceHead } from '../workload/trace/format.ts';
import { TwitterConverter } from '../workload/trace/twitter.ts';

export function command(): Command {
  const trace = new Command('trace').description(
    `Traces that 'bypassbench load --trace' replays: a text of one request a line, plain or compressed (gzip, zstd).

    ${TRACE_HEAD}
    # ${TRACE_COLUMNS}
    0 set user:17 120
    0.000213 get user:17 120
    0.75 del user:17 -

docs/load-generator.md has the format.`,
  );
  trace
    .command('twitter')
    .description(
      `Converts a file of Twitter's public cache traces (github.com/twitter/cache-trace), plain or compressed.

Its times are whole seconds: requests of one second are spread over it evenly. Operations that write become a set of that \
size, gets a get; a key that is shorter than its size says gets dots behind it; clients and TTLs are left out.`,
    )
    .argument('<file>', 'file of the trace')
    .requiredOption('--out <file>', 'where the trace is written; compressed where the name ends in .gz')
    .action(twitter);
  trace
    .command('check')
    .description('Reads a whole trace, says what is wrong in it, and else what it has.')
    .argument('<file>', 'a trace')
    .option('--json', 'as JSON', false)
    .action(check);
  trace.addHelpText(
    'after',
    `
Examples:
  bypassbench trace twitter cluster52.sort.zst --out cluster52.trace.gz
  bypassbench trace check cluster52.trace.gz
  bypassbench load --target 127.0.0.1:6379 --trace cluster52.trace.gz --trace-speed 2 --populate --connections 50`,
  );
  return trace;
}

async function check(file: string, { json }: { json: boolean }): Promise<void> {
  const survey = await surveyTrace(file);
  const { requests, spanNs, keyBytes, valueBytes, filled, operations, meanValueBytes } = survey;
  const seconds = spanNs / 1e9;
  if (json) {
    const found = { requests, span_s: seconds, operations, value_bytes: meanValueBytes };
    console.log(JSON.stringify(found));
    return;
  }
  console.log(
    `${requests.toLocaleString('en-US')} requests in ${Number(seconds.toPrecision(6))} s, ` +
      `${Math.round(requests / seconds).toLocaleString('en-US')} a second on average\n` +
      `the longest key has ${keyBytes} bytes, the longest value ${valueBytes}\n` +
      `${filled.toLocaleString('en-US')} gets with a size, whose keys --populate fills`,
  );
}

async function twitter(file: string, { out }: { out: string }): Promise<void> {
  const converter = new TwitterConverter(file);
  // A file that cannot be written is better found before the work than after it.
  const handle = await open(out, 'w').catch((error: Error) => {
    throw new LoadError(
      'INVALID_OPTION',
      `--out ${out} cannot be written (${error.message}): name another one`,
    );
  });
  await handle.close();
  const written = createWriteStream(out);
  const lines = convertedLines(file, converter);
  if (out.endsWith('.gz')) await pipeline(lines, createGzip(), written);
  else await pipeline(lines, written);
  const total = [...converter.counts.values()].reduce((sum, count) => sum + count, 0);
  const counts = [...converter.counts].map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`);
  console.log(`${total.toLocaleString('en-US')} requests: ${counts.join(', ')}`);
}

/** Rows are read as latin1: their bytes stay what they are. */
async function* convertedLines(file: string, converter: TwitterConverter): AsyncGenerator<string> {
  yield traceHead;
  let rest = '';
  for await (const bytes of fileBytes(file)) {
    const rows = (rest + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')).split(
      '\n',
    );
    rest = rows.pop() as string;
    const lines = rows.map((row) => converter.row(row)).join('');
    if (lines !== '') yield lines;
  }
  yield converter.row(rest) + converter.end();
}
