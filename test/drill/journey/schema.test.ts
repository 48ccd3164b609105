import { readFileSync } from 'node:fs'
import { toJsonSchema } from '@valibot/to-json-schema'
import { expect, test } from 'vitest'
import { JourneySchema } from '../../../src/drill/journey/journey.js'

test('the JSON schema for editors is that of the reader', () => {
  // Checks that a schema cannot express are left to the reader.
  const schema = toJsonSchema(JourneySchema, { errorMode: 'ignore' })
  const file = JSON.parse(readFileSync('src/drill/journey/journey.schema.json', 'utf8'))
  expect(file).toEqual(JSON.parse(JSON.stringify({ title: 'A journey of session-drill', ...schema })))
})
