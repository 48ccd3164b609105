// Which keys of a session can be what, by the types of its values.

/**
 * The keys of `Data` whose value is a `Value`. Any text if nothing is known of its keys: it declares none besides the cookie.
 */
type KeysOf<Data, Value> = [Exclude<keyof Data, 'cookie'>] extends [never]
  ? string
  : {
      [Key in keyof Data & string]-?: Key extends 'cookie'
        ? never
        : unknown extends Data[Key]
          ? Key
          : NonNullable<Data[Key]> extends Value
            ? Key
            : never
    }[keyof Data & string]

/**
 * The keys of a session that can be counters: they hold a number.
 * @example
 * type Key = CounterKey<{ visits: number; user: string }>   // 'visits'
 */
export type CounterKey<Data> = KeysOf<Data, number>

/**
 * The keys of a session that can be capped lists: they hold an array.
 * @example
 * type Key = ListKey<{ visits: number; trail: string[] }>   // 'trail'
 */
export type ListKey<Data> = KeysOf<Data, readonly unknown[]>

/**
 * What can be appended to a list of a session.
 * @example
 * type Entries = EntriesOf<{ trail: string[] }, 'trail'>   // readonly string[]
 */
export type EntriesOf<Data, Key> = Key extends keyof Data
  ? unknown extends Data[Key]
    ? readonly unknown[]
    : Readonly<Extract<NonNullable<Data[Key]>, readonly unknown[]>>
  : readonly unknown[]

/** A type that an argument doesn't tell: it is given, or its default. (NoInfer, which TypeScript has since 5.4.) */
export type NotInferred<Type> = [Type][Type extends unknown ? 0 : never]
