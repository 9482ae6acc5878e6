import { it, makeMethods } from "@effect/vitest"

// `layer` of @effect/vitest puts methods with the layer's services on the one `it` that all files of a process share: the next
// file's `it.effect` would run with them, and without a test's clock. So each file begins with the methods as they were.
makeMethods(it)
