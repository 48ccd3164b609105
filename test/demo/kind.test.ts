import { expect, test } from 'vitest'
import { readKindOptions } from '../../src/demo/kind/options.js'

test('without an option all is installed, behind a NodePort', () => {
  expect(readKindOptions([])).toEqual({ ingress: false, store: undefined })
  expect(readKindOptions(['--ingress'])).toEqual({ ingress: true, store: undefined })
  expect(readKindOptions(['--store', 'memory'])).toEqual({ ingress: false, store: 'memory' })
  expect(readKindOptions(['--help'])).toBeUndefined()
})

test.each([
  [['--store', 'mongodb'], '--store takes exact, connect-redis, memory; found mongodb'],
  [['--store'], '--store'],
  [['--replicas', '8'], '--replicas'],
  [['memory'], 'memory'],
  [['--ingress', '--store', 'exact'], 'one after the other'],
])('%j is refused in one line that names it', (args, named) => {
  const refused = () => readKindOptions(args)
  expect(refused).toThrow(named)
  expect(refused).toThrow(/^.+$/)
})
