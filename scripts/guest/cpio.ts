/**
 * Writes a cpio archive in the format that Linux unpacks as its initial file system ("newc", see
 * initramfs-buffer-format in the kernel's documentation), so that no cpio program is needed.
 */

export interface CpioEntry {
  /** Without a leading slash; the folders above it must come before it. */
  path: string;
  /** Type and permissions, as in stat(2): one of the functions below sets it. */
  mode: number;
  /** A file's bytes, or where a symbolic link leads. */
  content: Uint8Array;
}

const none = new Uint8Array();

export const folder = (path: string): CpioEntry => ({ path, mode: 0o040755, content: none });
export const file = (path: string, content: Uint8Array | string): CpioEntry => ({
  path,
  mode: 0o100755,
  content: typeof content === 'string' ? Buffer.from(content) : content,
});
export const link = (path: string, target: string): CpioEntry => ({
  path,
  mode: 0o120777,
  content: Buffer.from(target),
});

const TRAILER = 'TRAILER!!!';

/** The archive's bytes, uncompressed. */
export function writeCpio(entries: CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => encode(entry, index + 1));
  return Buffer.concat([...parts, ...encode({ path: TRAILER, mode: 0, content: none }, 0)]);
}

/** Header and name, and then the content, each padded to a multiple of four bytes. */
function encode({ path, mode, content }: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const [user, group, time, device, ownDevice, checksum] = [0, 0, 0, [0, 0], [0, 0], 0];
  const fields = [
    inode,
    mode,
    user,
    group,
    links,
    time,
    content.length,
    ...device,
    ...ownDevice,
    name.length,
    checksum,
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header, 'latin1'), name])), padded(content)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const short = -bytes.length & 3;
  return short === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(short)]);
}
