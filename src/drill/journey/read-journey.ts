// Reads a journey from a file or an object, and says what is wrong with it.
import { readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { parse as parseYaml } from 'yaml'
import { CouldNotRun } from '../could-not-run.js'
import { type Journey, JourneySchema } from './journey.js'

/**
 * Reads a journey from a YAML, JSON, JavaScript or TypeScript file. A module exports it as `journey` or by default.
 * @throws CouldNotRun that names the field and what it takes
 */
export async function readJourney(file: string): Promise<Journey> {
  return validJourney(await contentOf(file), file)
}

/** @throws CouldNotRun that names the field and what it takes */
export function validJourney(value: unknown, name = 'journey'): Journey {
  const result = v.safeParse(JourneySchema, value)
  if (result.success) return result.output
  const lines = result.issues.map((issue) => {
    const [deepest = issue] = (issue.issues ?? []).toSorted(
      (a, b) => (b.path?.length ?? 0) - (a.path?.length ?? 0),
    )
    const path = [...(issue.path ?? []), ...(deepest === issue ? [] : (deepest.path ?? []))]
    const field = path.map(({ key }) => String(key)).join('.')
    return `${field === '' ? 'it' : field}: ${wording(deepest)}`
  })
  throw new CouldNotRun(`${name}: ${lines.join('; ')}`)
}

/** Valibot's messages about types repeat the value, which may be a password. Those of the checks are ours. */
function wording({ kind, type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (kind !== 'schema') return message
  if (expected === 'never') return 'no such field'
  if (received === 'undefined') return 'is missing'
  const what = { string: 'a text (in quotes)', strict_object: 'fields', record: 'fields', array: 'a list' }[
    type
  ]
  return what === undefined ? message : `takes ${what}`
}

async function contentOf(file: string): Promise<unknown> {
  if (/\.[cm]?[jt]s$/.test(file)) {
    try {
      const module: Record<string, unknown> = await import(pathToFileURL(resolve(file)).href)
      return module.journey ?? module.default
    } catch (error) {
      const unknown = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
      const why = unknown
        ? `TypeScript needs Node 22.18 or later, this is ${process.version}`
        : error instanceof Error
          ? error.message
          : String(error)
      throw new CouldNotRun(`${file}: ${why.split('\n', 1)[0]}`)
    }
  }
  if (!['.yaml', '.yml', '.json'].includes(extname(file)))
    throw new CouldNotRun(`${file}: a journey is a .yaml, .json, .js or .ts file`)
  try {
    return parseYaml(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CouldNotRun(
      `${file}: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`,
    )
  }
}
