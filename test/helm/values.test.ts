import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { CHART } from '../support/chart.js'

/** What templates hand on as it stands, or to a helper: they name no more than this of a value's path. */
const WHOLE = /\.(image|resources|labels)\..*/

const templates = readdirSync(join(CHART, 'templates'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(yaml|tpl|txt)$/.test(file))
  .map((file) => readFileSync(join(CHART, 'templates', file), 'utf8'))
  .join('\n')

function* pathsOf(values: object, above = ''): Generator<string> {
  for (const [name, value] of Object.entries(values)) {
    const path = `${above}.${name}`
    if (value && typeof value === 'object' && Object.keys(value).length > 0 && !Array.isArray(value))
      yield* pathsOf(value, path)
    else yield path
  }
}

test('each value has a template that uses it', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as object
  const unused = [...pathsOf(values)].filter((path) => {
    const names = [path, path.replace(WHOLE, '.$1')].map((name) => name.replaceAll('.', '\\.'))
    return !new RegExp(`(Values|\\$v)(${names.join('|')})\\b`).test(templates)
  })
  expect(unused).toEqual([])
})
