/**
 * The flags with which the distribution builds its packages, redis-server among them, so that a build of our own is as
 * fast and as hardened. Plain JavaScript without dependencies, as all of set-up.
 */

/** These are decided here: optimisation apart, code for a library, no optimisation at link time, paths of our own. */
const DECIDED_HERE =
  /^-(O\w*|specs=.*|f(debug|file|macro)-prefix-map=.*|flto.*|f(no-)?fat-lto-objects|fPIE|pie)$/;

/**
 * From what dpkg-buildflags shows, `NAME=flags` a line, to `{ optimization, compiler, linker }`: the level, as `-O2`,
 * and lists of flags.
 */
export function packageFlags(shown) {
  const flagsOf = (name) =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1].split(/\s+/).filter(Boolean) ?? [];
  const compiler = flagsOf('CFLAGS');
  const taken = (flags) => flags.filter((flag) => !DECIDED_HERE.test(flag));
  return {
    optimization: compiler.findLast((flag) => /^-O\w*$/.test(flag)) ?? '-O2',
    compiler: taken([...flagsOf('CPPFLAGS'), ...compiler]),
    linker: taken(flagsOf('LDFLAGS')),
  };
}
