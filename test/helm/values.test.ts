import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { CHART } from '../support/chart.js'

/** Told apart by the value that they are part of, whose own name then has to be in a template. */
const COMMON =
  /\.(enabled|name|annotations|labels|create|tag|repository|digest|pullPolicy|existingSecret|existingSecretKey)$/
/** What templates hand on as it stands. */
const WHOLE = /\.(image|resources|strategy|retentionPolicy|\w+Probe|\w*[sS]ecurityContext|\w*[lL]abels)\..*/

const templates = readdirSync(join(CHART, 'templates'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(yaml|tpl|txt)$/.test(file))
  .map((file) => readFileSync(join(CHART, 'templates', file), 'utf8'))

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
  const all = templates.join('\n')
  const unused = [...pathsOf(values)].filter((path) => {
    const value = path.replace(WHOLE, '.$1')
    const [, name = ''] = /(\.\w+)$/.exec(COMMON.test(value) ? value.replace(COMMON, '') : value) ?? []
    return !new RegExp(`\\${name}\\b|"${name.slice(1)}"`).test(all)
  })
  expect(unused).toEqual([])
})

test('each template first gives null values their defaults and refuses contradictions', () => {
  for (const text of templates.filter(
    (text) => /^kind: |nindent 0 }}$/m.test(text) && !text.startsWith('{{/*'),
  ))
    expect(text.split('\n')[0]).toBe('{{- include "redissessions.values" . }}')
})

test('Artifact Hub shows the images that the chart uses', () => {
  const { annotations, appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))
  const { image, redis } = values
  const shown = (parse(annotations['artifacthub.io/images']) as { image: string }[]).map(({ image }) => image)
  expect(shown).toEqual([
    `${image.repository}:${appVersion}`,
    `${redis.image.repository}:${redis.image.tag}`,
    `${redis.exporter.image.repository}:${redis.exporter.image.tag}`,
  ])
})
