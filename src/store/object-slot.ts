// Remembers something of an object in the object itself.

/**
 * What is remembered of an object, in the object itself, where neither JSON nor a copy finds it. (The entries of a WeakMap, made
 * and dropped for each request, cost a visit 5% of its time: the garbage collector looks at each.)
 */
export class ObjectSlot<T> {
  readonly #key = Symbol('slot')
  /** Of objects that take no property: frozen, sealed. */
  #others: WeakMap<object, T | undefined> | undefined

  get(object: object | null | undefined): T | undefined {
    if (!object) return undefined
    if (this.#others?.has(object)) return this.#others.get(object)
    return (object as { readonly [key: symbol]: T | undefined })[this.#key]
  }

  set(object: object, value: T | undefined): void {
    if (Reflect.defineProperty(object, this.#key, { value, writable: true, configurable: true })) return
    this.#others ??= new WeakMap()
    this.#others.set(object, value)
  }
}
