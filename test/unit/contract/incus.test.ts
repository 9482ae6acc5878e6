import { execContract } from "../../contract/exec.ts"
import { instancesContract } from "../../contract/instances.ts"
import { networksContract } from "../../contract/networks.ts"
import { operationsContract } from "../../contract/operations.ts"
import { ground } from "../../contract/support/memory.ts"

instancesContract("instances of the twin in memory", ground)
operationsContract("operations of the twin in memory", ground)
execContract("commands of the twin in memory", ground)
networksContract("networks of the twin in memory", ground)
