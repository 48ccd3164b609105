// What each store does, in a sentence.
import type { StoreName } from '../../config/store-names.js'
import { type Html, html } from './html.js'

const STORES: readonly { name: StoreName; says: string; link: string; more: string }[] = [
  {
    name: 'memory',
    says: 'Each instance keeps sessions in its own memory. The next instance doesn’t know you, and a restart forgets everyone.',
    link: 'https://expressjs.com/en/resources/middleware/session.html',
    more: 'express-session and its MemoryStore',
  },
  {
    name: 'connect-redis',
    says: 'All instances share sessions in Redis, read whole and written back whole. Visits that overlap overwrite each other, and one that ends late can bring an ended session back.',
    link: 'https://github.com/tj/connect-redis#readme',
    more: 'connect-redis',
  },
  {
    name: 'exact',
    says: 'Redis applies only what each request changed, once, and only to a session that exists. Nothing is lost, counted twice, or brought back.',
    link: 'https://expressjs.com/en/resources/middleware/session.html#session-store-implementation',
    more: 'what express-session asks of a store',
  },
]

/** The stores, with the one in use marked. */
export function storeList(current: StoreName): Html {
  return html`${STORES.map(
    ({ name, says, link, more }) =>
      html`<div${name === current && html` class="current"`}><dt>${name}${name === current && html` <em>in use</em>`}</dt><dd>${says} <a href="${link}">More: ${more}</a></dd></div>`,
  )}`
}
