// Compiling the program takes a third of the time of a short command, so what V8 made of it is kept in the user's cache
// directory. V8 compiles a function when it is first called: the cache has those of the commands that were run so far, and
// is written anew when another command runs. The build puts in PROGRAM, a function expression as text, and PROGRAM_HASH,
// the name of exactly this text.
const { closeSync, constants, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, unlinkSync, writeSync } = require("node:fs")
const { dirname } = require("node:path")
const { Script } = require("node:vm")

const { env, pid, version, arch } = process
const uid = process.getuid()
const directory = env.XDG_CACHE_HOME?.startsWith("/")
  ? `${env.XDG_CACHE_HOME}/clincus`
  : env.HOME?.startsWith("/")
  ? `${env.HOME}/.cache/clincus`
  : undefined
const file = `${directory}/${PROGRAM_HASH}-${version}-${arch}`

/** How long a command may run before what it has called until then is kept (ms): V8 forgets what is not called for long. */
const settled = 5000

// What is read here is executed: it must be this user's own file, which nobody else can write. It begins with its length,
// so that half a file counts as none, and with the names of the commands whose functions it has.
const read = () => {
  let descriptor
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.uid !== uid || (stat.mode & 0o022) !== 0) return undefined
    const content = readFileSync(descriptor)
    if (content.length <= 10 || content.readDoubleLE(0) !== content.length) return undefined
    const end = 10 + content.readUInt16LE(8)
    return { commands: content.toString("latin1", 10, end).split(" "), data: content.subarray(end) }
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const write = (commands, data) => {
  try {
    // One by one: Node's `recursive` never ends if a parent cannot be made, in /proc for instance.
    for (const path of [dirname(directory), directory]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
    const temporary = `${file}.${pid}`
    const descriptor = openSync(temporary, "wx", 0o600)
    const names = Buffer.from(commands.join(" "), "latin1")
    const header = Buffer.alloc(10)
    header.writeDoubleLE(header.length + names.length + data.length)
    header.writeUInt16LE(names.length, 8)
    for (const part of [header, names, data]) writeSync(descriptor, part)
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(temporary, file)
    // What another version of the program left is of no use any more.
    const mine = `${PROGRAM_HASH}-${version}-${arch}`
    for (const name of readdirSync(directory)) {
      if (name !== mine && name.endsWith(`-${version}-${arch}`)) unlinkSync(`${directory}/${name}`)
    }
  } catch {
    // A cache that cannot be written is no cache.
  }
}

const cached = directory === undefined ? undefined : read()
const script = new Script(PROGRAM, { filename: __filename, cachedData: cached?.data })
const known = cached === undefined || script.cachedDataRejected ? [] : cached.commands
// A word that is no command is one of a mistake, or of a value: these are few, and the list has an end.
const command = /^[a-z]{1,16}$/.test(process.argv[2]) ? process.argv[2] : "none"
if (directory !== undefined && known.length < 64 && !known.includes(command)) {
  let kept = false
  const keep = () => {
    if (kept) return
    kept = true
    write([...known, command], script.createCachedData())
  }
  process.once("exit", keep)
  setTimeout(keep, settled).unref()
}
script.runInThisContext()(require, process)
