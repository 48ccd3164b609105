import { describe, expect, it } from 'vitest'
import type { Commands } from '../../src/store/clients/client.js'
import { Keys } from '../../src/store/keys.js'

const plain = new Keys('sess:', 100, '')

describe('what a session leaves behind is in its slot', () => {
  it.each([
    ['without braces: by its whole key', 'sid', '', '{sess:sid}'],
    ['with the prefix that the client puts before', 'sid', 'app:', '{app:sess:sid}'],
    ['by the braces of its id', '{user}1', '', 'sess:{user}1'],
    ['by the braces of the prefix of the client', 'sid', '{app}:', 'sess:sid'],
    ['empty braces are none', '{}sid', '', '{sess:{}sid}'],
    ['nor are some that are not closed', '{sid', '', '{sess:{sid}'],
  ])('%s', (_how, sid, keyPrefix, tagged) => {
    const keys = new Keys('sess:', 100, keyPrefix)
    expect(keys.commits(keys.of(sid))).toBe(`${tagged}:commits`)
    const retired = keys.retired(sid)
    expect(retired.startsWith(`${tagged}:retired:`)).toBe(true)
    expect(retired.slice(`${tagged}:retired:`.length)).toMatch(/^[\w-]{12}$/)
    expect(keys.retired(sid)).not.toBe(retired)
  })
})

it('a session is found by its key, and nothing else under the prefix is', async () => {
  expect(plain.idOf(plain.of('sid'))).toBe('sid')
  const asked: unknown[] = []
  const server: Partial<Commands> = {
    async call(...command) {
      asked.push(command)
      const others = [plain.commits('sess:a'), plain.retired('a')].map((key) => `app:${key}`)
      return [
        '17',
        [
          'app:sess:a',
          'app:sess:b:commits',
          'app:sess:c:retired:x',
          ...others,
          'app:sess:{u}d',
          'app:sess:{u}e:commits:f',
        ],
      ]
    },
  }
  const found = await new Keys('sess:', 50, 'app:').scan(server as Commands, 'app:', '4')
  expect(found).toEqual({ next: '17', ids: ['a', 'b:commits', 'c:retired:x', '{u}d', '{u}e:commits:f'] })
  expect(asked).toEqual([['SCAN', '4', 'MATCH', 'app:sess:*', 'COUNT', 50]])
})

it('a prefix is meant as it is written', async () => {
  let match: unknown
  const server: Partial<Commands> = {
    async call(_command, _cursor, _match, pattern) {
      match = pattern
      return ['0', []]
    },
  }
  await new Keys('s*[a]?\\', 10, '').scan(server as Commands, '', '0')
  expect(match).toBe('s\\*\\[a\\]\\?\\\\*')
})
