// Finds the elements that the page must have.

/** @throws Error if the page has no such element. */
export function find<E extends HTMLElement>(selector: string): E {
  const element = document.querySelector<E>(selector)
  if (!element) throw new Error(`the page has no ${selector}`)
  return element
}
