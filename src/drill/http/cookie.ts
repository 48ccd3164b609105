/** @returns the value that these Set-Cookie headers give the cookie: '' when they delete it, undefined when they don't mention it */
export function cookieFrom(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (const header of headers) {
    const [pair = '', ...attributes] = header.split(';')
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue
    value = attributes.some(isOver) ? '' : pair.slice(equals + 1).trim()
  }
  return value
}

function isOver(attribute: string): boolean {
  const [key = '', value = ''] = attribute.split('=').map((part) => part.trim())
  if (/^max-age$/i.test(key)) return Number(value) <= 0
  return /^expires$/i.test(key) && Date.parse(value) <= Date.now()
}

/**
 * @returns whether two cookie values name different sessions. Only express-session's form `s:ID.SIGNATURE` tells:
 * other servers may change the value with each answer, and their resets show by the number alone.
 */
export function isAnotherSession(before: string, after: string): boolean {
  const [a, b] = [expressId(before), expressId(after)]
  return a !== undefined && b !== undefined && a !== b
}

function expressId(value: string): string | undefined {
  return /^s(?::|%3A)([^.]+)\./i.exec(value)?.[1]
}
