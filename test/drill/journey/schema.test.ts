import { toJsonSchema } from '@valibot/to-json-schema'
import { expect, test } from 'vitest'
import { JourneySchema } from '../../../src/drill/journey/journey.js'

test('the JSON schema for editors is that of the reader (update: vitest -u)', async () => {
  // Checks that a schema cannot express are left to the reader.
  const schema = toJsonSchema(JourneySchema, { errorMode: 'ignore' })
  const text = `${JSON.stringify({ title: 'A journey of session-drill', ...schema }, null, 2)}\n`
  await expect(text).toMatchFileSnapshot('../../../src/drill/journey/journey.schema.json')
})
