/**
 * Folded sections: a link into one opens it, also in browsers that do not do so by themselves, and paper has them all
 * open.
 */

/** Opens all that the element is folded in. */
function unfold(element: Element | null): void {
  for (let fold = element?.closest('details'); fold; fold = fold.parentElement?.closest('details')) {
    fold.open = true;
  }
}

function unfoldTarget(): void {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id === '' ? null : document.getElementById(id);
  if (!target) return;
  unfold(target);
  target.scrollIntoView();
}

export function offerFolds(): void {
  // A link to where one already is changes no hash, though the section may have been folded again.
  document.addEventListener('click', ({ target }) => {
    const link = (target as Element).closest<HTMLAnchorElement>('a[href^="#"]');
    if (link && link.hash === location.hash) unfoldTarget();
  });
  addEventListener('hashchange', unfoldTarget);
  unfoldTarget();
  let opened: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
    for (const fold of opened) fold.open = true;
  });
  addEventListener('afterprint', () => {
    for (const fold of opened) fold.open = false;
  });
}
