// Encrypts each value of a session separately, so that Redis can still merge them by key.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { DecryptionError } from './errors.js'

/** No JSON begins so. */
const SEALED = '~'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM. A value is bound to its session and its key: moved to another, it is refused. An old value that somebody with access
 * to Redis puts back in its place is not recognized.
 */
export class Encryption {
  readonly #keys = new Map<string, Buffer>()
  readonly #newest: string

  /** @param keys the newest first. @throws TypeError for keys of another length; it shows no part of them. */
  constructor(keys: readonly (string | Uint8Array)[]) {
    const all = keys.map(bytesOf)
    const [newest] = all
    if (!newest) throw new TypeError('encryptionKeys: expected at least one key')
    for (const key of all) this.#keys.set(idOf(key), key)
    this.#newest = idOf(newest)
  }

  /** @returns the text of a session's key, encrypted. */
  seal(sid: string, name: string, text: string): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#keys.get(this.#newest) as Buffer, iv)
    cipher.setAAD(placeOf(sid, name))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `${SEALED}${this.#newest}${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`
  }

  /** @returns the text; as it is if it was never encrypted. @throws DecryptionError */
  open(sid: string, name: string, text: string): string {
    if (!isSealed(text)) return text
    const key = this.#keys.get(text.slice(1, 1 + ID_LENGTH))
    if (!key) throw new DecryptionError('it was encrypted with a key that is not in encryptionKeys')
    const bytes = Buffer.from(text.slice(1 + ID_LENGTH), 'base64url')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(placeOf(sid, name))
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString()
    } catch (cause) {
      throw new DecryptionError('it was changed, or belongs to another session or key', cause)
    }
  }
}

export function isSealed(text: string): boolean {
  return text.startsWith(SEALED)
}

const ID_LENGTH = 8

function idOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, ID_LENGTH)
}

function placeOf(sid: string, name: string): Buffer {
  return Buffer.from(JSON.stringify([sid, name]))
}

function bytesOf(key: string | Uint8Array): Buffer {
  const bytes =
    typeof key === 'string'
      ? Buffer.from(key, /^[0-9a-f]{64}$/i.test(key) ? 'hex' : 'base64')
      : key instanceof Uint8Array && Buffer.from(key)
  if (!bytes || bytes.length !== KEY_BYTES)
    throw new TypeError(
      'encryptionKeys: expected keys of 32 bytes each: a Uint8Array, or its hex or base64 text',
    )
  return bytes
}
