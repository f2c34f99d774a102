/**
 * A tar archive (POSIX ustar), compressed: the same bytes for the same files, whoever makes it and when. Files belong
 * to nobody in particular and carry one time.
 */
import { gzipSync } from 'node:zlib';

export interface ArchivedFile {
  /** Relative, with slashes, of at most 255 bytes. */
  path: string;
  content: Uint8Array;
  isExecutable?: boolean;
}

const BLOCK = 512;

/** `modified_s`: since the epoch, of each file. */
export function tarGz(files: ArchivedFile[], modified_s: number): Buffer {
  const parts = files.flatMap((file) => {
    const { content } = file;
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [header(file, modified_s), content, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header({ path, content, isExecutable }: ArchivedFile, modified_s: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = split(path);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0');
  block.write(name, 0);
  block.write(octal(isExecutable ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(content.length, 12), 124);
  block.write(octal(Math.floor(modified_s), 12), 136);
  // The checksum is taken with spaces in its place.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\0' + '00', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)}\0 `, 148);
  return block;
}

/** A name has 100 bytes, and what stands before it 155, without the slash between. */
function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
  }
  throw new Error(`${path} is too long for a tar archive`);
}
