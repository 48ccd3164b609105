import { readFileSync } from 'node:fs'

/** @returns what the image sets in its environment, from its Dockerfile. */
export function imageEnvironment(): Record<string, string> {
  const last = readFileSync('Dockerfile', 'utf8').split('\nFROM ').at(-1) ?? ''
  const [, variables = ''] = /\nENV ((?:.*\\\n)*.*)/.exec(last) ?? []
  return Object.fromEntries(
    Array.from(variables.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g), ([, name = '', quoted, plain]) => [
      name,
      quoted ?? plain ?? '',
    ]),
  )
}
