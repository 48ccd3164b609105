// The command line of `npm run kind`.
import { parseArgs } from 'node:util'

export const HELP = `npm run kind [-- OPTION]

From nothing to the page, on a Kubernetes cluster of containers (kind). Running it again brings it up to date.

  --ingress      the page through an Ingress, by Traefik; without it through a NodePort
  --store NAME   gives what runs another store, and changes nothing else: exact, connect-redis or memory
`

/** The stores, and what a browser shows of each. */
export const STORES = new Map([
  ['exact', 'Nothing is lost: reloads add up, and so do 50 visits at once.'],
  ['connect-redis', 'Reloads add up. Press “Send 50 visits”: most of the visits made at once are lost.'],
  ['memory', 'Reload: the count falls back whenever another instance answers, for each counts for itself.'],
])

export interface KindOptions {
  readonly ingress: boolean
  readonly store: string | undefined
}

export class OptionError extends Error {}

/**
 * @returns undefined when help was asked for.
 * @throws OptionError that names the option and what it takes.
 */
export function readKindOptions(args: string[]): KindOptions | undefined {
  const { help, ingress, store } = parse(args)
  if (help) return undefined
  if (store !== undefined && !STORES.has(store)) {
    throw new OptionError(`--store takes ${[...STORES.keys()].join(', ')}; found ${store}`)
  }
  if (store !== undefined && ingress) {
    throw new OptionError('--store changes what runs, and --ingress installs it: one after the other')
  }
  return { ingress, store }
}

function parse(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    ingress: { type: 'boolean', default: false },
    store: { type: 'string' },
  } as const
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split('. ')[0]}; see npm run kind -- --help`)
  }
}
