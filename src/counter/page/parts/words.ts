// Names, colours and numbers as the page writes them.
import type { Instance } from '../../instances/instance.js'

/** @returns the short name of an instance: its index, else the last part of its id, as kubectl shows pods of one Deployment. */
export function label({ id, index }: Instance): string {
  return index === null ? (id.split('-').at(-1) ?? id).slice(-8) : `${index}`
}

const COLOURS = 16

/** @returns the class of an instance's colour: the same one for the same index, or id, on each page. */
export function colour({ id, index }: Instance): string {
  if (index !== null) return `c${index % COLOURS}`
  let hash = 0
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) % 65_521
  return `c${hash % COLOURS}`
}

/** @returns a whole number as people read it. */
export function grouped(number: number): string {
  return number.toLocaleString('en')
}

/** @returns the number with the word that it takes. */
export function many(number: number, word: string): string {
  return `${grouped(number)} ${word}${number === 1 ? '' : 's'}`
}

/** What is said to a browser that comes without the cookie it was given. */
export const NO_COOKIE =
  'Your browser did not send its cookie back, so each visit looks like the first. Allow cookies for this site to be counted.'
