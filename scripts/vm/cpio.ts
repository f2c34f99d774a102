/** An archive as Linux unpacks its first file system from: cpio, "newc" (the kernel's initramfs buffer format). */

export interface ArchivedFile {
  /** Without a leading slash. */
  path: string;
  content: Uint8Array;
  executable?: boolean;
}

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const TRAILER = 'TRAILER!!!';

/** The files and the folders that they lie in. */
export function cpioArchive(files: readonly ArchivedFile[]): Buffer {
  const parts: Buffer[] = [];
  const folders = new Set<string>();
  let inode = 1;
  const add = (path: string, mode: number, content: Uint8Array) => {
    // inode, mode, uid, gid, links, mtime, size, device (2), device of a special file (2), length of the name, checksum
    const name = Buffer.from(`${path}\0`);
    const fields = [inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(content)));
  };
  for (const { path, content, executable = false } of files) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth++) {
      const folder = names.slice(0, depth).join('/');
      if (!folders.has(folder)) add(folder, DIRECTORY, new Uint8Array());
      folders.add(folder);
    }
    add(path, executable ? PROGRAM : FILE, content);
  }
  add(TRAILER, 0, new Uint8Array());
  return Buffer.concat(parts);
}

/** To a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
