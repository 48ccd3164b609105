import { expect, test } from 'vitest'
import { excerpt, plainText } from '../../src/drill/plain-text.js'

test('no text from outside gives orders to a terminal or breaks a line', () => {
  expect(plainText('\u001b[31mred\u001b[0m\u001b]0;title\u0007 a\r\nb\u0000\u009b2Jc\ud800')).toBe(
    'red a b c',
  )
  expect(excerpt('x'.repeat(5000))).toHaveLength(161)
  expect(excerpt(' \n')).toBe('nothing')
})
